// `lava-bridge init`: asks for the lab, Maestro and KCIDB (or takes flags), tries each, and writes a configuration.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { BridgeError, errorText } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { BridgeConfig } from '../config/schema.ts';
import type { Line } from './check-lines.ts';
import { outside } from './check-outside.ts';
import { configOf, writeConfiguration, type Answers } from './init-files.ts';
import { moveSocket } from './init-socket.ts';
import { print } from './print.ts';

interface Options {
  out: string;
  lab?: string;
  origin?: string;
  lavaUrl?: string;
  lavaUser?: string;
  lavaTokenFile?: string;
  callbackName: string;
  callbackTokenFile?: string;
  publicUrl?: string;
  maestroUrl: string;
  maestroTokenFile?: string;
  maestro: boolean;
  kcidbUrl: string;
  kcidbTokenFile?: string;
  kcidb: boolean;
  try: boolean;
  force?: true;
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('ask for the lab, Maestro and KCIDB (or take options), try each, and write a configuration')
    .option('--out <folder>', 'where to', '/etc/lava-bridge')
    .option('--lab <name>', "the runtime's name in Maestro, such as lava-mylab")
    .option('--origin <name>', "the lab's origin in KCIDB: lower-case letters, digits and _")
    .option('--lava-url <url>', 'where LAVA is')
    .option('--lava-user <name>', "the bridge's user in LAVA")
    .option('--lava-token-file <file>', 'holds an API token of that user')
    .option('--callback-name <name>', 'the name of the callback token in LAVA', 'bridge-callback')
    .option('--callback-token-file <file>', 'holds its text; without it a new one is made')
    .option('--public-url <url>', 'where LAVA reaches the bridge')
    .option('--maestro-url <url>', 'where Maestro is', 'https://api.kernelci.org')
    .option('--maestro-token-file <file>', 'holds a token of Maestro')
    .option('--no-maestro', 'requests come by push and by hand only')
    .option('--kcidb-url <url>', 'where KCIDB is', 'https://db.kernelci.org')
    .option('--kcidb-token-file <file>', 'holds a token of KCIDB')
    .option('--no-kcidb', 'nothing goes to KCIDB')
    .option('--no-try', 'write without trying')
    .option('--force', 'write over what is there')
    .action(init);
}

async function init(options: Options): Promise<void> {
  const answers = await ask(options);
  const config = BridgeConfig.safeParse(configOf(answers, (_name, text) => text));
  if (!config.success) {
    const { field, text } = firstIssue(config.error);
    throw new BridgeError('bad_option', text, { field });
  }
  const failed = options.try
    ? await tryAll(config.data, join(options.out, config.data.device_types ?? ''))
    : [];
  if (failed.length > 0 && !(await wantsAllTheSame(failed.length))) {
    process.exitCode = 1;
    return print('nothing was written');
  }
  const file = writeConfiguration(options.out, answers, options.force === true);
  const dropIn = await moveSocket(file, config.data.http.listen);
  if (dropIn !== undefined) print(`\n${dropIn} is written: the socket of callbacks listens at http.listen`);
  print(`\n${file} is written. Next:\n${nextSteps(answers, options, file, dropIn !== undefined)}`);
}

/** Tries everything that is elsewhere; gives what failed. `ownBoards`: the folder of them, which may not be there yet. */
async function tryAll(config: BridgeConfig, ownBoards: string): Promise<Line[]> {
  const tried = { ...config, device_types: existsSync(ownBoards) ? ownBoards : undefined };
  // The daemon does not run yet, and LAVA has no callback token yet.
  const lines = (await outside(tried)).filter(({ what }) => !what.endsWith(' callbacks'));
  for (const { what, state, text } of lines) print(`${state.padEnd(7)}  ${what}: ${text}`);
  return lines.filter(({ state }) => state === 'failed');
}

async function wantsAllTheSame(failures: number): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  return /^y/i.test(await question(`${failures} failed. Write the configuration all the same? [y/N] `));
}

function nextSteps(
  answers: Answers,
  { callbackTokenFile, out }: Options,
  file: string,
  hasMoved: boolean,
): string {
  const steps = [
    ...(callbackTokenFile === undefined
      ? [
          `in LAVA, give ${answers.lavaUser} a remote artifact token named ${answers.callbackName} with the text in ${out}/secrets/callback-token (before LAVA 2026.06: an API token with that description, whose text you put into the file)`,
        ]
      : []),
    `lava-bridge check --config ${file}`,
    hasMoved
      ? 'systemctl stop lava-bridge && systemctl restart lava-bridge.socket lava-bridge'
      : 'systemctl enable --now lava-bridge.socket lava-bridge',
    'lava-bridge check, again: it then tries the way of the callbacks as well',
  ];
  return steps.map((step, i) => `  ${i + 1}. ${step}`).join('\n');
}

const newToken = (): string => randomBytes(32).toString('hex');

/** Options first; what is missing is asked for on a terminal, and an error elsewhere. */
async function ask(options: Options): Promise<Answers> {
  const value = async (
    given: string | undefined,
    flag: string,
    text: string,
    usual?: string,
  ): Promise<string> => {
    if (given !== undefined) return given;
    if (!process.stdin.isTTY) {
      if (usual !== undefined) return usual;
      throw new BridgeError('bad_option', `${flag} is missing: ${text}`);
    }
    const said = (await question(`${text}${usual === undefined ? '' : ` [${usual}]`}: `)).trim();
    if (said !== '') return said;
    if (usual !== undefined) return usual;
    return value(given, flag, text, usual);
  };
  const secret = async (file: string | undefined, flag: string, text: string): Promise<string> => {
    if (file !== undefined) return secretIn(file);
    if (!process.stdin.isTTY) throw new BridgeError('bad_option', `${flag} is missing: ${text}`);
    const said = (await question(`${text} (not shown): `, true)).trim();
    return said === '' ? secret(file, flag, text) : said;
  };

  const lab = await value(options.lab, '--lab', "the lab's runtime name in Maestro");
  const origin = await value(
    options.origin,
    '--origin',
    "the lab's origin in KCIDB",
    lab
      .toLowerCase()
      .replace(/^lava-/, '')
      .replaceAll(/[^a-z0-9_]/g, '_'),
  );
  const lavaUrl = await value(options.lavaUrl, '--lava-url', "LAVA's address");
  const lavaUser = await value(options.lavaUser, '--lava-user', "the bridge's user in LAVA");
  const lavaToken = await secret(options.lavaTokenFile, '--lava-token-file', 'an API token of that user');
  const publicUrl = await value(
    options.publicUrl,
    '--public-url',
    'where LAVA reaches this bridge (it then listens on all addresses, unless this is localhost)',
    `http://${hostname()}:8480`,
  );
  const maestro = options.maestro
    ? {
        url: options.maestroUrl,
        token: await secret(
          options.maestroTokenFile,
          '--maestro-token-file (or --no-maestro)',
          'a token of Maestro',
        ),
      }
    : undefined;
  const kcidb = options.kcidb
    ? {
        url: options.kcidbUrl,
        token: await secret(options.kcidbTokenFile, '--kcidb-token-file (or --no-kcidb)', 'a token of KCIDB'),
      }
    : undefined;
  return {
    lab,
    origin,
    lavaUrl,
    lavaUser,
    lavaToken,
    callbackName: options.callbackName,
    callbackToken: options.callbackTokenFile === undefined ? newToken() : secretIn(options.callbackTokenFile),
    publicUrl,
    maestro,
    kcidb,
    httpToken: newToken(),
  };
}

function secretIn(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    throw new BridgeError('unreadable', `${file} cannot be read: ${errorText(error)}`);
  }
  throw new BridgeError('unreadable', `${file} is empty`);
}

/** Asks on the terminal; what is typed as a secret is not shown. */
async function question(text: string, isSecret = false): Promise<string> {
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: isSecret ? mute : process.stdout,
    terminal: true,
  });
  try {
    if (isSecret) process.stdout.write(text);
    return await terminal.question(isSecret ? '' : text);
  } finally {
    terminal.close();
    if (isSecret) process.stdout.write('\n');
  }
}
