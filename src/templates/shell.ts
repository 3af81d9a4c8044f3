// Quoting for the POSIX shell: test steps run as root on the board, post-processing on the lab's host.
import { RequestError } from '../core/errors.ts';

const PLAIN = /^[A-Za-z0-9_/:=.,@%+-]+$/;

/** One shell word that means exactly `text`. Throws RequestError `bad_text` for NUL, which no shell word can hold. */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RequestError('bad_text', 'a shell word cannot hold a NUL character');
  if (PLAIN.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
