// The real daemon as a process of its own, kept up as systemd would: killed, stopped and started again on command, and
// started again after it ended by itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MINUTE, SECOND, sleep } from '../../src/core/time.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Bridge {
  start: () => void;
  /** Waits until it says that it runs; at most so long (ms). */
  running: (limitMs: number) => Promise<void>;
  /** Sends a signal, wherever the daemon is, and starts it again after the pause (ms). Gives how long it took to end (ms). */
  strike: (signal: 'SIGKILL' | 'SIGTERM', pauseMs: number) => Promise<number>;
  /** Stops it where it is (SIGSTOP), and lets it go on after so long (ms), or when the signal fires. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Ends it for good, by SIGTERM and after a minute by SIGKILL. */
  end: () => Promise<void>;
  pid: () => number | undefined;
  /** How often it ended by itself, by its exit code or signal. */
  crashes: Map<string, number>;
}

/** A started process and what it said. */
interface Life {
  process: ChildProcess;
  /** Settles when it says that it runs, or ends. */
  up: Promise<void>;
}

/** Throws if the daemon was not built. */
export function createBridge(config: string, logFile: string): Bridge {
  if (!existsSync(MAIN)) throw new Error(`there is no ${MAIN}: npm run build`);
  const log = createWriteStream(logFile, { flags: 'a' });
  const crashes = new Map<string, number>();
  let life: Life | undefined;
  let wanted = false;

  function start(): void {
    wanted = true;
    const child = spawn(process.execPath, [MAIN, 'run', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.pipe(log, { end: false });
    const up = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        log.write(chunk);
        if (chunk.includes('msg=running')) resolve();
      });
      child.once('exit', () => resolve());
    });
    const mine = { process: child, up };
    life = mine;
    child.once('exit', (code, signal) => {
      if (life !== mine) return; // we ended it
      life = undefined;
      const how = signal ?? `exit ${code}`;
      crashes.set(how, (crashes.get(how) ?? 0) + 1);
      setTimeout(startAgain, SECOND);
    });
  }

  function startAgain(): void {
    if (wanted && life === undefined) start();
  }

  /** Sends the signal and waits for the end; gives how long it took. */
  async function signal(name: NodeJS.Signals): Promise<number> {
    const struck = life?.process;
    life = undefined;
    if (struck === undefined || struck.exitCode !== null || struck.signalCode !== null) return 0;
    const at = Date.now();
    const over = once(struck, 'exit');
    const limit = setTimeout(() => struck.kill('SIGKILL'), MINUTE);
    struck.kill(name);
    await over;
    clearTimeout(limit);
    return Date.now() - at;
  }

  return {
    crashes,
    pid: () => life?.process.pid,
    start,
    running: async (limitMs) => {
      await Promise.race([life?.up, sleep(limitMs)]);
    },
    strike: async (name, pauseMs) => {
      startAgain(); // if it just ended by itself: every strike is one
      const took = await signal(name);
      await sleep(pauseMs);
      startAgain();
      return took;
    },
    pause: async (ms, over) => {
      startAgain();
      const paused = life?.process;
      paused?.kill('SIGSTOP');
      await sleep(ms, over);
      paused?.kill('SIGCONT');
    },
    end: async () => {
      wanted = false;
      await signal('SIGTERM');
      log.end();
    },
  };
}
