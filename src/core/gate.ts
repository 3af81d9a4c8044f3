// A gate that lets so many through at a time, the others in the order they came; those that have time, after all others.
import { outsideWait } from './outside-wait.ts';

export interface Order {
  /** Whatever comes while it waits goes first. */
  hasTime: boolean;
}

export type Gate = <T>(task: () => Promise<T>, order?: Order) => Promise<T>;

/** Lets at most `width` tasks run at a time. */
export function createGate(width: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  const withTime: (() => void)[] = [];
  return async (task, { hasTime } = { hasTime: false }) => {
    const queue = hasTime ? withTime : waiting;
    if (running >= width) await outsideWait(() => new Promise<void>((resolve) => queue.push(resolve)));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift() ?? withTime.shift();
      if (next) next();
      else running--;
    }
  };
}
