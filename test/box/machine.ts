// The box: a fresh Debian 12 with a running systemd, by the scripts of this folder.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What a command in the box came to. */
export interface Ran {
  code: number | null;
  /** Standard output and error together. */
  text: string;
}

const NAME = `bridge-${process.pid}`;
const LIMIT = 5 * 60_000;

const ENV = { DEBIANBOX_NAME: NAME, DEBIANBOX_NET: 'host' };

/** Runs one of the scripts. Never throws. */
async function script(name: string, args: readonly string[], answers?: Answers): Promise<Ran> {
  const child = spawn(join(import.meta.dirname, name), args, {
    env: { ...process.env, ...ENV },
    stdio: [answers === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: LIMIT,
  });
  if (answers !== undefined) answerAll(child, answers);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, text: String(error) }));
    child.on('close', (code) => resolve({ code, text }));
  });
}

/** What is asked, in its order, and what is said to it. */
export type Answers = readonly (readonly [question: RegExp, answer: string])[];

function answerAll({ stdin, stdout }: ChildProcess, answers: Answers): void {
  const left = [...answers];
  let heard = '';
  stdout?.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    if (left[0]?.[0].test(stripVTControlCharacters(heard)) !== true) return;
    heard = '';
    stdin?.write(`${left.shift()?.[1] ?? ''}\n`);
  });
}

async function must(what: Promise<Ran>): Promise<string> {
  const { code, text } = await what;
  if (code !== 0) throw new Error(`exit code ${code}: ${text.slice(-3000)}`);
  return text;
}

/** Boots a fresh one, in place of one that is there. */
export const fresh = (): Promise<string> => must(script('up', ['--fresh']));

/** Ends it and removes all that it wrote. */
export const end = (): Promise<Ran> => script('down', []);

/** Runs a script of bash in the box, as root, and gives what it said. Throws if it fails. */
export const inBox = (text: string): Promise<string> =>
  must(script('run', ['bash', '-euo', 'pipefail', '-c', text]));

/** As inBox, for what may fail. */
export const tryInBox = (text: string): Promise<Ran> =>
  script('run', ['bash', '-euo', 'pipefail', '-c', text]);

/** Runs a command on a terminal in the box, as root, and answers what it asks. Throws if it fails. */
export const askedInBox = (command: string, answers: Answers): Promise<string> =>
  must(script('run', ['script', '--quiet', '--return', '--command', command, '/dev/null'], answers));

/** Copies a file or folder of the box to the host. */
export const pull = (from: string, to: string): Promise<string> => must(script('pull', [from, to]));

/** Copies a file or folder of the host into the box. */
export const push = (from: string, to: string): Promise<string> => must(script('push', [from, to]));

/** Runs a command on the host. Throws if it fails. */
export function onHost(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env: { ...process.env, ...env }, timeout: 2 * LIMIT, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command}: ${error.message}\n${stdout.slice(-1000)}${stderr.slice(-2000)}`));
      },
    );
  });
}
