// The real daemon as a process of its own, kept up as systemd would: killed, stopped and started again on command, and
// started again after it ended by itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MINUTE, SECOND, sleep } from '../../src/base/time.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Bridge {
  start: () => void;
  /** SIGKILL, wherever it is; started again after the pause (ms). */
  kill: (pauseMs: number) => Promise<void>;
  /** SIGTERM; started again after the pause. Gives how long the daemon took to end (ms). */
  stop: (pauseMs: number) => Promise<number>;
  /** Ends it for good, by SIGTERM and after a minute by SIGKILL. Gives how long that took (ms). */
  end: () => Promise<number>;
  pid: () => number | undefined;
  /** How often it ended by itself, by its exit code or signal. */
  crashes: Map<string, number>;
}

export function createBridge(config: string, logFile: string): Bridge {
  const log = openSync(logFile, 'a');
  const crashes = new Map<string, number>();
  let child: ChildProcess | undefined;
  let wanted = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One order after the other. */
  function inTurn<T>(order: () => Promise<T>): Promise<T> {
    const mine = last.then(order);
    last = mine.catch(() => undefined);
    return mine;
  }

  function start(): void {
    wanted = true;
    const started = spawn(process.execPath, [MAIN, 'run', '--config', config], {
      stdio: ['ignore', log, log],
    });
    child = started;
    started.once('exit', (code, signal) => {
      if (child !== started || !wanted) return;
      child = undefined;
      const how = signal ?? `exit ${code}`;
      crashes.set(how, (crashes.get(how) ?? 0) + 1);
      setTimeout(() => {
        if (wanted && child === undefined) start();
      }, SECOND);
    });
  }

  /** Sends the signal and waits for the end; gives how long it took. */
  async function signal(name: NodeJS.Signals): Promise<number> {
    const struck = child;
    child = undefined;
    if (struck === undefined || struck.exitCode !== null || struck.signalCode !== null) return 0;
    const at = Date.now();
    const over = once(struck, 'exit');
    const limit = setTimeout(() => struck.kill('SIGKILL'), MINUTE);
    struck.kill(name);
    await over;
    clearTimeout(limit);
    return Date.now() - at;
  }

  async function again(name: NodeJS.Signals, pauseMs: number): Promise<number> {
    const took = await signal(name);
    await sleep(pauseMs);
    if (wanted && child === undefined) start();
    return took;
  }

  return {
    crashes,
    pid: () => child?.pid,
    start,
    kill: async (pauseMs) => {
      await inTurn(async () => {
        if (child === undefined) start(); // every kill is one
        await again('SIGKILL', pauseMs);
      });
    },
    stop: (pauseMs) => inTurn(() => again('SIGTERM', pauseMs)),
    end: () => {
      wanted = false;
      return inTurn(() => signal('SIGTERM'));
    },
  };
}
