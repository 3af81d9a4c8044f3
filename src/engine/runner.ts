// Drives what is stored through its steps: a work loop for each lane, so that a dead or slow lane holds up no other. What
// the items are and what a step does is given to it.
import type { Clock } from '../core/time.ts';
import { createWorkLoop, type WorkLoop } from './work-loop.ts';

export interface Runner {
  start: () => void;
  /** Looks for work now: something became due in this lane, or in all of them. */
  wake: (lane?: string) => void;
  /** Takes no new work, asks the steps that run to stop, and waits until they have. */
  stop: () => Promise<void>;
  /** When a lane last looked for work (ms): the watchdog's sign of life. */
  lastRound: () => number;
}

export interface RunnerOptions<T> {
  lanes: readonly string[];
  /** Items of a lane that are due. */
  due: (lane: string, limit: number) => Promise<T[]>;
  /** When the first that is not due yet will be (ms). */
  nextDue: (lane: string) => Promise<number | undefined>;
  id: (item: T) => string;
  /** Does one step, and stores what came of it. */
  step: (item: T, signal: AbortSignal) => Promise<void>;
  /** Whether a due item may begin; if not, its lane is to be woken when it may. */
  mayBegin: (id: string) => boolean;
  /** What is due can't be read, or a step has thrown. */
  onError: (error: unknown) => void;
  now: Clock;
}

/** How many items of one lane are worked on at once. */
const LANE_WIDTH = 16;

/** Builds the runner with its lanes; nothing is taken before `start`. */
export function createRunner<T>(options: RunnerOptions<T>): Runner {
  const { due, nextDue, id, step, mayBegin, onError, now } = options;
  const abort = new AbortController();
  const lanes = new Map(options.lanes.map((lane) => [lane, laneOf(lane)]));
  let lastRound = now();

  function laneOf(lane: string): WorkLoop {
    return createWorkLoop({
      width: LANE_WIDTH,
      due: (limit) => due(lane, limit),
      mayBegin: (item) => mayBegin(id(item)),
      nextDue: () => nextDue(lane),
      id,
      work: (item) => step(item, abort.signal),
      onError,
      onRound: () => {
        lastRound = now();
      },
      signal: abort.signal,
      now,
    });
  }

  let running: Promise<unknown> | undefined;
  return {
    start() {
      running ??= Promise.all([...lanes.values()].map((lane) => lane.run()));
    },
    wake(lane) {
      if (lane !== undefined) lanes.get(lane)?.wake();
      else for (const each of lanes.values()) each.wake();
    },
    async stop() {
      abort.abort();
      await running;
    },
    lastRound: () => lastRound,
  };
}
