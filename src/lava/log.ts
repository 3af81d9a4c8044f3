// The reader of LAVA's job log: line by line as it comes in, in constant memory, at the speed of a disk. No line is
// dropped and none throws: what can't be read is kept as level `unreadable` with its text.
import { StringDecoder } from 'node:string_decoder';
import { parseTime } from '../core/time.ts';
import { blockSplitter, jsonSplitter, recordParser, type RecordSplitter } from './log-records.ts';
import type { LogLine } from './model.ts';
import { parseFlatMapping, parseFlow } from './yaml/flow.ts';
import { closingQuote } from '../core/parse/closing-quote.ts';
import { unescape } from './yaml/quoting.ts';

/** The level of lines that are no LAVA log line: torn, of another format, or too long. */
export const UNREADABLE = 'unreadable';

/**
 * Characters of one line that are kept: LAVA cuts its records at 1,000,000 (2023.01). Of a longer line (a file without
 * line breaks) the first part comes out as one unreadable line, the rest up to the next line break is dropped.
 */
export const MAX_LINE = 4 * 1024 * 1024;

const HEAD = '- {"dt": "';
const LEVEL = '", "lvl": "';
const MESSAGE = '", "msg": ';
const NAMESPACE = '", "ns": "';

/** One line of LAVA's log (without its line break), or undefined if it is none. Takes all that PyYAML writes there. */
export function parseLogLine(line: string): LogLine | undefined {
  return parsePlainLine(line) ?? (line.startsWith('- ') ? toLogLine(parseFlow(line, 2)) : undefined);
}

/**
 * Reads a log that comes in pieces. `push` returns the lines that a piece completes, `end` what is left; both in the
 * order of the log, whatever the pieces. How the log begins decides on its format.
 */
export class LogReader {
  readonly #decoder = new StringDecoder('utf8');
  /** The begin of the log, as long as its format is not known. */
  #head: string | undefined = '';
  #json: RecordSplitter | undefined;
  #block: RecordSplitter | undefined;
  readonly #records = recordParser();
  /** The begin of the line that is not complete. */
  #parts: string[] = [];
  #size = 0;

  push(chunk: string | Uint8Array): LogLine[] {
    return this.#take(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk), false);
  }

  end(): LogLine[] {
    const out = this.#take(this.#decoder.end(), true);
    if (this.#size > 0) this.#line(this.#completed(''), out);
    for (const record of [...(this.#block?.end() ?? []), ...(this.#json?.end() ?? [])])
      out.push(this.#record(record));
    return out;
  }

  #take(chunk: string, last: boolean): LogLine[] {
    let text = chunk;
    if (this.#head !== undefined) {
      text = withoutNothing(this.#head + chunk);
      if (text.length < ENOUGH && !last) {
        this.#head = text;
        return [];
      }
      this.#head = undefined;
      if (JSON_BEGIN.test(text)) this.#json = jsonSplitter(MAX_LINE);
      else if (BLOCK_BEGIN.test(text)) this.#block = blockSplitter(MAX_LINE);
    }
    return this.#json === undefined
      ? this.#lines(text)
      : this.#json.push(text).map((record) => this.#record(record));
  }

  #lines(text: string): LogLine[] {
    const out: LogLine[] = [];
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.#line(this.#size === 0 ? text.slice(from, to) : this.#completed(text.slice(from, to)), out);
      from = to + 1;
    }
    if (from < text.length) this.#keep(text.slice(from));
    return out;
  }

  #keep(piece: string): void {
    if (this.#size < MAX_LINE) this.#parts.push(piece.slice(0, MAX_LINE - this.#size));
    this.#size += piece.length;
  }

  #completed(last: string): string {
    this.#keep(last);
    const line = this.#parts.join('');
    this.#parts = [];
    this.#size = 0;
    return line;
  }

  #record(record: string): LogLine {
    const lines = record.trimEnd();
    return parseLogLine(lines) ?? toLogLine(this.#records.parse(lines)) ?? unreadable(lines);
  }

  #line(raw: string, out: LogLine[]): void {
    const line = detached(raw.endsWith('\r') ? raw.slice(0, -1) : raw);
    if (this.#block !== undefined) {
      for (const record of this.#block.push(line)) out.push(this.#record(record));
    } else if (line.length > MAX_LINE) out.push(unreadable(line.slice(0, MAX_LINE)));
    else if (line !== '' && line !== '[]') out.push(parseLogLine(line) ?? unreadable(line));
  }
}

/** Characters that show the format of a log. */
const ENOUGH = 16;
const JSON_BEGIN = /^\[?\s*\{\s*"/;
const BLOCK_BEGIN = /^(?:---\s|-\s*(?:[a-z]+:|\n))/;

/** Without white space at the begin, and without the two characters that LAVA has for a log that is not there yet. */
function withoutNothing(head: string): string {
  let text = head.trimStart();
  while (/^\[\](?:\s|$)/.test(text)) text = text.slice(2).trimStart();
  return text;
}

/** The lines of a log that comes as bytes or text, in batches: one for each piece that completes any. */
export async function* readLog(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<LogLine[]> {
  const reader = new LogReader();
  for await (const chunk of source) {
    const lines = reader.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const rest = reader.end();
  if (rest.length > 0) yield rest;
}

/** The lines of a log that is at hand in pieces, in batches as readLog gives them. */
export function* readLogPieces(pieces: Iterable<string>): Generator<LogLine[]> {
  const reader = new LogReader();
  for (const piece of pieces) yield reader.push(piece);
  yield reader.end();
}

/** The lines of a log that is at hand as one text, one by one, without a copy of it in pieces. */
export function* readLogText(text: string): Generator<LogLine> {
  const reader = new LogReader();
  for (let from = 0; from < text.length; from += PIECE) yield* reader.push(text.slice(from, from + PIECE));
  yield* reader.end();
}

const PIECE = 64 * 1024;

/** Whether `text`, the beginning of a file, is a LAVA log, in any of the formats that this reader takes. */
export function looksLikeLavaLog(text: string): boolean {
  return /^\ufeff?\s{0,20}(?:---\s{1,5})?(?:- \{?|\[?\s{0,5}\{)\s{0,5}["']?dt["']?: /.test(
    text.slice(0, 200),
  );
}

// The common line, without a parser: fixed keys in a fixed order, the message a string or a plain result.
function parsePlainLine(line: string): LogLine | undefined {
  if (!line.startsWith(HEAD)) return undefined;
  const dtEnd = line.indexOf('"', HEAD.length);
  if (dtEnd < 0 || !line.startsWith(LEVEL, dtEnd)) return undefined;
  const levelEnd = line.indexOf('"', dtEnd + LEVEL.length);
  if (levelEnd < 0 || !line.startsWith(MESSAGE, levelEnd)) return undefined;
  const from = levelEnd + MESSAGE.length;
  if (line.charCodeAt(from) === OPEN) {
    const value =
      line.charCodeAt(line.length - 1) === CLOSE ? parseFlatMapping(line, from, line.length - 1) : undefined;
    return (
      value && {
        at: stampTime(line, HEAD.length, dtEnd),
        level: line.slice(dtEnd + LEVEL.length, levelEnd),
        text: undefined,
        value,
        namespace: undefined,
      }
    );
  }
  if (line.charCodeAt(from) !== QUOTE) return undefined;
  const to = closingQuote(line, from + 1);
  if (to < 0) return undefined;
  let namespace: string | undefined;
  let last = to;
  if (line.startsWith(NAMESPACE, to)) {
    last = closingQuote(line, to + NAMESPACE.length);
    if (last < 0) return undefined;
    namespace = unescape(line, to + NAMESPACE.length, last);
  }
  if (last !== line.length - 2 || line.charCodeAt(last + 1) !== CLOSE) return undefined;
  return {
    at: stampTime(line, HEAD.length, dtEnd),
    level: line.slice(dtEnd + LEVEL.length, levelEnd),
    text: unescape(line, from + 1, to),
    value: undefined,
    namespace,
  };
}

const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;

function toLogLine(record: unknown): LogLine | undefined {
  if (typeof record !== 'object' || record === null || !('lvl' in record) || !('msg' in record))
    return undefined;
  const { lvl, msg } = record;
  if (typeof lvl !== 'string') return undefined;
  const dt = 'dt' in record ? record.dt : undefined;
  const ns = 'ns' in record ? record.ns : undefined;
  return {
    at: typeof dt === 'string' ? stampTime(dt, 0, dt.length) : undefined,
    level: lvl,
    text: typeof msg === 'string' ? msg : undefined,
    value: typeof msg === 'string' ? undefined : msg,
    namespace: typeof ns === 'string' ? ns : undefined,
  };
}

function unreadable(text: string): LogLine {
  return { at: undefined, level: UNREADABLE, text, value: undefined, namespace: undefined };
}

/** The last stamp's second, and the text that it was: most lines are of the same second as the one before. */
let second = { text: '', at: NaN };

// parseTime is exact but takes a microsecond; the stamps of a log are all of one shape.
function stampTime(text: string, from: number, to: number): number | undefined {
  const zone = from + 26;
  const plain = to === zone || (to === zone + 6 && text.startsWith('+00:00', zone));
  if (plain && text.startsWith(second.text, from)) {
    const at = second.at + digits(text, from + 20, 3);
    if (!Number.isNaN(at)) return at;
  }
  if (!plain || text.charCodeAt(from + 10) !== 0x54 || text.charCodeAt(from + 19) !== 0x2e) {
    return parseTime(text.slice(from, to));
  }
  const year = digits(text, from, 4);
  const month = digits(text, from + 5, 2);
  const day = digits(text, from + 8, 2);
  const hour = digits(text, from + 11, 2);
  const minute = digits(text, from + 14, 2);
  const seconds = digits(text, from + 17, 2);
  const millis = digits(text, from + 20, 3);
  const valid =
    month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && minute < 60 && seconds < 60;
  if (!valid || Number.isNaN(year + millis)) return parseTime(text.slice(from, to));
  const at = Date.UTC(year, month - 1, day, hour, minute, seconds);
  second = { text: detached(text.slice(from, from + 20)), at };
  return at + millis;
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

// A copy: who keeps a part of a line shall not keep the whole piece of the log that it was read in.
function detached(text: string): string {
  return ` ${text}`.slice(1);
}
