// The clock by which times are stored may be set while we run: it had no battery, an admin sets it, the machine slept. What was to
// be done "in a minute" may then be hours away, and a job seem to run for hours. It is the machine's where one daemon has the store
// alone, and the database's where several share one: what one of them stores as due is due for all at the same time.
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

/** A clock that goes on by one that cannot be set, and is put right by another. */
export interface SharedClock {
  now: Clock;
  /** Puts it right by what the other says (ms). Throws what `ask` throws. */
  follow: (ask: () => Promise<number>) => Promise<void>;
}

/** It begins with the machine's time, and says in the journal when that is far from the other's. */
export function createSharedClock(
  log: Logger,
  wall: Clock = Date.now,
  steady: Clock = () => performance.now(),
): SharedClock {
  let base = wall() - steady();
  let saidApart = 0;
  const now: Clock = () => Math.floor(base + steady());
  return {
    now,
    async follow(ask) {
      const asked = now();
      const said = await ask();
      // It was so late at some time between question and answer: only what is before or after both is wrong.
      base += Math.max(0, said - now()) + Math.min(0, said - asked);
      const apart = wall() - now();
      if (Math.abs(apart - saidApart) < LEAST) return;
      saidApart = apart;
      const words =
        Math.abs(apart) < LEAST
          ? 'agrees with the database’s again'
          : `is ${formatDuration(Math.abs(apart))} ${apart < 0 ? 'behind' : 'ahead of'} the database’s; only the journal’s own times are by it`;
      log.warn(`the machine's clock ${words}`);
    },
  };
}

export interface ClockWatch {
  /** Whose clock it is. */
  whose: 'machine' | 'database';
  drift: Clock;
  /** Puts it right, where it is another's; what fails is tried again. */
  follow?: (() => Promise<void>) | undefined;
  log: Logger;
  /** The clock was set back: what was to be done by the old time is to be done by the new. Does not throw. */
  onSetBack: () => Promise<void>;
}

/** Runs until the signal fires. */
export async function watchClock(
  { whose, drift, follow, log, onSetBack }: ClockWatch,
  signal: AbortSignal,
): Promise<void> {
  let known = 0;
  while (!signal.aborted) {
    // That the database is away is said by all that needs it.
    await follow?.().catch(() => undefined);
    const by = drift() - known;
    if (Math.abs(by) >= LEAST) {
      known += by;
      const direction = by < 0 ? 'back' : 'forward';
      log.warn(`the ${whose}'s clock was set ${direction} by ${formatDuration(Math.abs(by))}`);
      if (by < 0) await onSetBack();
    }
    await sleep(LOOK_EVERY, signal);
  }
}
