// The command line as a process of its own, as a user starts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ran {
  /** null: ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `lava-bridge …` to its end; one that does not come to it within a minute is killed. */
export async function lavaBridge(
  args: readonly string[],
  { env = {}, input }: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  child.stdin?.end(input);
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (ran.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (ran.stderr += chunk.toString()));
  await once(child, 'close');
  return { ...ran, code: child.exitCode };
}
