// Reports through any command that reads one on its standard input, as kcidb-submit does.
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { mayAct } from '../core/acting.ts';
import { oneLine } from '../core/answer-text.ts';
import { errorText, TemporaryError } from '../core/errors.ts';
import { SECOND } from '../core/time.ts';
import type { KcidbSink } from './sink.ts';

export interface CommandOptions {
  /** The program and its arguments; no shell is between. */
  command: readonly string[];
  /** For the whole run, milliseconds; then it is killed. */
  timeoutMs: number;
  /** Kills a run that is under way. */
  signal?: AbortSignal | undefined;
}

// What is kept of the command's output: an id, and the end of its complaints.
const MAX_STDOUT = 64 * 1024;
const MAX_STDERR = 16 * 1024;
const MAX_SAID = 400;

/**
 * Hands reports to a command. Only exit code 0 counts as taken. Nothing distinguishes a bad report from a passing fault, so every
 * failure is a TemporaryError `kcidb_command`, with the end of what the command wrote on standard error. `lost_lease`: the work
 * is another daemon's by now, and nothing was run.
 */
export function createKcidbCommand({ command, timeoutMs, signal }: CommandOptions): KcidbSink {
  const [program = '', ...args] = command;

  return {
    check: async () => {
      if (await isProgram(program)) return `by the command ${command.join(' ')}`;
      throw new TemporaryError(
        'kcidb_command',
        `by the command ${command.join(' ')}: there is no such program`,
      );
    },

    submit: async (report) => {
      mayAct();
      if (signal?.aborted) throw new TemporaryError('aborted', `${program}: given up`);
      const ended = await run(program, args, JSON.stringify(report), timeoutMs, signal);
      const { code, stdout, stderr } = ended;
      if (code === 0) {
        const id = oneLine(stdout);
        return id === '' ? {} : { id };
      }
      if (signal?.aborted) throw new TemporaryError('aborted', `${program}: given up`);
      const said = oneLine(stderr.slice(-MAX_SAID));
      throw new TemporaryError(
        'kcidb_command',
        `${program} ${howItEnded(ended, timeoutMs)}: ${said === '' ? 'no message' : said}`,
      );
    },
  };
}

async function isProgram(name: string): Promise<boolean> {
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  const tries = folders.map((folder) => access(join(folder, name), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}

function howItEnded({ code, signal, timedOut }: Ended, timeoutMs: number): string {
  if (timedOut) return `was killed after ${timeoutMs / SECOND} s`;
  return code === null ? `was killed by ${signal ?? 'a signal'}` : `ended with ${code}`;
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

function run(
  program: string,
  args: string[],
  input: string,
  timeoutMs: number,
  stop: AbortSignal | undefined,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the command has started ends with it.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    const kill = (): void => {
      killGroup(child.pid);
      // What has left the group may still hold the pipes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    stop?.addEventListener('abort', kill, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', kill);
    };
    child.stdout.on('data', keepStart(stdout, MAX_STDOUT));
    child.stderr.on('data', keepEnd(stderr, MAX_STDERR));
    // A command may end without reading all; then its exit code is what counts.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      settled();
      reject(
        new TemporaryError('kcidb_command', `${program} can't be run: ${errorText(error)}`, { cause: error }),
      );
    });
    child.on('close', (code, signal) => {
      settled();
      resolve({
        code,
        signal,
        timedOut,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

function keepStart(chunks: Buffer[], max: number): (chunk: Buffer) => void {
  let size = 0;
  return (chunk) => {
    if (size < max) chunks.push(chunk.subarray(0, max - size));
    size += chunk.length;
  };
}

function keepEnd(chunks: Buffer[], max: number): (chunk: Buffer) => void {
  return (chunk) => {
    chunks.push(chunk);
    const all = Buffer.concat(chunks);
    chunks.splice(0, chunks.length, all.subarray(Math.max(0, all.length - max)));
  };
}
