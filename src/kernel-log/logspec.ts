// Triage as Maestro does it: the states that a boot went through and the errors on the way, by the rules of logspec
// and with its field names and signatures. Three of its parsers: a boot; a boot and the baseline test; a boot and a
// kselftest.
import { stampEnd } from './console-text.ts';
import { hasEnd, type Report } from './reports.ts';
import { ReportScanner, type FoundReport } from './scan.ts';
import { Signatures, stateSignature } from './signature.ts';
import { BaselineTest, KselftestTest, type TestState } from './test-states.ts';

/** The names of logspec's parsers that are known here. */
export const PARSERS = ['generic_linux_boot', 'test_baseline', 'test_kselftest'] as const;
/** The name of one of logspec's parsers. */
export type ParserName = (typeof PARSERS)[number];

/** An error with logspec's own field names; what is empty text there is left out. */
export interface LogspecError {
  error_type: string;
  error_summary?: string;
  [field: string]: string | string[] | null | undefined;
  _signature: string;
  _report: string;
}

/** What logspec says of a log. States that were not reached are not there. */
export interface LogspecResult {
  'bootloader.done': boolean;
  'linux.boot.kernel_started'?: boolean;
  'linux.boot.prompt'?: boolean;
  'test.baseline.start'?: boolean;
  'test.kselftest.script_call'?: boolean;
  'test.kselftest.start'?: boolean;
  errors: LogspecError[];
  /** Of the states. The same for every log that got equally far. */
  _signature: string;
}

/** More errors than this are not reported: a log of nothing but errors has one in twelve characters. */
const MAX_ERRORS = 50_000;
const MAX_TRACE_LINES = 200_000;

/** The triage of a whole console text. Never throws; takes linear time. */
export function triageText(text: string, parser: ParserName): LogspecResult {
  const triage = new LogspecTriage(parser, Infinity);
  triage.push(text);
  return triage.end();
}

/** The same for a text that comes in pieces of whole lines; see scan.ts for what the window (characters) means. */
export class LogspecTriage {
  readonly #errors: LogspecError[] = [];
  readonly #signatures = new Signatures();
  readonly #scanner: ReportScanner;
  readonly #test: TestState | undefined;
  readonly #start = new KernelStart();
  readonly #onReport: ((errorType: string, from: number, to: number) => void) | undefined;
  /** How much was pushed, and where in it the kernel's part begins. */
  #length = 0;
  #kernelAt = 0;
  #state: 'boot' | 'kernel' | 'test' = 'boot';

  /** `onReport` is called for each kernel report, with where it begins and ends in the text (without an end: a place after). */
  constructor(
    parser: ParserName,
    window: number,
    onReport?: (errorType: string, from: number, to: number) => void,
  ) {
    this.#onReport = onReport;
    this.#scanner = new ReportScanner(window, MAX_TRACE_LINES, (found) => this.#report(found));
    const onError = (type: string, summary: string, report: string): void =>
      this.#testError(type, summary, report);
    if (parser === 'test_baseline') this.#test = new BaselineTest(onError);
    if (parser === 'test_kselftest') this.#test = new KselftestTest(onError);
  }

  push(text: string): void {
    this.#length += text.length;
    if (this.#state === 'boot') {
      const end = bootMarkEnd(text);
      if (end === undefined) return;
      this.#state = 'kernel';
      this.#kernelAt = this.#length - text.length + end;
      this.#kernel(text.slice(end));
    } else if (this.#state === 'kernel') this.#kernel(text);
    else this.#test?.push(text);
  }

  /** Nothing more is reported of what lies before this place of the text. */
  get base(): number {
    return this.#state === 'kernel' ? this.#kernelAt + this.#scanner.base : this.#length;
  }

  end(): LogspecResult {
    if (this.#state === 'kernel') this.#scanner.end();
    const states: Record<string, boolean> = { 'bootloader.done': this.#state !== 'boot' };
    if (this.#state !== 'boot') {
      const prompt = this.#state === 'test';
      states['linux.boot.kernel_started'] = prompt || this.#start.seen;
      states['linux.boot.prompt'] = prompt;
      if (prompt) Object.assign(states, this.#test?.end());
    }
    return {
      ...states,
      'bootloader.done': this.#state !== 'boot',
      errors: this.#errors,
      _signature: stateSignature(states),
    };
  }

  #kernel(text: string): void {
    const prompt = text.indexOf(PROMPT);
    if (prompt < 0) {
      this.#start.push(text);
      this.#scanner.push(text);
      return;
    }
    this.#scanner.push(text.slice(0, prompt));
    this.#scanner.end();
    this.#state = 'test';
    this.#test?.push(text.slice(prompt + PROMPT.length));
  }

  #report({ report, start, text, base }: FoundReport): void {
    const from = this.#kernelAt + base;
    this.#onReport?.(report.errorType, from + start, from + (hasEnd(report) ? report.end : start + 1));
    if (this.#errors.length >= MAX_ERRORS) return;
    const signature = this.#signatures.of(report.signatureFields);
    // A copy: strings cut from the window would keep all of it in memory.
    this.#errors.push(structuredClone(logspecError(report, text, signature)));
  }

  #testError(type: string, summary: string, report: string): void {
    if (this.#errors.length >= MAX_ERRORS) return;
    const error: LogspecError = {
      error_type: type,
      ...(summary === '' ? {} : { error_summary: summary }),
      _signature: this.#signatures.of({ error_type: type, error_summary: summary }),
      _report: report,
    };
    this.#errors.push(structuredClone(error));
  }
}

/** The text that logspec takes for a shell's prompt. */
export const PROMPT = '/ #';

/** A report with logspec's field names. */
function logspecError(report: Report, text: string, signature: string): LogspecError {
  const fields = Object.entries(report.fields).filter(([, value]) => value !== '');
  return {
    error_type: report.errorType,
    ...(report.summary === '' ? {} : { error_summary: report.summary }),
    ...Object.fromEntries(fields),
    _signature: signature,
    _report: text.slice(report.reportFrom, report.reportTo),
  };
}

/** Where the first sign that the boot loader hands over to the kernel ends; undefined if there is none. */
export function bootMarkEnd(text: string): number | undefined {
  let first = Infinity;
  let end: number | undefined;
  const take = (at: number, to: number): void => {
    if (at >= first) return;
    first = at;
    end = to;
  };
  for (const { words, more } of HANDOVERS) {
    const at = nextWords(text, words, more);
    if (at >= 0) take(at, at + words.length + more);
  }
  for (let at = text.indexOf(BOOTING); at >= 0; at = text.indexOf(BOOTING, at + 1)) {
    const stamp = stampBefore(text, at);
    if (stamp === undefined) continue;
    take(stamp, at + BOOTING.length);
    break;
  }
  return end;
}

/** Followed by so many characters of any kind on the same line (logspec's dots are not escaped). */
const HANDOVERS = [
  { words: 'Starting kernel ', more: 3 },
  { words: 'jumping to kernel', more: 0 },
  { words: 'Booting from ROM', more: 3 },
];
const BOOTING = ' Booting Linux';

function nextWords(text: string, words: string, more: number): number {
  let at = text.indexOf(words);
  for (; at >= 0; at = text.indexOf(words, at + 1)) {
    const rest = text.slice(at + words.length, at + words.length + more);
    if (rest.length === more && !rest.includes('\n')) return at;
  }
  return -1;
}

/** The begin of the time stamp that ends at `end`. */
function stampBefore(text: string, end: number): number | undefined {
  if (text.charAt(end - 1) !== ']') return undefined;
  const at = text.slice(Math.max(0, end - MAX_STAMP), end).lastIndexOf('[');
  const start = at < 0 ? -1 : Math.max(0, end - MAX_STAMP) + at;
  return start >= 0 && stampEnd(text, start) === end ? start : undefined;
}

const MAX_STAMP = 100;

/**
 * Whether the kernel said anything: the whole line after the boot loader's begins with a time stamp, or one further
 * on is the kernel's version. (Where nothing at all follows the boot loader's line logspec throws; here it is "no".)
 */
class KernelStart {
  seen = false;
  #line = 0;

  push(text: string): void {
    if (this.seen) return;
    let from = 0;
    for (; this.#line < 2; this.#line++) {
      const end = text.indexOf('\n', from);
      if (end < 0) return;
      if (this.#line === 1 && startsWithStamp(text, from)) this.seen = true;
      if (this.#line === 0) from = end + 1;
    }
    const version = ' Linux version ';
    for (let at = text.indexOf(version, from); at >= 0 && !this.seen; at = text.indexOf(version, at + 1)) {
      this.seen = stampBefore(text, at) !== undefined;
    }
  }
}

function startsWithStamp(text: string, at: number): boolean {
  const end = text.charAt(at) === '[' ? stampEnd(text, at) : -1;
  return end > 0 && text.charAt(end) === ' ';
}
