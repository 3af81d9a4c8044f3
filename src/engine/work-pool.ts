// Work on many things at once, each for itself: what failed comes again after a while, and what is new comes first. An
// item names the shares that it uses (its lab, the host that it asks), each for so many at once: what hangs or fails
// takes up its own share and no other.
import { backoff, MINUTE, type Clock } from '../core/time.ts';

/** What an item takes a place of while it is worked on. */
export interface Share {
  name: string;
  /** How many items of it run at once. */
  places: number;
}

export interface WorkPoolOptions<T> {
  /** Does the work; throws to be called again later. */
  work: (item: T, signal: AbortSignal) => Promise<void>;
  onFailure: (item: T, error: unknown) => void;
  /** An item runs when there is a place in each of them. */
  sharesOf: (item: T) => readonly Share[];
  /** How many may wait; more are not taken. */
  maxWaiting: number;
  /** How long after the first failure an item is tried again, milliseconds; then ever longer, up to 10 minutes. */
  retryMs: number;
  clock?: Clock;
}

export interface WorkPool<T> {
  /** Takes an item under its key; false if it is there already, or the pool is full. */
  offer: (key: string, item: T) => boolean;
  /** Takes up nothing more once the signal fires, and gives when all that was begun has ended. */
  drain: (signal: AbortSignal) => Promise<void>;
}

interface Entry<T> {
  item: T;
  tries: number;
  dueAt: number;
}

const LONGEST_WAIT = 10 * MINUTE;

/** An empty pool; its work begins with the first item. */
export function createWorkPool<T>(options: WorkPoolOptions<T>): WorkPool<T> {
  const { work, onFailure, sharesOf, maxWaiting, retryMs, clock = Date.now } = options;
  // In the order they came.
  const fresh = new Map<string, Entry<T>>();
  const failed = new Map<string, Entry<T>>();
  const running = new Map<string, Promise<void>>();
  const taken = new Map<string, number>();
  let signal: AbortSignal | undefined;
  let timer: NodeJS.Timeout | undefined;

  function take(item: T): Share[] | undefined {
    const shares = [...sharesOf(item)];
    if (shares.some(({ name, places }) => (taken.get(name) ?? 0) >= places)) return undefined;
    for (const { name } of shares) taken.set(name, (taken.get(name) ?? 0) + 1);
    return shares;
  }

  function giveBack(shares: readonly Share[]): void {
    for (const { name } of shares) {
      const left = (taken.get(name) ?? 1) - 1;
      if (left === 0) taken.delete(name);
      else taken.set(name, left);
    }
  }

  async function run(
    key: string,
    entry: Entry<T>,
    shares: readonly Share[],
    stop: AbortSignal,
  ): Promise<void> {
    try {
      await work(entry.item, stop);
    } catch (error) {
      entry.dueAt = clock() + backoff(entry.tries, retryMs, LONGEST_WAIT);
      entry.tries++;
      failed.set(key, entry);
      if (!stop.aborted) onFailure(entry.item, error);
    }
    giveBack(shares);
    running.delete(key);
    pump();
  }

  function begin(from: Map<string, Entry<T>>, stop: AbortSignal): number {
    let next = Infinity;
    for (const [key, entry] of from) {
      if (entry.dueAt > clock()) {
        next = Math.min(next, entry.dueAt);
        continue;
      }
      const shares = take(entry.item);
      if (shares === undefined) continue;
      from.delete(key);
      running.set(key, run(key, entry, shares, stop));
    }
    return next;
  }

  function pump(): void {
    clearTimeout(timer);
    if (signal === undefined || signal.aborted) return;
    begin(fresh, signal);
    const next = begin(failed, signal);
    if (next < Infinity) timer = setTimeout(pump, Math.max(0, next - clock()));
  }

  return {
    offer: (key, item) => {
      if (fresh.has(key) || failed.has(key) || running.has(key)) return false;
      if (fresh.size + failed.size + running.size >= maxWaiting) return false;
      fresh.set(key, { item, tries: 0, dueAt: 0 });
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
      await Promise.all(running.values());
    },
  };
}
