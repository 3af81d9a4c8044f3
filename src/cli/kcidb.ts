// `lava-bridge kcidb schema|validate|submit`: what KCIDB's guide for submitters does with its own tools, for reports of
// any system: the schema, a check of reports, and their submission. Reports of older versions are upgraded.
import { access, readFile } from 'node:fs/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_CONFIG, loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { errorText, PermanentError } from '../core/errors.ts';
import { parseJson, splitJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { printable } from '../core/printable.ts';
import { SECOND, sleep } from '../core/time.ts';
import { kcidbJsonSchema } from '../kcidb/json-schema.ts';
import { openSink } from '../kcidb/open.ts';
import { validateReport, KCIDB_LISTS, type KcidbReport } from '../kcidb/schema.ts';
import type { KcidbSink } from '../kcidb/sink.ts';
import { upgradeReport } from '../kcidb/upgrade.ts';
import { jsonOption, print, printJson } from './print.ts';

export function addKcidb(program: Command): void {
  const kcidb = program
    .command('kcidb')
    .description('reports of any system to KCIDB (schema, validate, submit)')
    .helpCommand(false);

  kcidb
    .command('schema')
    .description('print the JSON Schema of a report, version 5.3')
    .action(() => printJson(kcidbJsonSchema()));

  kcidb
    .command('validate [files...]')
    .description('check reports, of standard input without a file; older versions are upgraded first')
    .addOption(jsonOption())
    .action(async (files: string[], options: { json?: true }) => {
      const results = (await Promise.all(inputs(files).map(check))).flat();
      if (options.json) printJson({ reports: results.map(({ report: _all, ...rest }) => rest) });
      else for (const result of results) print(shown(result));
      if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
    });

  kcidb
    .command('submit [files...]')
    .description('check reports and send them to KCIDB; prints the id of each submission')
    .option('--config <file>', `whose kcidb is used (default: ${DEFAULT_CONFIG}, unless KCIDB_REST is set)`)
    .addOption(
      new Option('--wait <seconds>', 'until KCIDB has taken or refused each, so long at most').argParser(
        seconds,
      ),
    )
    .addOption(jsonOption())
    .action(async (files: string[], options: { config?: string; wait?: number; json?: true }) => {
      const sink = await sinkOf(options.config);
      const sent: object[] = [];
      for (const input of inputs(files)) {
        const results = await check(input);
        const wrong = results.find(({ problems }) => problems.length > 0);
        if (wrong !== undefined)
          throw new PermanentError('bad_report', `not sent: ${wrong.file}: ${wrong.problems.join('; ')}`);
        for (const { file, report } of results) {
          if (report === undefined) continue;
          const { id } = await sink.submit(report);
          const state = await followed(sink, id, options.wait);
          sent.push({ file, id: id ?? null, state: state ?? null });
          if (!options.json)
            print([id ?? `${file}: sent`, ...(state === undefined ? [] : [state])].join(' '));
          if (state !== undefined && state !== 'processed') process.exitCode = 1;
        }
      }
      if (options.json) printJson({ submissions: sent });
    });
}

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number of seconds');
}

/** Files to be read; `-` is standard input. */
function inputs(files: readonly string[]): readonly string[] {
  return files.length === 0 ? ['-'] : files;
}

interface Checked {
  file: string;
  /** The version that it had; undefined if it has none. */
  version: string | undefined;
  /** How many objects it has. */
  objects: number;
  /** Each with the list, place and field. Empty: it would be taken. */
  problems: string[];
  report: KcidbReport | undefined;
}

/** The reports of a file: one, or a stream of several, one after the other. */
async function check(file: string): Promise<Checked[]> {
  const name = file === '-' ? 'standard input' : file;
  const texts = splitJson(await read(file, name));
  return texts.map((text, i) => checkOne(texts.length === 1 ? name : `${name}, report ${i + 1}`, text));
}

function checkOne(name: string, text: string): Checked {
  try {
    const { from, report: upgraded } = upgradeReport(parseJson(text, PARSE_LIMITS.file));
    const { report, rejected } = validateReport(upgraded);
    const objects = KCIDB_LISTS.reduce((sum, list) => sum + (report[list]?.length ?? 0), rejected.length);
    const problems = rejected.map(
      ({ list, index, id, reasons }) =>
        `${list}.${index}${id === undefined ? '' : ` (${id})`}: ${reasons.join('; ')}`,
    );
    return { file: name, version: from, objects, problems, report };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { file: name, version: undefined, objects: 0, problems: [error.message], report: undefined };
  }
}

async function read(file: string, name: string): Promise<string> {
  try {
    if (file !== '-') return await readFile(file, 'utf8');
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw new PermanentError('unreadable', `${name} cannot be read: ${errorText(error)}`, { cause: error });
  }
}

function shown({ file, version, objects, problems }: Checked): string {
  if (problems.length > 0) return problems.map((problem) => printable(`${file}: ${problem}`)).join('\n');
  const upgraded = version === '5.3' ? '' : ` (upgraded from ${version})`;
  return printable(`${file}: valid, ${objects} objects${upgraded}`);
}

/** By KCIDB_REST alone where there is no configuration. */
async function sinkOf(file: string | undefined): Promise<KcidbSink> {
  const kcidb = await kcidbOf(file);
  const sink = openSink({ kcidb, report: { kcidb: 'direct' } });
  if (sink !== undefined) return sink;
  throw new PermanentError('config', 'kcidb: is missing in the configuration; set it, or KCIDB_REST');
}

async function kcidbOf(file: string | undefined): Promise<BridgeConfig['kcidb']> {
  const isGiven = file !== undefined;
  if (!isGiven && process.env['KCIDB_REST']) {
    const isThere = await access(DEFAULT_CONFIG).then(
      () => true,
      () => false,
    );
    if (!isThere) return undefined;
  }
  return (await loadConfig(file ?? DEFAULT_CONFIG)).kcidb;
}

const LOOK_EVERY = 2 * SECOND;

/** Where the submission stands in the end; undefined if that was not asked for, or is not known. */
async function followed(
  sink: KcidbSink,
  id: string | undefined,
  wait: number | undefined,
): Promise<string | undefined> {
  if (wait === undefined || id === undefined || sink.status === undefined) return undefined;
  const until = Date.now() + wait * SECOND;
  for (;;) {
    const state = await sink.status(id);
    const isOver = state === 'processed' || state === 'failed';
    if (isOver || Date.now() >= until) return state;
    await sleep(LOOK_EVERY);
  }
}
