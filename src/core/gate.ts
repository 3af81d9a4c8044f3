// A gate that lets so many through at a time, the others in the order they came.
import { outsideWait } from './outside-wait.ts';

/** Lets at most `width` tasks run at a time, in the order they came. */
export function createGate(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= width) await outsideWait(() => new Promise<void>((resolve) => waiting.push(resolve)));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
