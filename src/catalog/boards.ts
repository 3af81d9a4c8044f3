// The boards that are registered: read from the shipped and the admin's device-type files.
import type { ErrorCode } from '../core/error-codes.ts';
import { ConfigError, RequestError, type Problem } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { overlayFiles, type OverlayDirs } from '../core/overlay.ts';
import { yamlFiles, type Located } from '../core/yaml-file.ts';
import { DeviceType } from './board-schema.ts';

/** One board type as a lab has it. */
export interface Board extends Omit<DeviceType, 'labs' | 'lava_device_type'> {
  lava_device_type: string;
  /** The file that it comes from. */
  file: string;
  /** Whether that is the admin's own. */
  own: boolean;
}

/** The boards that are registered here: the shipped ones and the admin's. */
export interface Boards {
  /** The names of all boards, sorted. */
  names(): string[];
  /** The board as this lab has it (without a lab: as its file has it); undefined if it is not there. */
  find(name: string, lab?: string): Board | undefined;
  /** As find. Throws RequestError `unknown_board`, naming `field`. */
  get(name: string, lab: string | undefined, field?: string): Board;
  /** The places of a board's parameters in its file, those of its labs too. */
  paramsOf(name: string): string[][];
  /** The problem at the place of `path` in the board's file. */
  problem(name: string, path: readonly PropertyKey[], code: ErrorCode, message: string): Problem;
}

const readDeviceType = yamlFiles(DeviceType);

/**
 * Reads all device types; the admin's own file stands in place of the shipped one of the same name, and the admin's board in
 * place of a shipped one of the same `name`. Throws ConfigError with the problems of all files.
 */
export async function loadBoards(dirs: OverlayDirs): Promise<Boards> {
  const problems: Problem[] = [];
  const types = new Map<string, Entry>();
  for (const { path, own } of await overlayFiles(dirs, '.yaml')) {
    try {
      const { value: type, at } = await readDeviceType(path);
      const other = types.get(type.name);
      if (other?.own === own) {
        problems.push(at(['name'], 'duplicate', `name: ${type.name} is also defined in ${other.file}`));
      } else if (other === undefined || own) {
        types.set(type.name, { type, file: path, own, at });
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return registry(types);
}

interface Entry {
  own: boolean;
  type: DeviceType;
  file: string;
  at: Located<DeviceType>['at'];
}

function registry(types: ReadonlyMap<string, Entry>): Boards {
  const cache = new Map<string, Board | undefined>();
  const find = (name: string, lab?: string): Board | undefined => {
    const key = `${name}\n${lab ?? ''}`;
    if (cache.has(key)) return cache.get(key);
    const entry = types.get(name);
    const board = entry && inLab({ ...entry.type, file: entry.file, own: entry.own }, lab);
    if (entry !== undefined) cache.set(key, board);
    return board;
  };
  return {
    names: () => [...types.keys()].toSorted(),
    find,
    get: (name, lab, field = 'node.data.platform') => {
      const board = find(name, lab);
      if (board !== undefined) return board;
      const why = types.has(name)
        ? `lab ${lab ?? ''} does not have it (labs in its file)`
        : `no device type has that name${didYouMean(name, types.keys())}`;
      throw new RequestError('unknown_board', `board ${shown(name)} is not registered: ${why}`, { field });
    },
    paramsOf: (name) => {
      const type = types.get(name)?.type;
      if (type === undefined) return [];
      const labs = Array.isArray(type.labs) ? [] : Object.entries(type.labs ?? {});
      return [
        ...Object.keys(type.params).map((key) => ['params', key]),
        ...labs.flatMap(([lab, { params }]) =>
          Object.keys(params ?? {}).map((key) => ['labs', lab, 'params', key]),
        ),
      ];
    },
    problem: (name, path, code, message) =>
      types.get(name)?.at(path, code, message) ?? { code, file: name, message },
  };
}

function inLab(
  { labs, ...type }: DeviceType & { file: string; own: boolean },
  lab: string | undefined,
): Board | undefined {
  const board: Board = { ...type, lava_device_type: type.lava_device_type ?? type.name };
  if (labs === undefined || lab === undefined) return board;
  if (Array.isArray(labs)) return labs.includes(lab) ? board : undefined;
  const own = Object.hasOwn(labs, lab) ? labs[lab] : undefined;
  if (own === undefined) return undefined;
  return {
    ...board,
    lava_device_type: own.lava_device_type ?? board.lava_device_type,
    context: { ...board.context, ...own.context },
    params: { ...board.params, ...own.params },
    tags: own.tags ?? board.tags,
  };
}

function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
