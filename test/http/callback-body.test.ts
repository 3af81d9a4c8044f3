import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallbackBody, CallbackBodyError } from '../../src/http/callback-body.ts';

/** Reads a body that comes in chunks of those sizes, again and again. */
function read(
  text: string,
  sizes: readonly number[],
): { rest: unknown; log: string; logHash: string | undefined } {
  const bytes = Buffer.from(text);
  const body = new CallbackBody();
  const log: string[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    log.push(...body.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return { ...body.end(), log: log.join('') };
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const awkward = fc.oneof(
  text,
  fc.string({
    unit: fc.constantFrom('"', '\\', 'u', 'd', '8', '0', '\ud83d', '\ude00', '\n', '{', '}', ',', 'é'),
  }),
);
const value = fc.jsonValue({ maxDepth: 3 });

describe('the body of a callback', () => {
  it('is read as JSON.parse reads it, wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.nat(),
          results: value,
          log: awkward,
          description: awkward,
          token: awkward,
          definition: awkward,
        }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(undefined, 2),
        (whole, sizes, indent) => {
          const { rest, log } = read(JSON.stringify(whole, null, indent), sizes);
          expect(rest).toEqual(JSON.parse(JSON.stringify({ ...whole, log: '', token: '', definition: '' })));
          expect(log).toBe(whole.log);
        },
      ),
    );
  });

  it('keeps escaped characters that Python writes', () => {
    const log = 'caf\u00e9 \ud83d\ude00 \u2028 "q" \\ \t';
    const ascii = JSON.stringify({ log }).replace(
      /[\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    for (const size of [1, 2, 5, 11, 1000]) expect(read(ascii, [size]).log).toBe(log);
  });

  it('distinguishes two logs, and recognizes the same one again', () => {
    const hash = (log: string, size: number): string | undefined =>
      read(JSON.stringify({ log }), [size]).logHash;
    expect(hash('one', 1)).toBe(hash('one', 100));
    expect(hash('one', 1)).not.toBe(hash('two', 1));
    expect(read('{"id":1}', [3]).logHash).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"id":1'],
    ['a string that does not end', '{"log":"abc'],
    ['more brackets than were opened', '{}}'],
    ['an escape that is none', '{"log":"\\x"}'],
    ['two objects', '{"a":1}{"b":2}'],
    ['depth', `${'['.repeat(100)}${']'.repeat(100)}`],
  ])('that is no JSON is refused: %s', (_what, bad) => {
    for (const size of [1, 7, 1000]) expect(() => read(bad, [size])).toThrow(CallbackBodyError);
  });
});
