// How many findings of one kind are kept: a log of nothing but errors shall take no memory, and one type of error
// shall not hide another.

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
    this.#keys.set(key, alike + 1);
    return true;
  }
}
