// docs/kernel-ends.md is made of the project's set and of what verdicts make of it: `npx vitest run -u` on this file writes it.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeSamples, judgeSamples, type Kind } from './kernel-end-set.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'kernel-ends.md');

const samples = judgeSamples();

it('says what is judged right of each architecture', async () => {
  await expect(describeSamples(samples)).toMatchFileSnapshot(DOCUMENT);
});

it('misses few', () => {
  const share = (kind: Kind): number => {
    const all = samples.filter((s) => s.kind === kind);
    return all.filter(({ right }) => right).length / all.length;
  };
  expect(share('hang')).toBe(1);
  expect(share('crash')).toBeGreaterThan(0.97);
  expect(share('survived')).toBe(1);
  expect(share('loader')).toBe(1);
});
