// A job's log as plain text for people: the board's console alone, or all with LAVA's own lines and times. Line by
// line, in constant memory; who writes it where is not known here.
import { LineCleaner, readable } from './log-clean.ts';
import type { LogLine } from './model.ts';

/** Turns log lines into text as they come: what each call returns is to be appended. */
export interface LogTransform {
  line: (line: LogLine) => string;
  end: () => string;
}

/** Characters of LAVA's own lines that are kept until the board speaks: the first half, and the last. */
const MAX_KEPT = 1024 * 1024;

/**
 * `log.txt`: what the board wrote, its time stamps with it. If it never wrote anything, LAVA's own lines stand there,
 * so that a failure of the infrastructure has a log.
 */
export function consoleText(): LogTransform {
  const cleaner = new LineCleaner();
  let kept: Kept | undefined = new Kept(MAX_KEPT);
  return {
    line: (line) => {
      const text = cleaner.clean(line);
      if (line.level === 'target') {
        kept = undefined;
        return `${text}\n`;
      }
      kept?.add(fullLine(line, text));
      return '';
    },
    end: () => kept?.text() ?? '',
  };
}

/** The whole log: each line with its time (UTC) and level. */
export function fullText(): LogTransform {
  const cleaner = new LineCleaner();
  return { line: (line) => fullLine(line, cleaner.clean(line)), end: () => '' };
}

function fullLine(line: LogLine, text: string): string {
  const head = `${timeOf(line.at)} ${levelOf(line).padEnd(9)} `;
  return `${head}${text.trimEnd().replaceAll('\n', `\n${' '.repeat(head.length)}`)}\n`;
}

/** `2026-08-21 15:20:23.000`, of milliseconds since the epoch; blank if there is none. */
export function timeOf(at: number | undefined): string {
  if (at === undefined || !Number.isFinite(new Date(at).getTime())) return ' '.repeat(23);
  return new Date(at).toISOString().slice(0, 23).replace('T', ' ');
}

/** The level, and of a feedback line the namespace that it came from. */
export function levelOf(line: LogLine): string {
  return readable(line.namespace === undefined ? line.level : `${line.level} ${line.namespace}`);
}

/** The begin and the end of a text that may be long. */
class Kept {
  readonly #half: number;
  #head = '';
  #tail = '';
  #cut = false;

  constructor(max: number) {
    this.#half = max / 2;
  }

  add(text: string): void {
    if (this.#tail === '' && this.#head.length + text.length <= this.#half) this.#head += text;
    else {
      this.#tail += text;
      if (this.#tail.length > 2 * this.#half) this.#trim();
    }
  }

  text(): string {
    if (this.#tail.length > this.#half) this.#trim();
    return this.#head + (this.#cut ? '[…]\n' : '') + this.#tail;
  }

  #trim(): void {
    const from = this.#tail.indexOf('\n', this.#tail.length - this.#half);
    this.#tail = from < 0 ? this.#tail.slice(-this.#half) : this.#tail.slice(from + 1);
    this.#cut = true;
  }
}
