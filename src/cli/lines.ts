// The lines of a stream, each bounded: a line that is too long is reported as such, and not kept.
import { z } from 'zod';

const NEWLINE = 10;

/** Yields each line as text, without its end; undefined for one longer than `maxBytes`. */
export async function* textLines(
  input: AsyncIterable<unknown>,
  maxBytes: number,
): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (piece: Buffer): void => {
    size += piece.length;
    if (size <= maxBytes) parts.push(piece);
    else parts = [];
  };
  const finish = (): string | undefined => {
    const line = size > maxBytes ? undefined : Buffer.concat(parts).toString('utf8').trim();
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of input) {
    const bytes = z.union([z.instanceof(Buffer), z.string().transform((s) => Buffer.from(s))]).parse(chunk);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      take(bytes.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    take(bytes.subarray(start));
  }
  if (size > 0) yield finish();
}
