// Which line an offset of a text lies in, for a text that is kept only in part.
import { lowerBound } from './console-text.ts';

/** Lines are added in order; offsets count from the begin of the whole text. */
export class LineTable {
  #starts: number[] = [];
  #numbers: number[] = [];

  /** A line that begins at `offset` is called `number`. */
  add(offset: number, number: number): void {
    this.#starts.push(offset);
    this.#numbers.push(number);
  }

  /** The number of the line that `offset` lies in. */
  numberAt(offset: number): number {
    return this.#numbers[lowerBound(this.#starts, offset + 1) - 1] ?? this.#numbers[0] ?? 0;
  }

  /** Offsets before this one are not looked up any more. */
  forget(offset: number): void {
    const gone = lowerBound(this.#starts, offset + 1) - 1;
    // Not for a few: the rest is copied.
    if (gone < 10_000) return;
    this.#starts = this.#starts.slice(gone);
    this.#numbers = this.#numbers.slice(gone);
  }
}
