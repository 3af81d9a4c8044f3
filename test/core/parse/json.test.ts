import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, tryJson } from '../../../src/core/parse/json.ts';
import { PARSE_LIMITS } from '../../../src/core/parse/limits.ts';
import { codeOf } from '../../support/code-of.ts';

const LIMITS = { length: 1_000_000, depth: 8, tokens: 1000 };

describe('JSON', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text, PARSE_LIMITS.file)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each<[string, string, string]>([
    ['too long', `"${'x'.repeat(1_000_000)}"`, 'too_long'],
    ['lists in lists', '['.repeat(9) + ']'.repeat(9), 'too_deep'],
    ['lists that are never closed', '['.repeat(900_000), 'too_deep'],
    ['mappings in mappings', '{"a":'.repeat(9), 'too_deep'],
    ['lists side by side', `[${'[],'.repeat(1000)}[]]`, 'too_complex'],
    ['many values', `[${'1,'.repeat(1001)}1]`, 'too_complex'],
    ['many keys', `{${'"a":1,'.repeat(1000)}"b":1}`, 'too_complex'],
    ['cut off', '{"a": [1,', 'malformed'],
    ['empty', '', 'malformed'],
    ['a string without end', '"\\"', 'malformed'],
  ])('that is %s is refused', (_what, text, code) => {
    expect(codeOf(() => parseJson(text, LIMITS))).toBe(code);
    expect(tryJson(text, LIMITS)).toBeUndefined();
  });

  it('may have brackets and separators in its strings', () => {
    const value = { ['[{:,"\\'.repeat(2000)]: '{'.repeat(2000) };

    expect(parseJson(JSON.stringify(value), LIMITS)).toEqual(value);
  });

  it('that is refused is not repeated in the message', () => {
    const text = '{"password": secret, "a": 1}';

    expect(() => parseJson(text, LIMITS)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.not.stringMatching(/password|secret/) }),
    );
  });

  it('that is refused has its line, where that is known', () => {
    expect(() => parseJson('{\n"a" 1}', LIMITS)).toThrow(
      expect.objectContaining({ code: 'malformed', line: 2 }),
    );
  });
});
