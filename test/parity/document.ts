// What docs/parity.md says in numbers is what the parity run finds.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const DOCUMENT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'parity.md'), 'utf8');

/** Fails where the page does not have a count in these words. */
export function expectCounted(count: number, words: string): void {
  const told = `${count.toLocaleString('en')} ${words}`;
  expect(DOCUMENT.includes(told), told).toBe(true);
}
