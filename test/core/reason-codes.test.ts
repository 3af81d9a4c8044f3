import { expect, it } from 'vitest';
import { isErrorCode } from '../../src/core/error-codes.ts';
import { isReasonCode, REASON_GROUPS } from '../../src/core/reason-codes.ts';

it('has every code once, none that is the code of an error, each with its meaning', () => {
  const all = REASON_GROUPS.flatMap(({ meanings }) => Object.entries(meanings));

  expect(new Set(all.map(([code]) => code)).size).toBe(all.length);
  for (const [code, meaning] of all) {
    expect([code, meaning]).toEqual([
      expect.stringMatching(/^[a-z][a-z_]+$/),
      expect.stringMatching(/^\S.{10,}\.$/),
    ]);
    expect(isErrorCode(code)).toBe(false);
  }
});

it('knows its own codes and those of errors alone', () => {
  expect(isReasonCode('offline')).toBe(true);
  expect(isReasonCode('lava_auth')).toBe(true);
  expect(isReasonCode('toString')).toBe(false);
});
