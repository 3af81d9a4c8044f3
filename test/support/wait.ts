// Waiting for what happens by itself. Limits are generous: a test must pass on a busy machine, and one that fails may be slow.
import { vi } from 'vitest';
import { sleep } from '../../src/core/time.ts';

const LIMIT = 120_000;

/** Looks until there is something, and fails with the words if there is nothing within the time (ms). */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limit = LIMIT,
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await sleep(15);
  }
}

/** Repeats what throws until it does not any more; gives its result. Fails with its last error after two minutes. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: LIMIT, interval: 15 });
}
