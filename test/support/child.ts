// The daemon as a process of its own, started as a user would, so that it can be killed for real.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { atEnd, testWorld, until, type TestWorld } from './world.ts';

export interface ChildOptions {
  /** A module that is loaded before the daemon. */
  preload?: string | undefined;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Of its heap (MiB); Node's own limit if it is not there. */
  heap?: number;
  /** Without its rests. */
  quick?: boolean;
}

export interface ChildDaemon {
  /** Starts the daemon; fulfilled when it answers. */
  start: (changes?: Partial<ChildOptions>) => Promise<void>;
  /** Fulfilled when the process has ended by itself. */
  exit: () => Promise<void>;
  /** Sends a signal; fulfilled with the exit code (null for one that was killed) when the process has ended. */
  end: (signal: NodeJS.Signals) => Promise<number | null>;
  signal: (signal: NodeJS.Signals) => void;
  /** Of the process; undefined: it was never started. */
  pid: () => number | undefined;
  /** What it wrote on standard output and standard error. */
  output: () => string;
}

/** A world whose daemon is not in this process; it is not started yet. */
export async function childWorld(
  options: Parameters<typeof testWorld>[0] = {},
  settings: ChildOptions = {},
): Promise<{ world: TestWorld; daemon: ChildDaemon }> {
  const world = await testWorld(options);
  await world.daemon.stop();
  world.daemon.stop = async () => undefined;
  return { world, daemon: childDaemon(world.configFile, world.url, settings) };
}

/** A daemon of that configuration, which listens at `url`, as a process of its own; it is not started yet. */
export function childDaemon(configFile: string, url: string, settings: ChildOptions = {}): ChildDaemon {
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let output = '';
  const daemon: ChildDaemon = {
    async start(changes) {
      const { preload, env, heap, quick = false } = { ...settings, ...changes };
      const flags = [
        ...(preload === undefined ? [] : ['--import', `./${preload}`]),
        ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]),
      ];
      const command = quick
        ? ['test/support/quick-daemon.ts', configFile]
        : ['src/cli/main.ts', 'run', '--config', configFile];
      child = spawn(process.execPath, [...flags, ...command], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      });
      exited = once(child, 'exit');
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      }
      await until('the daemon answers', () =>
        fetch(`${url}/healthz`).then(
          ({ status }) => (status === 200 ? true : undefined),
          () => undefined,
        ),
      );
    },
    async exit() {
      await exited;
    },
    async end(signal) {
      child?.kill(signal);
      await exited;
      return child?.exitCode ?? null;
    },
    signal: (signal) => void child?.kill(signal),
    pid: () => child?.pid,
    output: () => output,
  };
  atEnd(async () => {
    await daemon.end('SIGKILL');
  });
  return daemon;
}
