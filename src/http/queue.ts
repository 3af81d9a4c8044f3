// A few at a time, a bounded number that wait, and nobody longer than they can: who has to be answered soon is refused
// instead.

export interface Queue {
  /** Runs the task when it is its turn. Gives `full` instead if too many wait already, or its turn did not come in time. */
  run: <T>(task: () => Promise<T>) => Promise<T | 'full'>;
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

  function turn(): Promise<boolean> {
    if (running < width) {
      running += 1;
      return Promise.resolve(true);
    }
    if (waiting.size >= most) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), waitMs);
      function settle(isTurn: boolean): void {
        clearTimeout(timer);
        waiting.delete(settle);
        resolve(isTurn);
      }
      waiting.add(settle);
    });
  }

  function next(): void {
    const [first] = waiting;
    if (first === undefined) running -= 1;
    else first(true);
  }

  return {
    async run(task) {
      if (!(await turn())) return 'full';
      try {
        return await task();
      } finally {
        next();
      }
    },
  };
}
