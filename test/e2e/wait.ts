// Waiting for what another process does: every wait has a limit, and says what it was for.
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY = 150;

/** Looks until `find` gives something. Throws with `what` when `limitMs` is over. */
export async function until<T>(
  what: string,
  limitMs: number,
  find: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${Math.round(limitMs / 1000)} s`);
    await sleep(LOOK_EVERY);
  }
}
