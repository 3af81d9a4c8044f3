// What logspec reads from the console after the shell's prompt: the baseline test's kernel messages, and kselftest's
// results. Text comes in pieces of whole lines.
import { isDigit } from './console-text.ts';

export interface TestState {
  push: (text: string) => void;
  /** The states, under logspec's names. */
  end: () => Record<string, boolean>;
}

type OnError = (type: string, summary: string, report: string) => void;

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
      this.#onError('test.baseline.dmesg', text.slice(at + KERN.length, end), '');
      at = text.indexOf(KERN, end);
    }
  }
}

const KERN = 'kern  :';

/**
 * From the call of the script to the last result's colon. So a failure is reported when a later line with a result shows
 * that it is not the last one, and whole; the last one is cut at its colon, as logspec does.
 */
export class KselftestTest implements TestState {
  readonly #onError: OnError;
  #called = false;
  #started = false;
  /** The text since the last reported failure, or since the call; without the lines of `#failed`. */
  #before = '';
  /** The last line with a result, if it has a failure: what stands before it, the line, and its last result's colon. */
  #failed: { before: string; line: string; failure: number; colon: number } | undefined;

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
      this.#started = true;
      this.#reportFailure(Infinity);
      const end = lineEnd(text, at.start);
      const line = text.slice(from, end);
      let failure = -1;
      let colon = 0;
      for (; at !== undefined && at.start < end; at = nextResult(text, at.end)) {
        if (at.failed && failure < 0) failure = at.start - from;
        colon = at.end - from;
      }
      if (failure < 0) this.#keep(line);
      else {
        this.#failed = { before: this.#before, line, failure, colon };
        this.#before = '';
      }
      from = end;
    }
    this.#keep(text.slice(from));
  }

  end(): Record<string, boolean> {
    this.#reportFailure(this.#failed?.colon ?? 0);
    return { 'test.kselftest.script_call': this.#called, 'test.kselftest.start': this.#started };
  }

  #reportFailure(to: number): void {
    if (this.#failed === undefined) return;
    const { before, line, failure } = this.#failed;
    this.#failed = undefined;
    this.#onError('linux.kselftest', line.slice(failure, to), before + line.slice(0, to));
  }

  #keep(text: string): void {
    this.#before += text;
    if (this.#before.length > 2 * MAX_REPORT) this.#before = this.#before.slice(-MAX_REPORT);
  }
}

/** A report is what stands between two failures; of much more than this, the end. */
const MAX_REPORT = 1024 * 1024;

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

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
