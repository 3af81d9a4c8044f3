// The daemon of a world of simulators, as a process of its own with a small heap: for what floods and attacks it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startWorld, type World } from '../src/demo/world.ts';

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

/** Starts it; `preload`: a module that is loaded before the daemon. */
export async function startBenchDaemon(preload: string[] = []): Promise<BenchDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-bench-'));
  const world = await startWorld({ folder, log: pino({ level: 'silent' }), lava: { age: 'newest' } });
  await world.daemon.stop();
  const flags = preload.flatMap((file) => ['--import', file]);
  const child = spawn(process.execPath, [...flags, 'src/cli/main.ts', 'run', '--config', world.configFile], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
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
