// Imports a lab's device types: each becomes a device-type file; of those that a known board fits nothing is missing,
// the others say what to fill in.
import { readFile } from 'node:fs/promises';
import type { Board, Boards } from '../catalog/boards.ts';
import { DeviceType } from '../catalog/board-schema.ts';
import { ConfigError } from '../core/errors.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { readYaml } from '../core/parse/yaml.ts';
import type { LavaClient } from '../lava/client.ts';
import { takeInventory } from '../lava/inventory.ts';
import { commentLine } from './files.ts';
import { readSettings, type BoardFacts } from './device-settings.ts';

export interface ImportLavaOptions {
  client: Pick<LavaClient, 'deviceTypes' | 'facts' | 'deviceSettings'>;
  /** The lab's name in the configuration. */
  lab: string;
  /** All labs of the configuration. */
  labs: readonly string[];
  /** The boards that are registered: the shipped ones and the admin's own. */
  boards: Boards;
}

/** What is known of one of the lab's device types. */
export interface LavaType {
  type: string;
  devices: number;
  online: number;
  /** The boards that it is, if any is known. */
  known: string[];
  boot_methods: string[];
  /** Device-type files, by name. */
  files: { name: string; text: string; to_fill_in: string[] }[];
  /** Why there is no file. */
  reason?: string;
}

/** In the first line of every file that this import writes. */
export const LAVA_MARK = 'lava-bridge import lava';

/** Asks the lab, in a few requests. Throws what the client throws. */
export async function importLava({ client, lab, labs, boards }: ImportLavaOptions): Promise<LavaType[]> {
  const [types, facts] = [await client.deviceTypes(), await client.facts()];
  const inventory = takeInventory(facts).boards;
  const samples = new Map(inventory.toSorted(onlineLast).map(({ type, name }) => [type, name]));
  const settings = await client.deviceSettings([...samples.values()]);
  const matches = matchBoards(
    types.map(({ name }) => name),
    boards,
  );
  const found: LavaType[] = [];
  for (const { name } of types.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const mine = inventory.filter((board) => board.type === name);
    const known = matches.get(name) ?? [];
    const seen = readSettings(settings.get(samples.get(name) ?? '') ?? '');
    const about = `Device type ${name} of ${lab}`;
    found.push({
      type: name,
      devices: mine.length,
      online: mine.filter(({ online }) => online).length,
      known: known.map((board) => board.name),
      boot_methods: seen.bootMethods,
      ...(mine.length === 0
        ? { files: [], reason: 'the lab has no device of it' }
        : known.length > 0
          ? { files: await Promise.all(known.map((board) => knownFile(board, name, lab, labs, about))) }
          : newFile(name, seen, about)),
    });
  }
  return found;
}

/** So that the last one of a type, which a Map keeps, is online if any is. */
function onlineLast(a: { online: boolean }, b: { online: boolean }): number {
  return Number(a.online) - Number(b.online);
}

/** A board called as the type is that one; the others are those whose file names the type. */
function matchBoards(types: readonly string[], boards: Boards): Map<string, Board[]> {
  const all = boards.names().flatMap((name) => boards.find(name) ?? []);
  const byName = new Set(types.filter((type) => all.some(({ name }) => name === type)));
  return new Map(
    types.map((type) => [
      type,
      all.filter(({ name, lava_device_type }) =>
        byName.has(name) ? name === type : lava_device_type === type,
      ),
    ]),
  );
}

/** The file of a known board, as it is; where this lab calls the type otherwise, with that. */
async function knownFile(
  board: Board,
  type: string,
  lab: string,
  labs: readonly string[],
  about: string,
): Promise<LavaType['files'][number]> {
  const name = `${board.name}.yaml`;
  // Neither the editors' line, whose schema is not there, nor that of an earlier import.
  const text = (await readFile(board.file, 'utf8')).replace(
    new RegExp(`^# (yaml-language-server:|.*${LAVA_MARK}).*\n`, 'gm'),
    '',
  );
  if (board.lava_device_type === type) {
    const head = commentLine(
      `${about}: the known board ${board.name}, by ${LAVA_MARK}. Without this file ${board.name} is the same.`,
    );
    return { name, text: `${head}${text}`, to_fill_in: [] };
  }
  const { document: doc } = readYaml(text, PARSE_LIMITS.yamlFile);
  if (doc === undefined) {
    const message = 'cannot be read as YAML';
    throw new ConfigError([{ code: 'malformed', file: board.file, message }]);
  }
  if (labs.length === 1) doc.set('lava_device_type', type);
  else {
    const others = labs.filter((other) => other !== lab).map((other) => [other, {}]);
    doc.set('labs', doc.createNode(Object.fromEntries([[lab, { lava_device_type: type }], ...others])));
  }
  const head = commentLine(
    `${about}: the known board ${board.name} under the lab's own name of it, by ${LAVA_MARK}.`,
  );
  return { name, text: `${head}${doc.toString({ lineWidth: 0 })}`, to_fill_in: [] };
}

/** A file with what LAVA says, and a line for each thing that it does not say. */
function newFile(
  type: string,
  { bootMethods, arch }: BoardFacts,
  about: string,
): Pick<LavaType, 'files'> | { files: []; reason: string } {
  const [method, ...others] = bootMethods;
  const name = type.replace(/[^A-Za-z0-9._+-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  if (name === '') return { files: [], reason: 'its name is none that a board can have' };
  const todo = [
    ...(arch === undefined ? ['arch'] : []),
    ...(method === undefined ? ['boot_method'] : []),
    'mach',
    ...(arch === 'x86_64' || arch === 'i386' ? [] : ['dtb', 'compatible']),
  ];
  const lines = [
    `${about}, by ${LAVA_MARK}. To fill in: ${todo.join(', ')}. See docs/boards.md.`,
    `name: ${name} # the platform's name in Maestro, if it is another`,
    ...(name === type ? [] : [`lava_device_type: ${JSON.stringify(type)}`]),
    arch === undefined
      ? '# arch: arm, arm64, i386, riscv or x86_64'
      : `arch: ${arch} # by the device's settings in LAVA`,
    method === undefined
      ? '# boot_method: LAVA does not let us see the settings, or has no boot method that there is a template for'
      : `boot_method: ${method}${others.length > 0 ? ` # LAVA knows ${others.join(', ')} as well` : ''}`,
    '# mach: the family of the SoC, e.g. rockchip',
    ...(todo.includes('dtb')
      ? [
          '# dtb: dtbs/vendor/board.dtb # its path in the build; several, if kernels differ: the first that is there is taken',
          '# compatible: the list of that name in the device tree, for reports',
        ]
      : []),
  ];
  const [head = '', ...rest] = lines;
  const text = `${commentLine(head)}${rest.join('\n')}\n`;
  const isComplete = arch !== undefined && method !== undefined;
  const parsed = isComplete
    ? DeviceType.safeParse({ name, lava_device_type: type, arch, boot_method: method })
    : undefined;
  if (parsed?.success === false) return { files: [], reason: parsed.error.issues[0]?.message ?? 'no board' };
  return { files: [{ name: `${name}.yaml`, text, to_fill_in: todo }] };
}
