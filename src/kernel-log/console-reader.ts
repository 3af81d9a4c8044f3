// Reads a board's console line by line and says of each line whether the kernel wrote it, now, and whether a report of
// the kernel begins with it. The one reader for triage and verdict: a report that one of them knows, the other knows.
import { findStamp, isShellTrace, isShown, readConsoleLine, type ConsoleLine } from './console-line.ts';
import { matchReport, type Match } from './report-table.ts';

/** A console line with what the kernel has to do with it. */
export interface ReadLine extends ConsoleLine {
  /** The kernel may have written it, now: not a program, a shell, or a line that is shown again. */
  kernels: boolean;
  /** The report that begins with it. Only in a line of the kernel's. */
  head: Match | undefined;
  /** The line before, once more: two consoles write on one UART. */
  double: boolean;
  /** What the kernel leaves of its lines: half a time stamp, the note that messages were dropped. No program wrote it. */
  fragment: boolean;
}

// A kernel's time goes on. A line that is older (seconds) than others before it is shown again: `dmesg` in a test.
const REPLAYED = 10;
// Some kernels begin with a time stamp below zero, which is printed as a huge one.
const LAST_STAMP = 1e9;
/** After so many different lines that stood twice each, one after the other, two consoles write on one UART. */
const PAIRS = 3;
const MAX_HEADS = 2000;

export class ConsoleReader {
  readonly #live: boolean;
  readonly #doubles = new Doubles();
  readonly #heads = new Set<string>();
  #stamped = false;
  #newest = 0;

  /** `live`: the console as it was written, with the time at which; else a text in which a kernel may start over. */
  constructor({ live }: { live: boolean }) {
    this.#live = live;
  }

  /** Whether the kernel writes time stamps: then a line without one is not the kernel's. */
  get stamped(): boolean {
    return this.#stamped;
  }

  /** A kernel starts: its time begins again. */
  restart(): void {
    this.#newest = 0;
    this.#heads.clear();
  }

  read(raw: string): ReadLine {
    const line = readConsoleLine(raw);
    if (isShellTrace(raw))
      return { ...line, kernels: false, head: undefined, double: false, fragment: false };
    if (line.stamp === undefined) return this.#unstamped(line);
    this.#stamped = true;
    const double = this.#doubles.isDouble(raw);
    const kernels = !double && this.#isNow(line, line.stamp);
    const match = kernels ? this.#match(line) : undefined;
    const head = match && this.#isNew(line, match) ? match : undefined;
    return { ...line, kernels, head, double, fragment: false };
  }

  #unstamped(line: ConsoleLine): ReadLine {
    const fragment = this.#stamped && isFragment(line.message);
    const kernels = !this.#stamped;
    const match = kernels || couldBeEarly(line.message) ? matchReport(line.message) : undefined;
    const head = kernels || match?.report.early === true ? match : undefined;
    return { ...line, kernels: kernels || head !== undefined, head, double: false, fragment };
  }

  /** The report's head, also behind a kernel line that was cut short by it. */
  #match(line: ConsoleLine): Match | undefined {
    const match = matchReport(line.message);
    if (match !== undefined || !line.message.includes('[')) return match;
    const inner = findStamp(line.message, 0);
    const newer = inner?.stamp !== undefined && inner.stamp >= (line.stamp ?? 0);
    return newer ? matchReport(inner.message) : undefined;
  }

  #isNow(line: ConsoleLine, stamp: number): boolean {
    const { before, torn } = line;
    if (before !== '' && (isShown(line) || stamp < this.#newest)) return false;
    // What a torn stamp has left of its digits says nothing.
    if (torn) {
      line.stamp = Math.max(stamp, this.#newest);
      return true;
    }
    if (!this.#live && line.message.startsWith('Linux version ')) this.#newest = 0;
    if (stamp > this.#newest && stamp < LAST_STAMP) this.#newest = stamp;
    return !this.#live || stamp >= this.#newest - REPLAYED;
  }

  /** A report that is shown again right after it was written has the same stamp and the same words. */
  #isNew({ stamp, message }: ConsoleLine, { report }: Match): boolean {
    if (stamp === undefined || report.partOnly) return true;
    const key = `${stamp} ${message.slice(0, 200)}`;
    if (this.#heads.has(key)) return false;
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
    this.#heads.add(Buffer.from(key, 'utf16le').toString('utf16le'));
    return true;
  }
}

/** Recognizes a console on which every line stands twice. One line that a kernel repeats is another matter. */
class Doubles {
  #last = '';
  #lastPair = '';
  #repeated = false;
  #pairs = 0;

  isDouble(raw: string): boolean {
    if (raw === this.#last && !this.#repeated) {
      this.#repeated = true;
      if (raw === this.#lastPair) this.#pairs = 0;
      else this.#pairs++;
      this.#lastPair = raw;
      return this.#pairs > PAIRS;
    }
    if (!this.#repeated) this.#pairs = 0;
    this.#repeated = false;
    this.#last = raw;
    return false;
  }
}

// kernel/printk/printk.c, console_unlock(): "** 12 printk messages dropped **".
const FRAGMENT = /^(?:\[[ \d.]{0,20}|\*\* \d{1,10} printk messages dropped \*\*)\s*$/;

function isFragment(message: string): boolean {
  const first = message.charCodeAt(0);
  return (first === BRACKET || first === STAR) && FRAGMENT.test(message);
}

const BRACKET = 0x5b;
const STAR = 0x2a;

function couldBeEarly(message: string): boolean {
  return message.startsWith('PANIC: early');
}
