// The triage of one console text for people and scripts: what Maestro's triage says of it, and separately what our own
// rules find and Maestro's do not.
import { ConsoleReader } from './console-reader.ts';
import { LineTable } from './line-table.ts';
import { LogspecTriage, type LogspecResult, type ParserName } from './logspec.ts';
import { maestroText } from './maestro-text.ts';
import { additional, type Covered } from './merge.ts';
import type { Finding } from './model.ts';
import { OwnScanner, type OwnFinding } from './own.ts';

/** The findings in one console: those of KernelCI's rules, and our own. */
export interface ConsoleTriage {
  logspec: LogspecResult;
  /** The lines of the kernel's reports among `logspec.errors`, which come first there. */
  lines: Covered[];
  own: Finding[];
}

/** Characters. A log up to twice this size is looked at as a whole, a larger one in windows (see scan.ts). */
const WINDOW = 4 * 1024 * 1024;
const PIECE = 32 * 1024;
const MAX_LINES = 50_000;

/** Takes the text line by line, without line breaks; the numbers are the caller's. */
export class ConsoleTriager {
  readonly #logspec: LogspecTriage;
  readonly #reader = new ConsoleReader({ live: false });
  readonly #scanner: OwnScanner;
  readonly #own: OwnFinding[] = [];
  readonly #covered: Covered[] = [];
  readonly #lines: Covered[] = [];
  readonly #table = new LineTable();
  /** Of the piece that is being collected: its parts, and how long they are. */
  #parts: string[] = [];
  #size = 0;
  #length = 0;

  constructor(parser: ParserName) {
    this.#logspec = new LogspecTriage(parser, WINDOW, (type, from, to) => this.#report(type, from, to));
    this.#scanner = new OwnScanner((found) => this.#own.push(found));
  }

  /** `ended`: whether a line break follows the line. */
  line(text: string, number: number, ended = true): void {
    this.#table.add(this.#length, number);
    this.#length += text.length + 1;
    this.#parts.push(text, ended ? '\n' : '');
    this.#size += text.length + 1;
    if (this.#size >= PIECE) this.#push();
    if (text === '') return;
    const clean = maestroText(text);
    this.#scanner.line(this.#reader.read(clean), clean, number);
  }

  end(): ConsoleTriage {
    this.#push();
    const logspec = this.#logspec.end();
    this.#scanner.end();
    return { logspec, lines: this.#lines, own: additional(this.#own, this.#covered) };
  }

  #push(): void {
    this.#logspec.push(this.#parts.join(''));
    this.#parts = [];
    this.#size = 0;
    this.#table.forget(this.#logspec.base);
  }

  #report(type: string, from: number, to: number): void {
    if (this.#lines.length >= MAX_LINES) return;
    const lines = {
      firstLine: this.#table.numberAt(from),
      lastLine: this.#table.numberAt(Math.max(from, to - 1)),
    };
    this.#lines.push(lines);
    if (type !== 'linux.kernel.error_return_code') this.#covered.push(lines);
  }
}
