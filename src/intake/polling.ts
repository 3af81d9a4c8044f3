// Asks Maestro again and again, one round after the other, and says when its state changes.
import type { ErrorCode } from '../core/error-codes.ts';
import { sleep } from '../core/time.ts';

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

export interface PollingOptions {
  /** Does not throw. */
  round: (signal: AbortSignal) => Promise<RoundResult>;
  everyMs: number;
  /** Called after the first round, and then when the state changes. */
  onState: (state: FeedState, why: FeedReason) => void;
}

/** Runs until the signal fires. */
export async function poll({ round, everyMs, onState }: PollingOptions, signal: AbortSignal): Promise<void> {
  let last: FeedState | undefined;
  while (!signal.aborted) {
    const { state, why, retryAfterMs = 0 } = await round(signal);
    if (signal.aborted) return;
    if (state !== last) onState(state, why);
    last = state;
    await sleep(Math.max(everyMs, retryAfterMs), signal);
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
