// The daemon of a world of simulators, as a process of its own with a small heap: for what floods and attacks it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startWorld, type World } from '../src/demo/world.ts';
import type { LavaSimulatorOptions } from '../src/sim/lava/simulator.ts';

type WorldOptions = Parameters<typeof startWorld>[0];

/** Of the daemon, MiB. */
export const HEAP = 256;

/** The simulators, and the daemon. */
export interface BenchDaemon {
  world: World;
  child: ChildProcess;
  /** Fulfilled when the process has ended, however. */
  exit: Promise<unknown>;
  stop: () => Promise<void>;
}

interface Options {
  /** Modules that are loaded before the daemon. */
  preload?: string[];
  /** The folder that a profile of its processor time is written to. */
  profile?: string | undefined;
  /** What of the lab is not as it comes. */
  lava?: LavaSimulatorOptions;
  /** Entries of more labs. */
  labs?: WorldOptions['labs'];
  /** Merged into the entry of the lab. */
  lab?: WorldOptions['lab'];
  /** MiB of heap, if not HEAP. */
  heap?: number;
  /** The program, in place of the sources with that heap. */
  command?: readonly string[];
  /** Sections of the configuration. */
  config?: WorldOptions['config'];
  /** How often Maestro is asked for work, if not as the world does. */
  poll?: string;
  /** What is done with the world, whose store is made, before the daemon is started. */
  prepare?: (world: World) => Promise<void>;
}

/** Starts it. */
export async function startBenchDaemon({
  preload = [],
  profile,
  lava = {},
  labs,
  lab,
  heap = HEAP,
  command,
  config,
  poll,
  prepare,
}: Options = {}): Promise<BenchDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-bench-'));
  const world = await startWorld({
    folder,
    log: pino({ level: 'silent' }),
    lava: { age: 'newest', ...lava },
    labs,
    lab,
    ...(poll === undefined ? {} : { poll }),
    ...(config === undefined ? {} : { config }),
  });
  await world.daemon.stop();
  await prepare?.(world);
  const flags = preload.flatMap((file) => ['--import', file]);
  if (profile !== undefined) flags.push('--cpu-prof', `--cpu-prof-dir=${profile}`);
  const [program = '', ...before] = command ?? [process.execPath, ...flags, 'src/cli/main.ts'];
  const child = spawn(program, [...before, 'run', '--config', world.configFile], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env:
      command === undefined ? { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heap}` } : process.env,
  });
  const exit = once(child, 'exit');
  return {
    world,
    child,
    exit,
    async stop() {
      child.kill('SIGTERM');
      await exit;
      await Promise.all([world.maestro.stop(), world.lava.stop(), world.kcidb.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
