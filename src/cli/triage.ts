// `lava-bridge triage`: a kernel's console → the errors on it, as Maestro's triage finds and signs them, and what our
// own rules find in addition. Takes a plain console log or LAVA's job log, also gzip. Needs no configuration.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { Argument, Option, type Command } from 'commander';
import { errorText, PermanentError } from '../core/errors.ts';
import { keepHeapSmall } from '../core/heap.ts';
import { LogReader, looksLikeLavaLog, MAX_LINE } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import { ConsoleTriager, type ConsoleTriage } from '../kernel-log/console-triage.ts';
import { PARSERS, type LogspecResult, type ParserName } from '../kernel-log/logspec.ts';
import { maestroText } from '../kernel-log/maestro-text.ts';
import { printable } from '../core/printable.ts';
import { bold, jsonOption, print, printJson, table } from './print.ts';

export function addTriage(program: Command): void {
  program
    .command('triage')
    .description('find the errors in a kernel log, with the signatures that KernelCI gives them')
    .addArgument(
      new Argument('<log>', "a console log or LAVA's job log, - for standard input (gzip is recognised)"),
    )
    .addOption(new Option('--parser <name>', 'what was run').choices(PARSERS).default('generic_linux_boot'))
    .addOption(jsonOption())
    .action(async (log: string, options: { parser: ParserName; json?: boolean }) => {
      keepHeapSmall();
      const found = await triageFile(log, options.parser);
      if (options.json) printJson(asJson(found));
      else print(asText(found));
    });
}

/** Does the work of the command. Throws PermanentError if the file (`-`: standard input) cannot be read. */
export async function triageFile(file: string, parser: ParserName): Promise<ConsoleTriage> {
  const triager = new ConsoleTriager(parser);
  try {
    await feed(triager, open(file));
  } catch (error) {
    const name = file === '-' ? 'standard input' : file;
    throw new PermanentError('unreadable', `${name} cannot be read: ${errorText(error)}`, { cause: error });
  }
  return triager.end();
}

/** The file's bytes, gunzipped if they are gzip. */
async function* open(file: string): AsyncGenerator<Uint8Array> {
  const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: CHUNK });
  const chunks = bytesOf(source);
  const first = await chunks.next();
  if (first.done) return;
  const all = prepend(first.value, chunks);
  if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* gunzip(all);
  else yield* all;
}

const CHUNK = 64 * 1024;

async function* bytesOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (chunk instanceof Uint8Array) yield chunk;
  }
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

function gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed = Readable.from(source);
  const unzip = createGunzip({ chunkSize: CHUNK });
  packed.on('error', (error) => unzip.destroy(error));
  return bytesOf(packed.pipe(unzip));
}

async function feed(triager: ConsoleTriager, source: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let head = '';
  let sink: Sink | undefined;
  for await (const chunk of source) {
    const text = head + decoder.write(chunk);
    head = '';
    if (sink === undefined && text.length < HEAD) head = text;
    else (sink ??= sinkFor(text, triager)).push(text);
  }
  const rest = head + decoder.end();
  sink ??= sinkFor(rest, triager);
  sink.push(rest);
  sink.end();
}

/** This many characters are enough to distinguish a LAVA log from a console. */
const HEAD = 200;

interface Sink {
  push: (text: string) => void;
  end: () => void;
}

function sinkFor(head: string, triager: ConsoleTriager): Sink {
  return looksLikeLavaLog(head) ? lavaSink(triager) : consoleSink(triager);
}

/** Of LAVA's log the board's lines, as Maestro keeps them. Numbers are those of LAVA's lines, from 1. */
function lavaSink(triager: ConsoleTriager): Sink {
  const reader = new LogReader();
  let number = 0;
  const take = (lines: readonly LogLine[]): void => {
    for (const { level, text } of lines) {
      number++;
      if (level !== 'target' || text === undefined) continue;
      const clean = maestroText(text);
      if (clean !== '') for (const line of clean.split('\n')) triager.line(line, number);
    }
  };
  return { push: (text) => take(reader.push(text)), end: () => take(reader.end()) };
}

/** A console's text as it is. A line without end is taken in parts. */
function consoleSink(triager: ConsoleTriager): Sink {
  let rest = '';
  let number = 1;
  return {
    push: (chunk) => {
      const text = rest + chunk;
      let from = 0;
      for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
        triager.line(text.slice(from, to), number++);
        from = to + 1;
      }
      rest = text.slice(from);
      if (rest.length < MAX_LINE) return;
      triager.line(rest, number, false);
      rest = '';
    },
    end: () => {
      if (rest !== '') triager.line(rest, number, false);
    },
  };
}

/** For scripts: Maestro's states and errors under its own names, and what our rules found in `own`. */
export function asJson({ logspec, own }: ConsoleTriage): Record<string, unknown> {
  return {
    ...logspec,
    own: own.map(({ fields, signature, report, firstLine }) => ({
      ...fields,
      line: firstLine,
      _signature: signature,
      _report: report,
    })),
  };
}

/** For people: how far the boot got, and the errors by line. */
export function asText({ logspec, lines, own }: ConsoleTriage): string {
  const rows = [
    ...logspec.errors.map((error, i) => ({
      line: lines[i]?.firstLine,
      type: error.error_type,
      signature: error['_signature'],
      summary: error.error_summary ?? '',
    })),
    ...own.map((finding) => ({
      line: finding.firstLine,
      type: finding.errorType,
      signature: finding.signature,
      summary: finding.summary,
    })),
  ].toSorted((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity));
  const head = states(logspec);
  if (rows.length === 0) return `${head}\nNo errors found.`;
  const cells = rows.map(({ line, type, signature, summary }) => [
    line === undefined ? '' : String(line),
    type,
    signature.slice(0, 12),
    printable(summary),
  ]);
  return `${head}\n\n${table(['LINE', 'TYPE', 'SIGNATURE', 'SUMMARY'], cells)}`;
}

function states(result: LogspecResult): string {
  const said = (value: boolean | undefined, yes: string, no: string): string[] =>
    value === undefined ? [] : [value ? yes : no];
  const parts = [
    ...said(result['bootloader.done'], 'boot loader done', 'no sign that a boot loader started a kernel'),
    ...said(result['linux.boot.kernel_started'], 'kernel started', 'not a line of a kernel'),
    ...said(result['linux.boot.prompt'], 'prompt reached', 'no prompt'),
    ...said(result['test.baseline.start'], 'baseline test started', 'no baseline test'),
    ...said(result['test.kselftest.script_call'], 'kselftest called', 'no kselftest'),
    ...said(result['test.kselftest.start'], 'kselftest has results', 'no results of kselftest'),
  ];
  return `${bold('Boot:')} ${parts.join(', ')}`;
}
