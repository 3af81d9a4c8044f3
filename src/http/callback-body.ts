// Reads the body of a LAVA callback as it comes in, JSON in pieces, without ever holding it whole: the log, which may be
// a hundred times the rest, is passed on piece by piece; the definition (ours is stored) and the token (on LAVA before
// 2024.05 it opens LAVA's API) are left out. What remains is small, and goes through the door for JSON.
import { createHash } from 'node:crypto';
import { TextDecoder } from 'node:util';
import { ByteCollector } from '../core/byte-collector.ts';
import { BridgeError } from '../core/errors.ts';
import { findStringEnd } from '../core/parse/json-string.ts';
import { parseJson } from '../core/parse/json.ts';
import { ParseError, PARSE_LIMITS } from '../core/parse/limits.ts';

/** Bytes of all that is neither log nor left out: results, mostly. */
const MAX_REST = 8 * 1024 * 1024;
const MAX_KEY = 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

type Target = 'rest' | 'log' | 'dropped';

/** What becomes of top-level strings. */
const TARGETS: ReadonlyMap<string, Target> = new Map([
  ['log', 'log'],
  ['definition', 'dropped'],
  ['token', 'dropped'],
]);

/** The body is not what LAVA sends, or too much of it. `code` is `bad_body` or `too_large`. */
export class CallbackBodyError extends BridgeError {}

/** A body that is being read: `push` each chunk, then `end`. Both throw CallbackBodyError. */
export class CallbackBody {
  #tail: Buffer = Buffer.alloc(0);
  readonly #rest = new ByteCollector();
  #depth = 0;
  /** Where the string goes that is being read; undefined: between strings. */
  #string: Target | undefined;
  /** The next string at the top level is a key. */
  #keyIsNext = false;
  #key = '';
  #hasLog = false;
  readonly #logText = new TextDecoder();
  readonly #logHash = createHash('sha256');

  /** Takes the next bytes; gives pieces of the log that are complete. */
  push(chunk: Buffer): string[] {
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const log: string[] = [];
    let at = 0;
    // From here on the bytes are part of the rest and not kept yet.
    let kept = 0;
    while (at < bytes.length) {
      if (this.#string !== undefined) {
        const { end, safe } = findStringEnd(bytes, at);
        if (this.#string === 'log') log.push(this.#decode(bytes.subarray(at, safe)));
        if (this.#string !== 'rest') kept = safe;
        at = safe;
        if (!end) break;
        if (this.#string !== 'rest') kept = at + 1;
        this.#string = undefined;
        at += 1;
      } else if (bytes[at] === QUOTE) {
        if (this.#depth === 1 && this.#keyIsNext) {
          const { end, safe } = findStringEnd(bytes, at + 1);
          if (safe - at > MAX_KEY) throw new CallbackBodyError('bad_body', 'a key in the body is too long');
          if (!end) break;
          this.#key = bytes.toString('latin1', at + 1, safe);
          this.#keyIsNext = false;
          at = safe + 1;
          continue;
        }
        this.#string = this.#depth === 1 ? (TARGETS.get(this.#key) ?? 'rest') : 'rest';
        at += 1;
        if (this.#string === 'rest') continue;
        this.#keep(bytes.subarray(kept, at));
        this.#keep(Buffer.from('"'));
        kept = at;
        if (this.#string === 'log') this.#beginLog();
      } else {
        this.#structure(bytes[at]);
        at += 1;
      }
    }
    this.#keep(bytes.subarray(kept, at));
    this.#tail = bytes.subarray(at);
    return log;
  }

  /** The body without log, definition and token, and what the log was, to distinguish two bodies. */
  end(): { rest: unknown; logHash: string | undefined } {
    if (this.#tail.length > 0 || this.#depth !== 0 || this.#string !== undefined) {
      throw new CallbackBodyError('bad_body', 'the body is not JSON: it ends too early');
    }
    try {
      return {
        rest: parseJson(this.#rest.bytes().toString('utf8'), PARSE_LIMITS.callback),
        logHash: this.#hasLog ? this.#logHash.digest('hex') : undefined,
      };
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      const code = error.code === 'too_complex' ? 'too_large' : 'bad_body';
      throw new CallbackBodyError(code, `the body: ${error.message}`, { cause: error });
    }
  }

  #structure(byte: number | undefined): void {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth += 1;
      if (this.#depth === 1) this.#keyIsNext = true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#depth -= 1;
    } else if (byte === COMMA && this.#depth === 1) {
      this.#keyIsNext = true;
    }
  }

  #beginLog(): void {
    if (this.#hasLog) throw new CallbackBodyError('bad_body', 'the body has two logs');
    this.#hasLog = true;
  }

  /** `bytes`: a part of a JSON string that cuts no escape in two. */
  #decode(bytes: Buffer): string {
    this.#logHash.update(bytes);
    try {
      const text: unknown = JSON.parse(`"${this.#logText.decode(bytes, { stream: true })}"`);
      return String(text);
    } catch (error) {
      throw new CallbackBodyError('bad_body', 'the body is not JSON: its log is no string', { cause: error });
    }
  }

  #keep(bytes: Buffer): void {
    if (this.#rest.size + bytes.length > MAX_REST)
      throw new CallbackBodyError('too_large', `the body without its log is larger than ${MAX_REST} bytes`);
    this.#rest.push(bytes);
  }
}
