// Waiting for what happens by itself. Limits are generous: a test must pass on a busy machine, and one that fails may be slow.
import { vi } from 'vitest';
import { sleep } from '../../src/core/time.ts';

const LIMIT = 240_000;
/** The longest between two looks (ms). Each look costs: those of a long wait are further apart. */
const LONGEST_PAUSE = 50;

/** Looks until there is something, and fails with the words if there is nothing within the time (ms). */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limit = LIMIT,
): Promise<T> {
  const end = Date.now() + limit;
  for (let pause = 10; ; pause = Math.min(LONGEST_PAUSE, pause * 1.2)) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await sleep(pause);
  }
}

/** Repeats what throws until it does not any more; gives its result. Fails with its last error after four minutes. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: LIMIT, interval: 15 });
}
