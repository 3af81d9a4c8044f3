// What logspec reads from the console after the shell's prompt: the baseline test's kernel messages, and kselftest's
// results. Text comes in pieces of whole lines.
import { isDigit } from './console-text.ts';
import { errorSignature } from './signature.ts';
import type { LogspecError } from './logspec.ts';

export interface TestState {
  push: (text: string) => void;
  /** The states, under logspec's names. */
  end: () => Record<string, boolean>;
}

type OnError = (error: LogspecError) => void;

/** From the first call of the script to the end of a second one (which is its own words in the log). */
export class BaselineTest implements TestState {
  readonly #onError: OnError;
  #calls = 0;

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  push(text: string): void {
    let from = 0;
    if (this.#calls === 0) {
      const end = nextCall(text, '/opt/kernelci/dmesg', 0);
      if (end === undefined) return;
      this.#calls = 1;
      from = end;
    }
    if (this.#calls > 1) return;
    const end = nextCall(text, '/opt/kernelci/dmesg', from);
    if (end !== undefined) this.#calls = 2;
    this.#messages(text.slice(from, end));
  }

  end(): Record<string, boolean> {
    return { 'test.baseline.start': this.#calls > 0 };
  }

  #messages(text: string): void {
    for (let at = text.indexOf(KERN); at >= 0;) {
      const end = lineEnd(text, at);
      this.#onError(testError('test.baseline.dmesg', text.slice(at + KERN.length, end), ''));
      at = text.indexOf(KERN, end);
    }
  }
}

const KERN = 'kern  :';

/**
 * From the call of the script to the last result's colon. So a failure is told when a later line with a result shows
 * that it is not the last one, and whole; the last one is cut at its colon, as logspec does.
 */
export class KselftestTest implements TestState {
  readonly #onError: OnError;
  #called = false;
  #started = false;
  /** The text since the last told failure, up to and with the last line that has a result. */
  #text = '';
  /** The text after that line. */
  #after = '';
  /** In #text: where the line's first failure begins, and where its last result's colon ends. */
  #failure = -1;
  #colon = 0;

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  push(text: string): void {
    let from = 0;
    if (!this.#called) {
      const end = nextCall(text, 'kselftest', 0);
      if (end === undefined) return;
      this.#called = true;
      from = end;
    }
    for (let at = nextResult(text, from); at !== undefined;) {
      const end = lineEnd(text, at.start);
      this.#flush(Infinity);
      this.#text = keep(this.#text + this.#after);
      this.#after = '';
      const base = this.#text.length - from;
      this.#text += text.slice(from, end);
      for (; at !== undefined && at.start < end; at = nextResult(text, at.end)) {
        this.#started = true;
        if (at.failed && this.#failure < 0) this.#failure = base + at.start;
        this.#colon = base + at.end;
      }
      from = end;
    }
    this.#after = keep(this.#after + text.slice(from));
  }

  end(): Record<string, boolean> {
    this.#flush(this.#colon);
    return { 'test.kselftest.script_call': this.#called, 'test.kselftest.start': this.#started };
  }

  #flush(to: number): void {
    if (this.#failure < 0) return;
    const report = this.#text.slice(0, to);
    this.#onError(testError('linux.kselftest', report.slice(this.#failure), report));
    this.#text = '';
    this.#failure = -1;
  }
}

/** A report is what stands between two failures; of more than this, the end. */
const MAX_REPORT = 1024 * 1024;

function keep(text: string): string {
  return text.length <= MAX_REPORT ? text : text.slice(-MAX_REPORT);
}

/** Where the next call of a script ends: its name, any one character, `sh`. */
function nextCall(text: string, name: string, from: number): number | undefined {
  for (let at = text.indexOf(name, from); at >= 0; at = text.indexOf(name, at + 1)) {
    const end = at + name.length;
    if (text.startsWith('sh', end + 1) && text.charAt(end) !== '\n') return end + 3;
  }
  return undefined;
}

/** The next `ok N selftests:` or `not ok N selftests:`. */
function nextResult(text: string, from: number): { start: number; end: number; failed: boolean } | undefined {
  for (let at = text.indexOf(SELFTESTS, from); at >= 0; at = text.indexOf(SELFTESTS, at + 1)) {
    let digit = at;
    while (digit > from && isDigit(text.charCodeAt(digit - 1))) digit--;
    const start = digit - 'ok '.length;
    if (digit === at || start < from || !text.startsWith('ok ', start)) continue;
    const failed = start - 'not '.length >= from && text.startsWith('not ', start - 'not '.length);
    return { start: failed ? start - 'not '.length : start, end: at + SELFTESTS.length, failed };
  }
  return undefined;
}

const SELFTESTS = ' selftests:';

function testError(type: string, summary: string, report: string): LogspecError {
  return {
    error_type: type,
    ...(summary === '' ? {} : { error_summary: summary }),
    _signature: errorSignature({ error_type: type, error_summary: summary }),
    _report: report,
  };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
