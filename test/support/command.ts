// The command line as a process of its own, as a user starts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
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

/** Runs `lava-bridge …` to its end; one that does not come to it within two minutes is killed. */
export async function lavaBridge(
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
