// The command line, in this process or in one of its own.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { ErrorCode } from '../../src/core/error-codes.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ran {
  /** null: ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Options {
  env?: NodeJS.ProcessEnv;
  /** The folder that it is started in; the project's if it is not there. */
  cwd?: string;
  /** For its standard input, which ends after it. */
  input?: string | undefined;
}

const commands = new AsyncLocalStorage<Ran>();
for (const name of ['stdout', 'stderr'] as const) catchOutput(name);

/** What a command writes goes to those who started it, and what others write meanwhile to where it went before. */
function catchOutput(name: 'stdout' | 'stderr'): void {
  const stream = process[name];
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (...args: unknown[]) => {
    const ran = commands.getStore();
    if (ran === undefined) return write(...args);
    ran[name] += String(args[0]);
    return true;
  };
}

/**
 * Runs `lava-bridge …` in this process, which costs a tenth of one of its own. For what a command says and does; how a process
 * starts and ends, what it reads on its standard input and from its environment: processOf.
 */
export async function lavaBridge(args: readonly string[]): Promise<Ran> {
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  const before = process.exitCode;
  process.exitCode = undefined;
  const code = await commands.run(ran, () => runCommandLine(['node', 'lava-bridge', ...args]));
  process.exitCode = before;
  return { ...ran, code };
}

/** Runs `lava-bridge …` as a user does, to its end; one that does not come to it within two minutes is killed. */
export async function processOf(
  args: readonly string[],
  { env = {}, cwd, input }: Options = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (ran.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (ran.stderr += chunk));
  child.stdin.on('error', () => undefined).end(input); // it need not read it
  await once(child, 'close');
  return { ...ran, code: child.exitCode };
}

/** What a command writes on standard error when it ends with an error of that code, for `expect`; `words` stand in it. */
export function failsWith(code: ErrorCode, words = ''): unknown {
  const escaped = words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return expect.stringMatching(new RegExp(`${escaped}.* \\[${code}\\]$`, 'm'));
}
