import { describe, expect, it } from 'vitest';
import { isWithinDepth } from '../../../src/core/parse/depth.ts';

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
