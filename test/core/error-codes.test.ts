import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorsPage } from '../../scripts/errors-page.ts';
import { ERROR_GROUPS, errorInfo, isErrorCode } from '../../src/core/error-codes.ts';

it('has every code once, with what it means and what to do', () => {
  const codes = ERROR_GROUPS.flatMap((group) => group.codes);

  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) {
    const { meaning, action, http } = errorInfo(code);
    expect([code, meaning, action]).toEqual([
      expect.stringMatching(/^[a-z][a-z_]+$/),
      expect.stringMatching(/^\S.{10,}\.$/),
      expect.stringMatching(/^\S.{5,}\.$/),
    ]);
    expect(http ?? 400).toBeGreaterThanOrEqual(400);
  }
});

it('knows its own codes alone', () => {
  expect(isErrorCode('lava_auth')).toBe(true);
  expect(isErrorCode('toString')).toBe(false);
});

it('is what docs/errors.md shows (npm run docs)', () => {
  const file = join(import.meta.dirname, '../../docs/errors.md');

  expect(readFileSync(file, 'utf8')).toBe(errorsPage());
});
