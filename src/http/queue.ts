// A few at a time, a bounded number that wait, and none longer than it can: a request that needs a quick answer is refused
// instead. Whoever takes long leaves a turn to the others.

export interface Queue {
  /**
   * Waits for a turn of `who`, and gives what ends it, to be called once. Gives undefined if too many of
   * theirs wait already, or if the turn did not come in time.
   */
  turn: (who?: string) => Promise<(() => void) | undefined>;
}

interface Options {
  /** At a time. */
  width: number;
  /** Of those, so many of one; all of them, if it is not there. */
  ofOne?: number;
  /** How many of one may wait. */
  most: number;
  /** How long one may wait (ms). */
  waitMs: number;
}

export function createQueue({ width, ofOne = width, most, waitMs }: Options): Queue {
  let running = 0;
  const runningOf = new Map<string, number>();
  const waiting = new Set<{ who: string; settle: (isTurn: boolean) => void }>();

  const isFree = (who: string): boolean => running < width && (runningOf.get(who) ?? 0) < ofOne;

  function begin(who: string): () => void {
    running += 1;
    runningOf.set(who, (runningOf.get(who) ?? 0) + 1);
    return () => {
      running -= 1;
      const left = (runningOf.get(who) ?? 1) - 1;
      if (left === 0) runningOf.delete(who);
      else runningOf.set(who, left);
      for (const next of waiting) {
        if (!isFree(next.who)) continue;
        next.settle(true);
        return;
      }
    };
  }

  return {
    async turn(who = '') {
      if (isFree(who)) return begin(who);
      if ([...waiting].filter((other) => other.who === who).length >= most) return undefined;
      return new Promise((resolve) => {
        const waits = { who, settle };
        const timer = setTimeout(() => settle(false), waitMs);
        function settle(isTurn: boolean): void {
          clearTimeout(timer);
          waiting.delete(waits);
          resolve(isTurn ? begin(who) : undefined);
        }
        waiting.add(waits);
      });
    },
  };
}
