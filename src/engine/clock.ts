// The machine's clock may be set while we run: it had no battery, somebody mends it, the machine slept. Stored times are
// by that clock, so what was to be done "in a minute" may be hours away, and a job seem to run for hours.
import { formatDuration, MINUTE, SECOND, sleep, type Clock } from '../core/time.ts';
import type { Context } from '../lifecycle/context.ts';

const LOOK_EVERY = 5 * SECOND;
/** Less is how clocks are. */
const LEAST = MINUTE;

/** How far the clock was set forward since this was made (ms, negative: back), measured by one that nobody can set. */
export function createDrift(wall: Clock = Date.now, steady: Clock = () => performance.now()): Clock {
  const start = wall() - steady();
  return () => wall() - steady() - start;
}

/** Runs until the signal fires. What was to be done by the old time is done by the new. */
export async function watchClock(ctx: Context, signal: AbortSignal): Promise<void> {
  let known = 0;
  while (!signal.aborted) {
    const by = ctx.drift() - known;
    if (Math.abs(by) >= LEAST) {
      known += by;
      ctx.log.warn(
        `the machine's clock was set ${by < 0 ? 'back' : 'forward'} by ${formatDuration(Math.abs(by))}`,
      );
      if (by < 0) await forgetFuture(ctx).catch(ctx.storeTrouble.failed);
    }
    await sleep(LOOK_EVERY, signal);
  }
}

/** The longest that anything has to wait for a look when the clock was set back; most wait for less. */
const LONGEST = 10 * MINUTE;

/** Nothing has happened later than now. Also to be called at the start: nobody saw what became of the clock meanwhile. */
export async function forgetFuture(ctx: Context): Promise<void> {
  await ctx.store.forgetFuture(LONGEST);
  for (const lab of ctx.labs.keys()) ctx.wake(lab);
  ctx.wakeOutbox();
}
