// Bytes that come in pieces, kept as one: so what a piece costs is its bytes alone, however small who sends them makes it.
import { Buffer } from 'node:buffer';

const FIRST = 16 * 1024;

/** Collects the pieces of a body; its size is known at any time. */
export class ByteCollector {
  #buffer = Buffer.allocUnsafe(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST, size, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#size);
    this.#size = size;
  }

  /** All of them so far. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }
}
