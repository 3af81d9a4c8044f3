// Device types, plans and job templates as they are now: read at the start, and again when the admin changes one of their own
// files or asks for it. What is wrong does not count: the old ones stay.
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadBoards, type Boards } from './catalog/boards.ts';
import { loadPlans, type Plans } from './catalog/plans.ts';
import { configMarks, markOf, type Marks } from './config/marks.ts';
import type { BridgeConfig } from './config/schema.ts';
import { ConfigError } from './core/errors.ts';
import { overlayFiles } from './core/overlay.ts';
import { shippedFolder } from './core/shipped.ts';
import { SECOND } from './core/time.ts';
import { danglingNames } from './templates/cross-check.ts';
import { createRenderer, type Renderer } from './templates/renderer.ts';

/** What is in the folders. */
interface Folders {
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
  /** Of the admin's own files, by folder. */
  marks: Marks;
}

type FolderConfig = Pick<BridgeConfig, 'device_types' | 'plans' | 'job_templates'>;

/** The folders; each of their parts is at any time what was read last. */
export interface LiveFolders extends Omit<Folders, 'marks'> {
  /** Of them and of the configuration, as both were when they were read last. */
  marks: () => Marks;
  /** Reads all again; what it gives makes that count. Throws ConfigError with what is wrong. */
  readAgain: () => Promise<() => void>;
  /** How often they were read again: whatever was made of them before is old. */
  version: () => number;
}

/** Reads all folders. Throws ConfigError with what is wrong in them. */
export async function openFolders(config: BridgeConfig): Promise<LiveFolders> {
  let current = await load(config);
  let version = 0;
  // Made when another daemon is to know them.
  let ofConfig: Marks | undefined;
  return {
    boards: following(() => current.boards),
    plans: following(() => current.plans),
    renderer: following(() => current.renderer),
    marks: () => ({ ...(ofConfig ??= configMarks(config)), ...current.marks }),
    version: () => version,
    async readAgain() {
      const fresh = await load(config);
      const problems = danglingNames(fresh);
      if (problems.length > 0) throw new ConfigError(problems);
      return () => {
        current = fresh;
        version += 1;
        // A reload has put what is new into it before.
        ofConfig = undefined;
      };
    },
  };
}

async function load(config: FolderConfig): Promise<Folders> {
  const [boards, plans, renderer, marks] = await Promise.all([
    loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
    loadPlans({ shipped: shippedFolder('plans'), own: config.plans }),
    createRenderer({ shipped: shippedFolder('job-templates'), own: config.job_templates }),
    ownMarks(config),
  ]);
  return { boards, plans, renderer, marks };
}

async function ownMarks({ device_types, plans, job_templates }: FolderConfig): Promise<Marks> {
  const mark = async (own: string | undefined, extension: string): Promise<string> => {
    const files = await overlayFiles({ own }, extension);
    return markOf(
      (await Promise.all(files.map(async (f) => [f.name, await readFile(f.path, 'utf8')]))).flat(),
    );
  };
  return {
    device_types: await mark(device_types, '.yaml'),
    plans: await mark(plans, '.yaml'),
    job_templates: await mark(job_templates, '.hbs'),
  };
}

/** An object whose functions are those that `current` has when they are called. */
function following<T extends object>(current: () => T): T {
  return new Proxy(current(), { get: (_first, key): unknown => Reflect.get(current(), key) });
}

/** Files that are copied into a folder come one by one: they are read when nothing has changed for so long. */
const QUIET = SECOND;

/**
 * Calls `onChange` when something has changed in the admin's own folders, and then was quiet, until the signal fires. Folders
 * on other machines say nothing of changes: those are read by a reload.
 */
export function watchFolders(
  config: FolderConfig,
  { onChange, onTrouble }: { onChange: () => void; onTrouble: (folder: string, error: Error) => void },
  signal: AbortSignal,
): void {
  let quiet: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => clearTimeout(quiet));
  for (const folder of [config.device_types, config.plans, config.job_templates]) {
    if (folder === undefined) continue;
    const watcher = watch(folder, { recursive: true, persistent: false, signal });
    watcher.on('error', (error) => onTrouble(folder, error));
    watcher.on('change', () => {
      clearTimeout(quiet);
      quiet = setTimeout(onChange, QUIET);
    });
  }
}
