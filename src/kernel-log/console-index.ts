// Where the words stand that kernel reports are made of, found in one pass over a console text. With the index each
// question of the report parsers ("the next hardware name after here?") is a binary search, so that no text, however
// odd, takes more than linear time.
//
// All of it hangs on the kernel's time stamp as logspec knows it: a bracket, spaces, digits and dots, a bracket, not
// necessarily at the start of a line. A stamp with a caller id (`[    1.2][   T1]`) is none to it.

import { DASH, errorNumberEnd, LineWords, lowerBound, nextError, SPACE, stampEnd } from './console-text.ts';

/** The place of one word in the text. */
export interface Mark {
  /** Its time stamp's bracket. */
  start: number;
  /** Where the text after the word begins. */
  body: number;
  /** Where the whole pattern is complete (end offset, on the same line). */
  hit: number;
}

/**
 * The words. Start markers of reports come first, in the order that decides between two at one place (logspec,
 * utils/linux_kernel_errors.py). Hits: `bug_at` an exclamation mark, `panic_message` a colon and a space,
 * `ubsan_message` the word in, `error_return_code` the number of an error.
 */
export const START_MARKS = [
  'null_pointer',
  'bug',
  'ubsan',
  'kernel_panic',
  'error_return_code',
  'generic',
] as const;
const INNER_MARKS = [
  'bug_at',
  'bug_message',
  'panic_message',
  'ubsan_message',
  'end_trace',
  'end_trace_three',
  'end_panic',
  'hardware',
  'modules',
  'call_trace',
  'trace',
  'linux_version',
] as const;
export type StartMark = (typeof START_MARKS)[number];
export type MarkKind = StartMark | (typeof INNER_MARKS)[number];

/** The marks of one kind in the order of the text. */
class MarkList {
  readonly #starts: number[] = [];
  readonly #bodies: number[] = [];
  readonly #hits: number[] = [];
  #last = 0;

  add(start: number, body: number, hit: number): void {
    this.#starts.push(start);
    this.#bodies.push(body);
    this.#hits.push(hit);
  }

  /** The first mark that begins at or after `from` and whose pattern is complete before `to`. */
  next(from: number, to: number): Mark | undefined {
    for (let i = this.#indexFrom(from); i < this.#starts.length; i++) {
      const start = this.#starts[i] ?? Infinity;
      const hit = this.#hits[i] ?? Infinity;
      if (start >= to) return undefined;
      if (hit <= to) return { start, body: this.#bodies[i] ?? 0, hit };
    }
    return undefined;
  }

  // Questions mostly go on from the last one: look there before searching.
  #indexFrom(from: number): number {
    const last = this.#last;
    const before = last === 0 || (this.#starts[last - 1] ?? Infinity) < from;
    if (!before || (this.#starts[last] ?? Infinity) < from) this.#last = lowerBound(this.#starts, from);
    return this.#last;
  }
}

export class ConsoleIndex {
  readonly text: string;
  readonly #marks: Readonly<Record<MarkKind, MarkList>>;
  /** Ends of UBSAN reports: dashes with `[ end trace`, or 80 equals signs; no stamp is asked for. */
  readonly #plainEnds = new MarkList();
  /** Lines with a colon and then an error number: `start` is the line's begin, `hit` the end of the last number. */
  readonly #errorLines = new MarkList();
  /** The last answer of lineEnd: good for all places from `#lineEndFrom` on. */
  #lineEndFrom = 0;
  #lineEnd = -1;

  constructor(text: string) {
    this.text = text;
    this.#marks = emptyMarks();
    const line = new LineWords(text);
    for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) {
      const end = stampEnd(text, at);
      if (end > 0 && text.charCodeAt(end) === SPACE) this.#classify(at, end, line);
    }
    this.#findPlainEnds();
    this.#findErrorLines();
  }

  next(kind: MarkKind, from: number, to: number): Mark | undefined {
    return this.#marks[kind].next(from, to);
  }

  nextPlainEnd(from: number, to: number): number | undefined {
    return this.#plainEnds.next(from, to)?.start;
  }

  /** The next whole line that has a colon and then an error number; `body` and `hit` bound what lies between. */
  nextErrorLine(from: number, to: number): Mark | undefined {
    return this.#errorLines.next(from, to);
  }

  /** The end of the last error number of a line, looking from `from` (if that is on the line) to `lineEnd`. */
  lastErrorEnd(from: number, lineEnd: number): number | undefined {
    let last = -1;
    for (let at = nextErrorBefore(this.text, from, lineEnd); at >= 0;) {
      last = at;
      at = nextErrorBefore(this.text, at + 1, lineEnd);
    }
    return last < 0 ? undefined : errorNumberEnd(this.text, last);
  }

  /** The first time stamp of any kind that begins at or after `from`, and ends before `to`. */
  nextStamp(from: number, to: number): { start: number; end: number } | undefined {
    for (let at = this.text.indexOf('[', from); at >= 0 && at < to; at = this.text.indexOf('[', at + 1)) {
      const end = stampEnd(this.text, at);
      if (end > 0 && end <= to) return { start: at, end };
    }
    return undefined;
  }

  /** The end of the line that `at` stands in, `to` at most. */
  lineEnd(at: number, to: number): number {
    if (at < this.#lineEndFrom || at > this.#lineEnd) {
      const end = this.text.indexOf('\n', at);
      this.#lineEndFrom = at;
      this.#lineEnd = end < 0 ? this.text.length : end;
    }
    return Math.min(this.#lineEnd, to);
  }

  #classify(start: number, end: number, line: LineWords): void {
    const text = this.text;
    const error = line.errorEnd(end + 1);
    if (error !== undefined) this.#add('error_return_code', start, line.colonEnd(end) ?? Infinity, error);
    switch (text.charCodeAt(end + 1)) {
      case SPACE:
        this.#add('trace', start, end + 2);
        break;
      case DASH:
        this.#classifyDashes(start, end + 1);
        break;
      case 0x42: // B
        if (text.startsWith('BUG', end + 1)) this.#add('bug', start, end + 4);
        if (text.startsWith('BUG: ', end + 1)) this.#add('bug_message', start, end + 6);
        break;
      case 0x43: // C
      case 0x63: // c
        if (text.slice(end + 1, end + 12).toLowerCase() === 'call trace:')
          this.#add('call_trace', start, end + 12);
        break;
      case 0x48: // H
        if (text.startsWith('Hardware name: ', end + 1)) this.#add('hardware', start, end + 16);
        break;
      case 0x4b: // K
        if (text.startsWith('Kernel panic', end + 1)) {
          this.#add('kernel_panic', start, end + 13);
          const colon = text.charCodeAt(end + 13) === SPACE ? line.colonEnd(end + 14) : undefined;
          if (colon !== undefined) this.#add('panic_message', start, colon);
        }
        break;
      case 0x4c: // L
        if (text.startsWith('Linux version ', end + 1)) this.#add('linux_version', start, end + 15);
        break;
      case 0x4d: // M
        if (text.startsWith('Modules linked in:', end + 1)) this.#add('modules', start, end + 19);
        break;
      case 0x55: // U
        if (text.startsWith('UBSAN:', end + 1)) {
          this.#add('ubsan', start, end + 7);
          const word = text.charCodeAt(end + 7) === SPACE ? line.inEnd(end + 8) : undefined;
          if (word !== undefined) this.#add('ubsan_message', start, end + 8, word);
        }
        if (text.startsWith('Unable to handle kernel NULL pointer dereference', end + 1))
          this.#add('null_pointer', start, end + 49);
        break;
      case 0x6b: // k
        if (text.startsWith('kernel BUG', end + 1)) this.#add('bug', start, end + 11);
        if (text.startsWith('kernel BUG at ', end + 1)) {
          const bang = line.bangEnd(end + 15);
          if (bang !== undefined) this.#add('bug_at', start, end + 15, bang);
        }
        break;
    }
  }

  #add(kind: MarkKind, start: number, body: number, hit = body): void {
    this.#marks[kind].add(start, body, hit);
  }

  #classifyDashes(start: number, from: number): void {
    let at = from;
    while (this.text.charCodeAt(at) === DASH) at++;
    const three = at - from === 3;
    if (this.text.startsWith('[ cut here ]', at)) this.#add('generic', start, at + 12);
    else if (this.text.startsWith('[ end trace', at)) {
      this.#add('end_trace', start, at + 11);
      if (three) this.#add('end_trace_three', start, at + 11);
    } else if (three && this.text.startsWith('[ end Kernel panic', at))
      this.#add('end_panic', start, at + 18);
  }

  #findPlainEnds(): void {
    const found: [number, number][] = [];
    for (let at = this.text.indexOf(END_TRACE); at >= 0; at = this.text.indexOf(END_TRACE, at + 1)) {
      let start = at;
      while (this.text.charCodeAt(start - 1) === DASH) start--;
      found.push([start, at + END_TRACE.length]);
    }
    for (let at = this.text.indexOf(RULER); at >= 0; at = this.text.indexOf(RULER, at + RULER.length)) {
      found.push([at, at + RULER.length]);
    }
    for (const [start, end] of found.sort(([a], [b]) => a - b)) this.#plainEnds.add(start, end, end);
  }

  #findErrorLines(): void {
    const text = this.text;
    let at = nextError(text, 0);
    while (at >= 0) {
      const lineStart = text.lastIndexOf('\n', at) + 1;
      const lineEnd = this.lineEnd(at, text.length);
      let last = at;
      for (let next = at; next >= 0 && next < lineEnd; next = nextError(text, next + 1)) last = next;
      const colon = this.#colonIn(lineStart, last);
      if (colon !== undefined) this.#errorLines.add(lineStart, colon, errorNumberEnd(text, last));
      at = nextError(text, lineEnd);
    }
  }

  #colonIn(from: number, to: number): number | undefined {
    const colon = this.text.slice(from, to).indexOf(': ');
    return colon < 0 ? undefined : from + colon + 2;
  }
}

// Not beyond the line: the text after it may be long and without any.
function nextErrorBefore(text: string, from: number, lineEnd: number): number {
  if (from >= lineEnd) return -1;
  const at = nextError(text.slice(from, lineEnd), 0);
  return at < 0 ? -1 : from + at;
}

const END_TRACE = '-[ end trace';
const RULER = '='.repeat(80);

function emptyMarks(): Record<MarkKind, MarkList> {
  const kinds: MarkKind[] = [...START_MARKS, ...INNER_MARKS];
  const marks: Partial<Record<MarkKind, MarkList>> = {};
  for (const kind of kinds) marks[kind] = new MarkList();
  return marks as Record<MarkKind, MarkList>;
}
