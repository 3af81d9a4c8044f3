// The bridge as its admin has it: a configuration file, the daemon as a process of its own, and the commands.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { until } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const START_LIMIT = 60_000;
const STOP_LIMIT = 60_000;

interface Output {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Bridge {
  /** Starts the daemon; returns when it is ready. */
  start: () => Promise<void>;
  /** As a power cut would. */
  kill: () => void;
  /** Asks it to end, and waits. Returns its exit code. */
  stop: () => Promise<number | null>;
  /** Runs a command to its end. */
  command: (args: readonly string[], limitMs?: number) => Promise<Output>;
  /** Starts a command that goes on; the text is what it has printed so far. */
  following: (args: readonly string[]) => {
    text: () => string;
    ended: Promise<number | null>;
    end: () => void;
  };
  isRunning: () => boolean;
  /** A job as the API shows it; undefined while there is none, or no daemon. */
  job: (id: string) => Promise<Job | undefined>;
  configFile: string;
}

const Attempt = z.looseObject({
  lava_id: z.number().nullable(),
  submitted: z.string().nullable(),
  evidence: z.string().nullable(),
});

const Job = z.looseObject({
  id: z.string(),
  stage: z.string(),
  done: z.boolean(),
  reason: z.string().nullable(),
  ending: z.looseObject({ kind: z.string(), reason: z.string() }).nullable(),
  device: z.string().nullable(),
  received: z.string(),
  attempts: z.array(Attempt),
  deliveries: z.array(z.looseObject({ destination: z.string(), kind: z.string(), state: z.string() })),
  timeline: z.array(z.object({ at: z.string(), kind: z.string(), text: z.string() })),
  verdict: z
    .looseObject({ rule: z.string(), issues: z.array(z.looseObject({ test: z.string() })) })
    .nullable(),
});
export type Job = z.infer<typeof Job>;

/** `url`: where the daemon of this configuration listens. Its log is `daemon.log` next to the configuration. */
export function createBridge(configFile: string, url: string, logFile: string): Bridge {
  const children = new Set<ChildProcess>();
  const log = openSync(logFile, 'a');
  let daemon: ChildProcess | undefined;
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });

  function launch(args: readonly string[], stdio: StdioOptions = ['ignore', 'pipe', 'pipe']): ChildProcess {
    const child = spawn(process.execPath, [MAIN, ...args, '--config', configFile], { stdio });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  function isRunning(): boolean {
    return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
  }

  async function isReady(): Promise<true | undefined> {
    if (!isRunning()) throw new Error(`the daemon ended; see ${logFile}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  }

  return {
    configFile,
    isRunning,

    async start() {
      daemon = launch(['run'], ['ignore', log, log]);
      await until('the daemon is ready', START_LIMIT, isReady);
    },

    kill() {
      daemon?.kill('SIGKILL');
    },

    async stop() {
      if (!daemon || !isRunning()) return daemon?.exitCode ?? null;
      const ended = once(daemon, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT) });
      daemon.kill('SIGTERM');
      await ended;
      return daemon.exitCode;
    },

    async command(args, limitMs = 120_000) {
      const child = launch(args);
      const text = { stdout: '', stderr: '' };
      child.stdout?.on('data', (chunk) => (text.stdout += String(chunk)));
      child.stderr?.on('data', (chunk) => (text.stderr += String(chunk)));
      const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
      await once(child, 'close');
      clearTimeout(limit);
      return { code: child.exitCode, ...text };
    },

    following(args) {
      const child = launch(args);
      let text = '';
      child.stdout?.on('data', (chunk) => (text += String(chunk)));
      const ended = once(child, 'close').then(() => child.exitCode);
      return { text: () => text, ended, end: () => child.kill('SIGTERM') };
    },

    async job(id) {
      const answer = await fetch(`${url}/api/v1/jobs/${encodeURIComponent(id)}`).catch(() => undefined);
      return answer?.ok ? Job.parse(await answer.json()) : undefined;
    },
  };
}
