// A few at a time, a bounded number that wait, and none longer than it can: a request that needs a quick answer is refused
// instead.

export interface Queue {
  /**
   * Waits for a turn, and gives what ends it, to be called once. Gives undefined if too many wait already, or if the turn
   * did not come in time.
   */
  turn: () => Promise<(() => void) | undefined>;
}

interface Options {
  /** At a time. */
  width: number;
  /** How many may wait. */
  most: number;
  /** How long one may wait (ms). */
  waitMs: number;
}

export function createQueue({ width, most, waitMs }: Options): Queue {
  let running = 0;
  const waiting = new Set<(isTurn: boolean) => void>();

  function end(): void {
    const [first] = waiting;
    if (first === undefined) running -= 1;
    else first(true);
  }

  return {
    async turn() {
      if (running < width) {
        running += 1;
        return end;
      }
      if (waiting.size >= most) return undefined;
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(false), waitMs);
        function settle(isTurn: boolean): void {
          clearTimeout(timer);
          waiting.delete(settle);
          resolve(isTurn ? end : undefined);
        }
        waiting.add(settle);
      });
    },
  };
}
