// The machine's clock may be set while we run: it had no battery, an admin sets it, the machine slept. Stored times are
// by that clock, so what was to be done "in a minute" may be hours away, and a job seem to run for hours.
import type { Logger } from 'pino';
import { formatDuration, MINUTE, SECOND, sleep, type Clock } from '../core/time.ts';

const LOOK_EVERY = 5 * SECOND;
/** Less is how clocks are. */
const LEAST = MINUTE;

/** How far the clock was set forward since this was made (ms, negative: back), measured by a clock that cannot be set. */
export function createDrift(wall: Clock = Date.now, steady: Clock = () => performance.now()): Clock {
  const start = wall() - steady();
  return () => wall() - steady() - start;
}

export interface ClockWatch {
  drift: Clock;
  log: Logger;
  /** The clock was set back: what was to be done by the old time is to be done by the new. Does not throw. */
  onSetBack: () => Promise<void>;
}

/** Runs until the signal fires. */
export async function watchClock({ drift, log, onSetBack }: ClockWatch, signal: AbortSignal): Promise<void> {
  let known = 0;
  while (!signal.aborted) {
    const by = drift() - known;
    if (Math.abs(by) >= LEAST) {
      known += by;
      const direction = by < 0 ? 'back' : 'forward';
      log.warn(`the machine's clock was set ${direction} by ${formatDuration(Math.abs(by))}`);
      if (by < 0) await onSetBack();
    }
    await sleep(LOOK_EVERY, signal);
  }
}
