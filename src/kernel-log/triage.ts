// The triage of a job's console for its verdict: the `target` lines one after the other, in constant memory and linear
// time, whatever they hold. Finds what Maestro's triage finds, with the same signatures, in every phase of the job
// (not only before the shell's prompt), and what our own rules know.
//
// Bounds: a report is looked at as far as one to two windows (64 to 128 Ki characters) after its first line; of one
// summary 20 findings are kept, of one type 200; a report's text is cut at 64 Ki characters, all together at 4 Mi.
import { ConsoleReader, type ReadLine } from './console-reader.ts';
import { lowerBound } from './console-text.ts';
import { LineTable } from './line-table.ts';
import { bootMarkEnd, PROMPT } from './logspec.ts';
import { maestroText } from './maestro-text.ts';
import { additional, type Covered } from './merge.ts';
import type { Finding } from './model.ts';
import { OwnScanner, type OwnFinding } from './own.ts';
import { Quota, TextBudget } from './quota.ts';
import { hasEnd, type Report } from './reports.ts';
import { ReportScanner, type FoundReport } from './scan.ts';
import type { ReportClass } from './kernel-report.ts';
import { Signatures } from './signature.ts';

/** Takes the lines of a console, and gives the findings in it. */
export interface Triage {
  /**
   * The next `target` line's text as LAVA has it, and the number that findings shall name it by. Says what the kernel has to
   * do with it; of a text of several lines, what the one says that a report begins with.
   */
  line: (text: string, number: number) => ReadLine;
  /** A kernel starts: its time begins again. */
  restart: () => void;
  /** Whether the kernel writes time stamps: then a line without one is not the kernel's. */
  stamped: () => boolean;
  /** All findings, in the order of their first lines. Nothing may come after it. */
  end: () => Finding[];
}

const WINDOW = 64 * 1024;
const PIECE = 32 * 1024;
const MAX_TRACE = 5000;
const MAX_REPORT = 64 * 1024;
const MAX_COVERED = 50_000;

/** `window` in characters; tests make it small. */
export function createTriage({ window = WINDOW }: { window?: number } = {}): Triage {
  const known = new LogspecFindings(window);
  const own: OwnFinding[] = [];
  const scanner = new OwnScanner((found) => own.push(found));
  const reader = new ConsoleReader({ live: true });
  const one = (text: string, number: number): ReadLine => {
    const line = reader.read(text);
    // A line that two consoles wrote is one.
    if (!line.double) known.line(text, number, line.stamp !== undefined && !line.kernels);
    scanner.line(line, text, number);
    return line;
  };
  return {
    line: (text, number) => {
      const clean = maestroText(text);
      if (clean === '') return EMPTY_LINE;
      if (!clean.includes('\n')) return one(clean, number);
      const lines = clean.split('\n').map((line) => one(line, number));
      return lines.find((line) => line.head !== undefined) ?? lines[0] ?? EMPTY_LINE;
    },
    restart: () => reader.restart(),
    stamped: () => reader.stamped,
    end: () => {
      scanner.end();
      const { findings, covered } = known.end();
      return [...findings, ...additional(own, covered)].sort((a, b) => a.firstLine - b.firstLine);
    },
  };
}

/** logspec's rules over the stream of lines. */
class LogspecFindings {
  readonly #scanner: ReportScanner;
  readonly #quota = new Quota();
  readonly #budget = new TextBudget();
  readonly #findings: Finding[] = [];
  readonly #covered: Covered[] = [];
  readonly #signatures = new Signatures();
  readonly #lines = new LineTable();
  readonly #shown = new LineRanges();
  /** Of the piece that is being collected: its parts, and how long they are. */
  #parts: string[] = [];
  #size = 0;
  #length = 0;
  #phase: 'boot' | 'kernel' | 'prompt' = 'boot';

  constructor(window: number) {
    this.#scanner = new ReportScanner(window, MAX_TRACE, (found) => this.#report(found));
  }

  /** `shown`: the kernel wrote it elsewhere (`dmesg` in a test). Maestro finds it too, but it is no issue of this place. */
  line(text: string, number: number, shown: boolean): void {
    if (shown) this.#shown.add(number);
    this.#lines.add(this.#length, number);
    this.#length += text.length + 1;
    if (this.#phase === 'boot' && bootMarkEnd(text) !== undefined) this.#phase = 'kernel';
    const prompt = this.#phase === 'kernel' ? text.indexOf(PROMPT) : -1;
    if (prompt >= 0) this.#reachPrompt(text.slice(0, prompt));
    this.#add(prompt < 0 ? text : text.slice(prompt), '\n');
    if (this.#size >= PIECE) this.#push();
  }

  end(): { findings: Finding[]; covered: Covered[] } {
    this.#push();
    this.#scanner.end();
    return { findings: this.#findings, covered: this.#covered };
  }

  // For Maestro's triage of a boot the log ends here, so the reports of the boot do too.
  #reachPrompt(before: string): void {
    this.#phase = 'prompt';
    this.#add(before, '');
    this.#push();
    this.#scanner.limit();
  }

  #add(text: string, end: string): void {
    this.#parts.push(text, end);
    this.#size += text.length + end.length;
  }

  #push(): void {
    this.#scanner.push(this.#parts.join(''));
    this.#parts = [];
    this.#size = 0;
    this.#lines.forget(this.#scanner.base);
  }

  #report({ report, start, text, base }: FoundReport): void {
    const firstLine = this.#lines.numberAt(base + start);
    const lastLine = this.#lines.numberAt(base + Math.max(start, report.end - 1));
    const issue = report.errorType !== 'linux.kernel.error_return_code' && !this.#shown.has(firstLine);
    if (issue && this.#covered.length < MAX_COVERED) {
      this.#covered.push({ firstLine, lastLine: hasEnd(report) ? lastLine : firstLine });
    }
    if (!this.#quota.admits(report.errorType, report.summary)) return;
    const signature = this.#signatures.of(report.signatureFields);
    this.#findings.push(
      toFinding(report, { start, text, signature, firstLine, lastLine, issue }, this.#budget),
    );
  }
}

/** Numbers of lines, given in rising order; neighbours take no more room than one. */
class LineRanges {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  add(number: number): void {
    const last = this.#to.length - 1;
    if (last >= 0 && number - (this.#to[last] ?? 0) <= 1) this.#to[last] = number;
    else if (last < MAX_COVERED) {
      this.#from.push(number);
      this.#to.push(number);
    }
  }

  has(number: number): boolean {
    const i = lowerBound(this.#from, number + 1) - 1;
    return i >= 0 && number <= (this.#to[i] ?? -1);
  }
}

const EMPTY_LINE: ReadLine = {
  stamp: undefined,
  caller: '',
  message: '',
  before: '',
  torn: false,
  kernels: false,
  head: undefined,
  double: false,
  fragment: false,
};

const CLASSES: Readonly<Record<string, ReportClass>> = {
  'linux.kernel.panic': 'final',
  'linux.kernel.bug': 'deadly',
  'linux.kernel.null_pointer_dereference': 'deadly',
};

/** Of logspec's types. What it reads between `[ cut here ]` and the end is a warning, whatever its first word. */
function classOf(errorType: string): ReportClass {
  return CLASSES[errorType] ?? 'survived';
}

interface Place {
  start: number;
  text: string;
  signature: string;
  firstLine: number;
  lastLine: number;
  issue: boolean;
}

function toFinding(report: Report, place: Place, budget: TextBudget): Finding {
  const { start, text, signature, firstLine, lastLine, issue } = place;
  const [from, to] = hasEnd(report) ? [report.reportFrom, report.reportTo] : [start, report.end];
  const summary = budget.field(report.summary);
  const all = { error_type: report.errorType, error_summary: summary, ...report.fields };
  const fields = Object.entries(all).flatMap(([name, value]) =>
    isEmpty(value) ? [] : [[name, budget.field(value)]],
  );
  const signed = Object.entries(report.signatureFields).filter(([, value]) => !isEmpty(value));
  // A copy: strings cut from the window would keep all of it in memory.
  return structuredClone({
    by: 'logspec',
    class: classOf(report.errorType),
    errorType: report.errorType,
    summary,
    signature,
    report: budget.report(text.slice(from, to), MAX_REPORT),
    firstLine,
    lastLine,
    issue,
    fields: Object.fromEntries(fields) as Record<string, unknown>,
    signatureFields: Object.fromEntries(
      signed.map(([name, value]) => [name, typeof value === 'boolean' ? value : budget.field(value)]),
    ),
    categories: [`runtime.${report.errorType.replace(/^linux\.kernel\.?/, '') || 'report'}`],
  });
}

function isEmpty(value: unknown): boolean {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0);
}
