// `lava-bridge doctor`: all that explains what a bridge does, for whoever helps: one text, without secrets.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { arch, freemem, loadavg, release, totalmem, uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { BridgeError, errorText } from '../core/errors.ts';
import { exchange } from '../core/http-exchange.ts';
import { SECOND } from '../core/time.ts';
import { programVersion } from '../core/version.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { JobList } from '../http/shapes.ts';
import { storeOf } from '../daemon-parts.ts';
import { disksOf, openState } from '../store/index.ts';
import { checkFiles } from './check-files.ts';
import type { Line } from './check-lines.ts';
import { outside } from './check-outside.ts';
import { configOption, daemonAt, print } from './common.ts';
import { secretRemover } from './without-secrets.ts';

interface Options {
  config: string;
  out?: string;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('gather what explains the state of the bridge, for a bug report; secrets are removed')
    .option('--out <file>', 'where to, in place of standard output')
    .addOption(configOption())
    .action(async ({ config: file, out }: Options) => {
      const text = await bundle(file);
      if (out === undefined) return print(text);
      await writeFile(out, `${text}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
        throw new BridgeError('not_written', `${out} cannot be written: ${errorText(error)}`);
      });
      return print(`${out}: ${Math.ceil(text.length / 1024)} KiB; look through it before you send it`);
    });
}

/** A section of the bundle: what fails in it is said there, and the others are made all the same. */
type Section = [title: string, make: () => Promise<string> | string];

async function bundle(file: string): Promise<string> {
  let config: BridgeConfig;
  try {
    config = await loadConfig(file);
  } catch (error) {
    // Without it, what its secrets are is not known: nothing of the machine is shown.
    return `lava-bridge ${programVersion()}, node ${process.version}\n\nconfiguration:\n${errorText(error)}`;
  }
  const remove = secretRemover(config);
  const parts: string[] = [];
  for (const [title, make] of sectionsOf(file, config, await stateFolderOf(config))) {
    const text = await Promise.resolve()
      .then(make)
      .catch((error: unknown) => `(not there: ${errorText(error)})`);
    parts.push(`## ${title}\n\n${remove(text).trimEnd()}`);
  }
  return parts.join('\n\n');
}

function sectionsOf(file: string, config: BridgeConfig, state: string | undefined): Section[] {
  const daemon = daemonAt(config);
  const fromDaemon = async (path: string): Promise<string> => JSON.stringify(await daemon.get(path), null, 1);
  return [
    ['program', () => `lava-bridge ${programVersion()}\nnode ${process.version}\n${process.execPath}`],
    ['machine', () => machine(config)],
    ['configuration', () => readFile(file, 'utf8')],
    [
      'files',
      () => modes([file, dirname(file), state, config.device_types, config.plans, config.job_templates]),
    ],
    ['state folder', () => (state === undefined ? '(none: it is in PostgreSQL)' : contents(state))],
    ['own device types', () => texts(config.device_types, '.yaml')],
    ['own plans', () => texts(config.plans, '.yaml')],
    ['own job templates', () => texts(config.job_templates, '.hbs')],
    ['check', async () => linesOf(file, config)],
    ['labs', () => fromDaemon('/api/v1/labs')],
    ['parts', () => fromDaemon('/api/v1/parts')],
    ['boards', () => fromDaemon('/api/v1/boards')],
    ['open jobs', () => fromDaemon('/api/v1/jobs?done=false&limit=100')],
    ['last jobs', () => fromDaemon('/api/v1/jobs?limit=50')],
    ['one open job', async () => oneOf(await daemon.get('/api/v1/jobs?done=false&limit=1'), fromDaemon)],
    ['metrics', () => metrics(daemon.url, daemon.forReading())],
    ['unit', () => output('systemctl', ['status', '--no-pager', '--full', 'lava-bridge'])],
    [
      'journal',
      () => output('journalctl', ['-u', 'lava-bridge', '-n', '1000', '--no-pager', '-o', 'short-iso']),
    ],
  ];
}

/** undefined: the state is in a database elsewhere, or where it is cannot be known. */
async function stateFolderOf(config: BridgeConfig): Promise<string | undefined> {
  try {
    return (await openState(storeOf(config))).folder;
  } catch {
    return undefined; // The secret that is missing has its line in `check`.
  }
}

function contents(folder: string): string {
  return modes(readdirSync(folder).map((name) => join(folder, name)));
}

async function machine(config: BridgeConfig): Promise<string> {
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '?';
  return [
    `${system}, Linux ${release()} ${arch()}`,
    `up ${Math.round(uptime() / 3600)} h, load ${loadavg()
      .map((n) => n.toFixed(1))
      .join(' ')}`,
    `memory: ${gib(freemem())} of ${gib(totalmem())} free`,
    ...(await disksOf(config)).map(
      ({ folders, free, size }) => `disk of ${folders}: ${gib(free)} of ${gib(size)} free`,
    ),
    `time: ${new Date().toISOString()}`,
  ].join('\n');
}

function modes(paths: readonly (string | undefined)[]): string {
  return paths
    .flatMap((path) => {
      if (path === undefined) return [];
      try {
        const { mode, uid, gid, size } = statSync(path);
        return [`${(mode & 0o7777).toString(8)} ${uid}:${gid} ${size} ${path}`];
      } catch (error) {
        return [`${path}: ${errorText(error)}`];
      }
    })
    .join('\n');
}

function texts(folder: string | undefined, extension: string): string {
  if (folder === undefined) return '(none)';
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => `### ${name}\n${readFileSync(`${folder}/${name}`, 'utf8')}`)
    .join('\n');
}

async function linesOf(file: string, config: BridgeConfig): Promise<string> {
  const lines: Line[] = [];
  await checkFiles(file, (line) => lines.push(line));
  lines.push(...(await outside(config)));
  return lines.map(({ state, what, text }) => `${state.padEnd(7)} ${what}: ${text}`).join('\n');
}

async function oneOf(list: unknown, fromDaemon: (path: string) => Promise<string>): Promise<string> {
  const [job] = JobList.parse(list).jobs;
  return job === undefined ? '(none)' : fromDaemon(`/api/v1/jobs/${encodeURIComponent(job.id)}`);
}

async function metrics(url: string, headers: Record<string, string>): Promise<string> {
  const answer = await exchange({
    url: `${url}/metrics`,
    headers,
    timeoutMs: 10 * SECOND,
    isOwnMachine: true,
  });
  return answer.body.toString('utf8');
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    timeout: 20 * SECOND,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
