// Long strings of JSON, as bytes: found, and read piece by piece, without ever being one text. A string of some megabytes costs
// most of the time in which its document is parsed.
import { ParseError } from './limits.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A document without one of its strings, and that string: what stands between its quotes. */
export interface CutString {
  /** The document, in which the string is empty. */
  rest: Buffer;
  string: Buffer;
}

/**
 * Cuts the string that is the value of `key` out of the object that `bytes` is. undefined: it has none, has several, or this is
 * not sure; then the document has to be parsed as a whole. Nothing of it is checked here.
 */
export function cutString(bytes: Buffer, key: string): CutString | undefined {
  let depth = 0;
  let keyIsNext = false;
  let found: { from: number; to: number } | undefined;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const { end, safe } = findStringEnd(bytes, at + 1);
      if (!end) return undefined;
      const isKey = depth === 1 && keyIsNext;
      const from =
        isKey && bytes.toString('latin1', at + 1, safe) === key ? valueBegin(bytes, safe + 1) : undefined;
      keyIsNext = false;
      at = safe;
      if (from === undefined) continue;
      const value = findStringEnd(bytes, from);
      if (found !== undefined || !value.end) return undefined;
      found = { from, to: value.safe };
      at = value.safe;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      keyIsNext = byte === OPEN_BRACE;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COMMA) keyIsNext = true;
  }
  if (found === undefined) return undefined;
  const { from, to } = found;
  return {
    rest: Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
    string: bytes.subarray(from, to),
  };
}

/** Where the string begins that is the value of the key that ends before `at`; undefined: the value is no string. */
function valueBegin(bytes: Buffer, at: number): number | undefined {
  const colon = skipSpace(bytes, at);
  if (bytes[colon] !== COLON) return undefined;
  const quote = skipSpace(bytes, colon + 1);
  return bytes[quote] === QUOTE ? quote + 1 : undefined;
}

const SPACES: ReadonlySet<number> = new Set(Buffer.from(' \t\n\r'));

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (SPACES.has(bytes[at] ?? 0)) at++;
  return at;
}

/** Bytes of a piece, or somewhat more: it ends with a line. */
const PIECE = 64 * 1024;

/** The text of a string that cutString found, in pieces that end with its lines. Throws ParseError if it is no string of JSON. */
export function* readString(string: Buffer): Generator<string> {
  for (let from = 0; from < string.length;) {
    const to = lineEnd(string, from + PIECE);
    yield parsePiece(string.toString('utf8', from, to));
    from = to;
  }
}

/** Where the first line ends that ends after `from`: after a `\n` that is an escape, not a backslash and a letter. */
function lineEnd(string: Buffer, from: number): number {
  for (let at = string.indexOf(NEWLINE, from); at >= 0; at = string.indexOf(NEWLINE, at + 1)) {
    let slash = at;
    while (slash > 0 && string[slash - 1] === BACKSLASH) slash--;
    if ((at - slash) % 2 === 0) return at + NEWLINE.length;
  }
  return string.length;
}

const NEWLINE = '\\n';

function parsePiece(piece: string): string {
  try {
    return String(JSON.parse(`"${piece}"`));
  } catch {
    throw new ParseError('malformed', 'it is not JSON');
  }
}

/** `end`: the closing quote is at `safe`. Else the string goes on, and up to `safe` it cuts no escape in two. */
export function findStringEnd(bytes: Buffer, from: number): { end: boolean; safe: number } {
  const { length } = bytes;
  let at = from;
  while (at < length) {
    const byte = bytes[at];
    if (byte === QUOTE) return { end: true, safe: at };
    if (byte !== BACKSLASH) at += 1;
    else if (at + 1 < length && bytes[at + 1] !== LETTER_U) at += 2;
    else {
      const escape = escapeLength(bytes, at);
      if (escape === undefined) return { end: false, safe: at };
      at += escape;
    }
  }
  return { end: false, safe: at };
}

/** How many bytes an escape has, both halves of a character together; undefined: not all of it is here yet. */
function escapeLength(bytes: Buffer, at: number): number | undefined {
  const left = bytes.length - at;
  if (left < 2) return undefined;
  if (bytes[at + 1] !== LETTER_U) return 2;
  if (left < 6) return undefined;
  if (!/^d[89ab]/i.test(bytes.toString('latin1', at + 2, at + 4))) return 6;
  // The first half of a character; the second one follows, or not.
  if (left < 8) return bytes[at + 6] === undefined || bytes[at + 6] === BACKSLASH ? undefined : 6;
  if (bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== LETTER_U) return 6;
  return left < 12 ? undefined : 12;
}
