// How many findings of one kind are kept, and how much of each: a log full of errors must not fill the memory, and one type of error
// must not hide another.

const MAX_TYPES = 40;
const MAX_OF_TYPE = 200;
const MAX_OF_KEY = 20;

export class Quota {
  readonly #keys = new Map<string, number>();
  readonly #types = new Map<string, number>();

  /** Counts a finding of `type`; `key` is the same for findings that are alike. Whether it is to be kept. */
  admits(type: string, key: string): boolean {
    const bucket = this.#types.size < MAX_TYPES || this.#types.has(type) ? type : '';
    const ofType = this.#types.get(bucket) ?? 0;
    if (ofType >= MAX_OF_TYPE) return false;
    const alike = this.#keys.get(key) ?? 0;
    if (alike >= MAX_OF_KEY) return false;
    this.#types.set(bucket, ofType + 1);
    // A copy: a key cut from a text would keep all of it in memory.
    this.#keys.set(structuredClone(key), alike + 1);
    return true;
  }
}

/** Characters that the texts of all kept findings take together, before they are cut short. */
const MAX_CHARACTERS_IN_ALL = 4 * 1024 * 1024;
const SHORT_TEXT = 1000;
const SHORT_LIST = 20;
const MAX_FIELD = 4000;

/** Keeps texts of findings within bounds: each, and all together. */
export class TextBudget {
  #left = MAX_CHARACTERS_IN_ALL;

  /** The begin of a report, `max` characters of it while the budget lasts. */
  report(text: string, max: number): string {
    return this.#take(text.slice(0, this.#left > 0 ? max : SHORT_TEXT));
  }

  /** A field's value for people, bounded in length. What makes the signature is not affected: that is made before. */
  field(value: string): string;
  field(value: string | readonly string[] | null): string | string[] | null;
  field(value: string | readonly string[] | null): string | string[] | null {
    if (value === null) return null;
    if (typeof value === 'string') return this.#take(value.slice(0, MAX_FIELD));
    const lines = value.slice(0, this.#left > 0 ? MAX_FIELD : SHORT_LIST);
    return lines.map((line) => this.#take(line.slice(0, SHORT_TEXT)));
  }

  #take(text: string): string {
    this.#left -= text.length;
    return text;
  }
}
