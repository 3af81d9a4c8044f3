// The search for error reports in a console text, as logspec does it: the leftmost start marker, its report, and on
// from the report's end. The text comes in pieces; only a window of it is kept. A report is read when a window's
// length of text after its start is there (or the text ended), so a report without end marker, which for logspec
// reaches to the end of the log, reaches one to two windows far. Everything else is as in the whole text.
import { ConsoleIndex, START_MARKS, type StartMark } from './console-index.ts';
import { parseReport, type Report, type TraceBudget } from './reports.ts';

/** A report that was found. Its offsets are those of `text`, which is what the scanner has of the text at the moment. */
export interface FoundReport {
  report: Report;
  start: number;
  text: string;
  /** Where `text` begins in the whole text. */
  base: number;
}

export class ReportScanner {
  readonly #window: number;
  readonly #onReport: (found: FoundReport) => void;
  readonly #traceLines: number;
  #pieces: string[] = [];
  #length = 0;
  #base = 0;
  /** Reports that begin before this place do not look beyond it; but the last one may, if it is unreadable then. */
  #limit: number | undefined;

  /**
   * `window` in characters. `traceLines`: how many lines of call traces the reports without end marker, each of which
   * has all that follow it, take together in one scan of a window.
   */
  constructor(window: number, traceLines: number, onReport: (found: FoundReport) => void) {
    this.#window = window;
    this.#traceLines = traceLines;
    this.#onReport = onReport;
  }

  /** The next piece of the text: whole lines with their line breaks. */
  push(text: string): void {
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length >= 2 * this.#window) this.#scan(this.#length - this.#window);
  }

  /** What lies before this place of the whole text is done with. */
  get base(): number {
    return this.#base;
  }

  /** Reports that began so far end here if they can. */
  limit(): void {
    this.#limit ??= this.#length;
  }

  /** The text is at its end. */
  end(): void {
    this.#scan(this.#length);
  }

  #scan(decideBefore: number): void {
    const text = this.#pieces.join('');
    const next = this.#reports(new ConsoleIndex(text), decideBefore);
    this.#pieces = next < text.length ? [text.slice(next)] : [];
    this.#length = text.length - next;
    this.#base += next;
    if (this.#limit !== undefined) this.#limit -= next;
  }

  /** Whether no other report begins before the limit. */
  #isLast(index: ConsoleIndex, from: number, limit: number): boolean {
    return findStart(index, from, limit, START_MARKS) === undefined;
  }

  #reports(index: ConsoleIndex, decideBefore: number): number {
    const to = index.text.length;
    const budget: TraceBudget = { left: this.#traceLines };
    let at = 0;
    for (;;) {
      const start = findStart(index, at, to, START_MARKS);
      if (start === undefined) return to;
      if (start.at >= decideBefore) return start.at;
      const soft = this.#limit !== undefined && start.at < this.#limit ? this.#limit : to;
      let found = readReport(index, start, soft, budget);
      if (found.report === undefined && soft < to && this.#isLast(index, found.next, soft)) {
        found = readReport(index, start, to, budget);
      }
      const { report } = found;
      if (report !== undefined) {
        this.#onReport({ report, start: start.at, text: index.text, base: this.#base });
      }
      at = found.next;
    }
  }
}

interface Start {
  kind: StartMark;
  at: number;
  /** Where the search goes on if there is no report. */
  end: number;
}

function findStart(
  index: ConsoleIndex,
  from: number,
  to: number,
  kinds: readonly StartMark[],
): Start | undefined {
  let first: Start | undefined;
  for (const kind of kinds) {
    const mark = index.next(kind, from, to);
    if (mark !== undefined && (first === undefined || mark.start < first.at)) {
      first = { kind, at: mark.start, end: mark.hit };
    }
  }
  return first;
}

function readReport(
  index: ConsoleIndex,
  start: Start,
  to: number,
  budget: TraceBudget,
): { report: Report | undefined; next: number } {
  if (start.kind !== 'generic') {
    const report = parseReport(start.kind, index, start.at, to, budget);
    return { report, next: report?.end ?? start.end };
  }
  const lineEnd = index.lineEnd(start.at, to);
  const end = index.next('end_trace', lineEnd, to)?.hit;
  // A cut-here block may hold a more precise report, which then stands for it, even if it is unreadable.
  const inner = end === undefined ? undefined : findStart(index, lineEnd, end, SPECIFIC_MARKS);
  if (end !== undefined && inner !== undefined) {
    return { report: parseReport(inner.kind, index, inner.at, end, budget), next: end };
  }
  const report = parseReport('generic', index, start.at, to, budget);
  return { report, next: report?.end ?? lineEnd };
}

const SPECIFIC_MARKS = START_MARKS.filter((kind) => kind !== 'generic');
