import { describe, expect, it } from 'vitest';
import { cutString, readString } from '../../../src/core/parse/json-string.ts';

function cut(text: string): { rest: string; string: string } | undefined {
  const found = cutString(Buffer.from(text), 'log');
  return found && { rest: found.rest.toString(), string: [...readString(found.string)].join('') };
}

describe('a string of a JSON document, cut out as bytes', () => {
  it.each([
    ['at the end', '{"id":1,"log":"a\\nb"}', '{"id":1,"log":""}', 'a\nb'],
    ['at the begin, with spaces', ' { "log" :\n\t"x" , "id": 1}', ' { "log" :\n\t"" , "id": 1}', 'x'],
    ['empty', '{"log":""}', '{"log":""}', ''],
    [
      'among others that hold its key',
      '{"a":"\\"log\\":\\"no\\"","b":{"log":"no"},"c":["log","no"],"log":"yes"}',
      '{"a":"\\"log\\":\\"no\\"","b":{"log":"no"},"c":["log","no"],"log":""}',
      'yes',
    ],
  ])('is found %s', (_where, text, rest, string) => {
    expect(cut(text)).toEqual({ rest, string });
  });

  it.each([
    ['there is none', '{"id":1}'],
    ['it is no string', '{"log":null}'],
    ['it is there twice', '{"log":"a","log":"b"}'],
    ['it does not end', '{"log":"a\\"'],
    ['an escape in it does not end', '{"log":"\\u12"}'],
    ['the document is a list', '["log","a"]'],
    ['the text is no JSON', '{"log" "a"}'],
  ])('is left where it stands if %s', (_why, text) => {
    expect(cut(text)).toBeUndefined();
  });

  it('is the same in pieces as in one, whatever is escaped in it', () => {
    const lines = Array.from(
      { length: 9000 },
      (_, i) => `${i} "quoted" \\n no end of a line \\\\ 🐧 é \u0007 ${'\\'.repeat(i % 5)}`,
    );
    const log = lines.join('\n');
    const found = cutString(Buffer.from(JSON.stringify({ id: 1, log })), 'log');
    const pieces = [...readString(found?.string ?? Buffer.alloc(0))];

    expect(pieces.join('')).toBe(log);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.slice(0, -1).every((piece) => piece.endsWith('\n'))).toBe(true);
  });

  it.each(['\\x', '\u0001', '\\u12 text'])('is refused with %j in it', (text) => {
    const found = cutString(Buffer.from(`{"log":"${text}"}`), 'log');

    expect(() => [...readString(found?.string ?? Buffer.alloc(0))]).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });
});
