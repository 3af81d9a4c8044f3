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
  key: string;
  item: T;
  /** It came as that many-th. */
  order: number;
  tries: number;
  dueAt: number;
}

/** Those that wait for places in the same shares: whether one can begin is asked once for all. */
interface Queue<T> {
  shares: readonly Share[];
  /** In the order they came: new ones, and those that failed before. */
  fresh: Set<Entry<T>>;
  again: Set<Entry<T>>;
}

const LONGEST_WAIT = 10 * MINUTE;
/** All that failed is looked through no more often (ms). */
const LOOK_EVERY = 10;

/** An empty pool; its work begins with the first item. */
export function createWorkPool<T>(options: WorkPoolOptions<T>): WorkPool<T> {
  const { work, onFailure, sharesOf, maxWaiting, retryMs, clock = Date.now } = options;
  /** All that wait or run. */
  const known = new Set<string>();
  const queues = new Map<string, Queue<T>>();
  /** Those whose time has not come. */
  const failed = new Set<Entry<T>>();
  const running = new Set<Promise<void>>();
  const taken = createShares();
  let arrivals = 0;
  let signal: AbortSignal | undefined;
  let retry: { at: number; timer: NodeJS.Timeout } | undefined;

  function queueUp(entry: Entry<T>): void {
    const shares = sharesOf(entry.item);
    const name = JSON.stringify(shares.map((share) => share.name));
    const queue = queues.get(name) ?? { shares, fresh: new Set(), again: new Set() };
    (entry.tries === 0 ? queue.fresh : queue.again).add(entry);
    queues.set(name, queue);
  }

  /** The next that can begin, taken out of its queue. */
  function next(): { entry: Entry<T>; shares: readonly Share[] } | undefined {
    let first: { name: string; queue: Queue<T>; entry: Entry<T> } | undefined;
    for (const [name, queue] of queues) {
      if (!taken.areFree(queue.shares)) continue;
      const [entry] = queue.fresh.size > 0 ? queue.fresh : queue.again;
      if (entry === undefined) continue;
      if (first === undefined || isBefore(entry, first.entry)) first = { name, queue, entry };
    }
    if (first === undefined) return undefined;
    const { name, queue, entry } = first;
    queue.fresh.delete(entry);
    queue.again.delete(entry);
    if (queue.fresh.size + queue.again.size === 0) queues.delete(name);
    return { entry, shares: queue.shares };
  }

  async function run(entry: Entry<T>, shares: readonly Share[], stop: AbortSignal): Promise<void> {
    try {
      await work(entry.item, stop);
      known.delete(entry.key);
    } catch (error) {
      entry.dueAt = clock() + backoff(entry.tries, retryMs, LONGEST_WAIT);
      entry.tries++;
      failed.add(entry);
      if (!stop.aborted) onFailure(entry.item, error);
      lookAgain(entry.dueAt);
    }
    taken.giveBack(shares);
    pump();
  }

  function pump(): void {
    if (signal === undefined || signal.aborted) return;
    for (let found = next(); found !== undefined; found = next()) {
      const { entry, shares } = found;
      taken.take(shares);
      const ended = run(entry, shares, signal);
      running.add(ended);
      void ended.finally(() => running.delete(ended));
    }
  }

  function lookAgain(at: number): void {
    if (signal === undefined || signal.aborted || at >= (retry?.at ?? Infinity)) return;
    clearTimeout(retry?.timer);
    retry = { at, timer: setTimeout(takeUpFailed, Math.max(LOOK_EVERY, at - clock())) };
  }

  function takeUpFailed(): void {
    retry = undefined;
    let nextAt = Infinity;
    for (const entry of failed) {
      if (entry.dueAt > clock()) nextAt = Math.min(nextAt, entry.dueAt);
      else {
        failed.delete(entry);
        queueUp(entry);
      }
    }
    pump();
    lookAgain(nextAt);
  }

  return {
    offer: (key, item) => {
      if (known.has(key) || known.size >= maxWaiting) return false;
      known.add(key);
      queueUp({ key, item, order: arrivals++, tries: 0, dueAt: 0 });
      pump();
      return true;
    },

    drain: async (stop) => {
      signal = stop;
      pump();
      if (!stop.aborted) {
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
      }
      clearTimeout(retry?.timer);
      await Promise.all(running);
    },
  };
}

/** What is new comes first, and then what came first. */
function isBefore(one: Entry<unknown>, other: Entry<unknown>): boolean {
  const areAlike = (one.tries === 0) === (other.tries === 0);
  return areAlike ? one.order < other.order : one.tries === 0;
}

/** How many places of each share are taken. */
function createShares(): {
  areFree: (shares: readonly Share[]) => boolean;
  take: (shares: readonly Share[]) => void;
  giveBack: (shares: readonly Share[]) => void;
} {
  const taken = new Map<string, number>();
  return {
    areFree: (shares) => shares.every(({ name, places }) => (taken.get(name) ?? 0) < places),
    take(shares) {
      for (const { name } of shares) taken.set(name, (taken.get(name) ?? 0) + 1);
    },
    giveBack(shares) {
      for (const { name } of shares) {
        const left = (taken.get(name) ?? 1) - 1;
        if (left === 0) taken.delete(name);
        else taken.set(name, left);
      }
    },
  };
}
