// Asks Maestro again and again, one round after the other and at once when a bell rings, and says when its state changes.
import type { ErrorCode } from '../core/error-codes.ts';
import { SECOND, sleep } from '../core/time.ts';

/** `partly`: the events can't be read, and the listing does their work. */
export type FeedState = 'up' | 'partly' | 'down';

/** Why the feed is in its state. */
export interface FeedReason {
  /** undefined: all is well. */
  code: ErrorCode | undefined;
  text: string;
}

export interface RoundResult {
  state: FeedState;
  why: FeedReason;
  /** Maestro's wish for when to come again. */
  retryAfterMs?: number | undefined;
}

/** Wakes whoever waits at it; a ring while nobody waits ends the next wait. */
export interface Bell {
  ring: () => void;
  /** Waits so long (ms), or until it rings or the signal fires. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function createBell(): Bell {
  let rung = new AbortController();
  return {
    ring: () => rung.abort(),
    async wait(ms, signal) {
      await sleep(ms, AbortSignal.any([signal, rung.signal]));
      rung = new AbortController();
    },
  };
}

export interface PollingOptions {
  /** Does not throw. */
  round: (signal: AbortSignal) => Promise<RoundResult>;
  everyMs: number;
  /** Rings when there may be something before that. */
  bell?: Bell | undefined;
  /** Called after the first round, and then when the state changes. */
  onState: (state: FeedState, why: FeedReason) => void;
}

/** However often the bell rings: a round begins no sooner than this after the last one (ms). */
const LEAST_BETWEEN = SECOND;

/** Runs until the signal fires. */
export async function poll(
  { round, everyMs, bell, onState }: PollingOptions,
  signal: AbortSignal,
): Promise<void> {
  let last: FeedState | undefined;
  while (!signal.aborted) {
    const began = performance.now();
    const { state, why, retryAfterMs = 0 } = await round(signal);
    if (signal.aborted) return;
    // That another daemon does this is no state of Maestro.
    if (state !== last && why.code !== 'lost_lease') {
      onState(state, why);
      last = state;
    }
    if (bell === undefined || retryAfterMs > 0) {
      await sleep(Math.max(everyMs, retryAfterMs), signal);
    } else {
      await bell.wait(everyMs, signal);
      await sleep(Math.max(0, LEAST_BETWEEN - (performance.now() - began)), signal);
    }
  }
}

/** What `step` throws, or undefined. */
export async function attempt(step: () => Promise<void>): Promise<unknown> {
  try {
    await step();
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}
