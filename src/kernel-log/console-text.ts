// The smallest pieces that kernel reports are read with: time stamps, error numbers, words on a line. No regular
// expression here: each search is a single pass whatever the text.

export const SPACE = 0x20;
export const DASH = 0x2d;
const DOT = 0x2e;
const CLOSE = 0x5d;

/**
 * Where the time stamp that begins with the bracket at `at` ends (after its closing bracket), or -1 if it is none:
 * a bracket, one or more of space, digit and dot, a bracket (logspec, utils/defs.py).
 */
export function stampEnd(text: string, at: number): number {
  let i = at + 1;
  for (;;) {
    const char = text.charCodeAt(i);
    if (char === CLOSE) return i > at + 1 ? i + 1 : -1;
    if (char !== SPACE && char !== DOT && !isDigit(char)) return -1;
    i++;
  }
}

/** Whether Python's `\d` takes the character (one UTF-16 unit). */
export function isDigit(char: number): boolean {
  if (char < 0x80) return char >= 0x30 && char <= 0x39;
  return /^\p{Nd}$/u.test(String.fromCharCode(char));
}

/** The next place of `error -` and a digit, or -1. */
export function nextError(text: string, from: number): number {
  let at = text.indexOf(ERROR, from);
  while (at >= 0 && !isDigit(text.charCodeAt(at + ERROR.length))) at = text.indexOf(ERROR, at + 1);
  return at;
}

/** Where the number of the error at `at` ends. */
export function errorNumberEnd(text: string, at: number): number {
  let end = at + ERROR.length;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

const ERROR = 'error -';

/** Words further on the same line. Asked with ever larger places, it goes through the text once for each word. */
export class LineWords {
  readonly #text: string;
  readonly #next = new Map<string, number>();
  #lineEnd = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the first error number at or after `from` ends. */
  errorEnd(from: number): number | undefined {
    const at = this.#find(ERROR, from, nextError);
    return at === undefined ? undefined : errorNumberEnd(this.#text, at);
  }

  colonEnd(from: number): number | undefined {
    return this.#end(': ', from);
  }

  inEnd(from: number): number | undefined {
    return this.#end(' in ', from);
  }

  bangEnd(from: number): number | undefined {
    return this.#end('!', from);
  }

  #end(word: string, from: number): number | undefined {
    const at = this.#find(word, from, (text, start) => text.indexOf(word, start));
    return at === undefined ? undefined : at + word.length;
  }

  #find(word: string, from: number, search: (text: string, from: number) => number): number | undefined {
    let at = this.#next.get(word) ?? -1;
    if (at < from) {
      const found = search(this.#text, from);
      at = found < 0 ? Infinity : found;
      this.#next.set(word, at);
    }
    if (this.#lineEnd < from) {
      const end = this.#text.indexOf('\n', from);
      this.#lineEnd = end < 0 ? this.#text.length : end;
    }
    return at < this.#lineEnd ? at : undefined;
  }
}

/** The first index of a sorted list whose value is at least `value`. */
export function lowerBound(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
