// Work on many things at once, each for itself: a few at a time, and what failed comes again after a while. A thing
// that hangs or fails keeps nothing back but one place.
import { backoff, MINUTE, type Clock } from '../core/time.ts';

export interface WorkPoolOptions<T> {
  /** Does the work; throws to be called again later. */
  work: (item: T, signal: AbortSignal) => Promise<void>;
  onFailure: (item: T, error: unknown) => void;
  /** How many at once. */
  parallel: number;
  /** How many may wait; more are not taken. */
  maxWaiting: number;
  /** How long after the first failure an item is tried again, milliseconds; then ever longer, up to 10 minutes. */
  retryMs: number;
  clock?: Clock;
}

export interface WorkPool<T> {
  /** Takes an item under its key; false if it is there already, or there is no room. */
  offer: (key: string, item: T) => boolean;
  /** Takes up nothing more once the signal fires, and gives when all that was begun has ended. */
  drain: (signal: AbortSignal) => Promise<void>;
}

interface Entry<T> {
  item: T;
  tries: number;
  dueAt: number;
  running: boolean;
}

const LONGEST_WAIT = 10 * MINUTE;

export function createWorkPool<T>(options: WorkPoolOptions<T>): WorkPool<T> {
  const { work, onFailure, parallel, maxWaiting, retryMs, clock = Date.now } = options;
  const entries = new Map<string, Entry<T>>();
  const running = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function run(key: string, entry: Entry<T>, stop: AbortSignal): Promise<void> {
    try {
      await work(entry.item, stop);
      entries.delete(key);
    } catch (error) {
      entry.dueAt = clock() + backoff(entry.tries, retryMs, LONGEST_WAIT);
      entry.tries++;
      if (!stop.aborted) onFailure(entry.item, error);
    }
    entry.running = false;
  }

  function pump(): void {
    clearTimeout(timer);
    if (signal === undefined || signal.aborted) return;
    let next = Infinity;
    for (const [key, entry] of entries) {
      if (running.size >= parallel) return;
      if (entry.running) continue;
      if (entry.dueAt > clock()) {
        next = Math.min(next, entry.dueAt);
        continue;
      }
      entry.running = true;
      const done = run(key, entry, signal).finally(() => {
        running.delete(done);
        pump();
      });
      running.add(done);
    }
    if (next < Infinity) timer = setTimeout(pump, Math.max(0, next - clock()));
  }

  return {
    offer: (key, item) => {
      if (entries.has(key) || entries.size >= maxWaiting) return false;
      entries.set(key, { item, tries: 0, dueAt: 0, running: false });
      pump();
      return true;
    },

    drain: async (stop) => {
      signal = stop;
      pump();
      if (!stop.aborted) {
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
      }
      clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
