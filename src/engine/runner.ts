// Drives what is stored through its steps: work loops for each lane, so that a dead or slow one holds up no other. What
// the items are and what a step does is given to it.
import type { Clock } from '../core/time.ts';
import { createWorkLoop, type WorkLoop } from './work-loop.ts';

/** The work of one loop. */
export interface LaneWork<T> {
  /** Items that are due. */
  due: (limit: number) => Promise<T[]>;
  /** When the first that is not due yet will be (ms). */
  nextDue: () => Promise<number | undefined>;
  /** Does one step, and stores what came of it. */
  step: (item: T, signal: AbortSignal) => Promise<void>;
}

export interface Runner<T> {
  /** Works in a lane until the signal fires, and then until all steps that run have ended. A lane may have several such loops. */
  run: (lane: string, work: LaneWork<T>, signal: AbortSignal) => Promise<void>;
  /** Looks for work now: something became due in this lane, or in all that run here. */
  wake: (lane?: string) => void;
  /** When a lane last looked for work (ms): the watchdog's sign of life. */
  lastRound: () => number;
}

export interface RunnerOptions<T> {
  id: (item: T) => string;
  /** Whether a due item may begin; if not, its lane is to be woken when it may. */
  mayBegin: (id: string) => boolean;
  /** What is due can't be read, or a step has thrown. */
  onError: (error: unknown) => void;
  now: Clock;
}

/** How many items of one loop are worked on at once. */
const LOOP_WIDTH = 16;

/** Builds the runner; nothing is taken before a lane runs. */
export function createRunner<T>({ id, mayBegin, onError, now }: RunnerOptions<T>): Runner<T> {
  const lanes = new Map<string, Set<WorkLoop>>();
  let lastRound = now();

  return {
    async run(lane, { due, nextDue, step }, signal) {
      const loop = createWorkLoop<T>({
        width: LOOP_WIDTH,
        due,
        mayBegin: (item) => mayBegin(id(item)),
        nextDue,
        id,
        work: (item) => step(item, signal),
        onError,
        onRound: () => {
          lastRound = now();
        },
        signal,
        now,
      });
      const loops = lanes.get(lane) ?? new Set();
      lanes.set(lane, loops.add(loop));
      await loop.run();
      loops.delete(loop);
      if (loops.size === 0) lanes.delete(lane);
    },
    wake(lane) {
      const woken = lane === undefined ? [...lanes.values()] : [lanes.get(lane) ?? []];
      for (const loops of woken) for (const loop of loops) loop.wake();
    },
    // With no lane there is nothing to look for.
    lastRound: () => (lanes.size === 0 ? now() : lastRound),
  };
}
