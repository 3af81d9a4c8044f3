import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithinDepth, parseJson, readJson } from '../../src/core/json.ts';

describe('JSON from outside', () => {
  it('is read as JSON.parse reads it, whatever is in its strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify([value, '[{"\\', value], null, 1);
        expect(readJson(text)).toEqual({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  it.each<[string, string]>([
    ['{"password": "x', 'not JSON'],
    ['', 'not JSON'],
    ['"a\\', 'not JSON'],
    ['['.repeat(65) + ']'.repeat(65), 'nested deeper than 64'],
    ['['.repeat(10_000_000), 'nested deeper than 64'],
    ['{"a":'.repeat(100), 'nested deeper than 64'],
    [`[${'[],'.repeat(600_000)}[]]`, 'more than 1000000 values'],
    [`[${'1,'.repeat(1_200_000)}1]`, 'more than 1000000 values'],
  ])('is refused before it is parsed, without a word of it: %.30s', (text, fault) => {
    expect(readJson(text)).toEqual({ fault });
    expect(parseJson(text)).toBeUndefined();
  });

  it('is read down to the last level that is allowed', () => {
    expect(readJson(`${'['.repeat(64)}"[[[["${']'.repeat(64)}`)).toMatchObject({ value: expect.anything() });
  });
});

describe('the depth of a value', () => {
  it.each<[unknown, number, boolean]>([
    [1, 0, true],
    [[], 0, false],
    [[1, 'x', null], 1, true],
    [{ a: [{}] }, 2, false],
    [{ a: [{}] }, 3, true],
  ])('of %j is within %i: %s', (value, max, expected) => {
    expect(isWithinDepth(value, max)).toBe(expected);
  });

  it('takes no stack', () => {
    let deep: unknown = 0;
    for (let i = 0; i < 200_000; i++) deep = [deep];

    expect(isWithinDepth(deep, 64)).toBe(false);
    expect(isWithinDepth(deep, 200_000)).toBe(true);
  });
});
