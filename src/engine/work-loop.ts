// A lane works on what is due, so many things at once, and sleeps until something is. Lanes share nothing: one that
// is stuck holds up no other.
import { backoff, SECOND, sleep, type Clock } from '../core/time.ts';

export interface WorkLoop {
  /** Runs until the signal fires, then until all work has ended. */
  run: () => Promise<void>;
  /** Something may be due: look now. */
  wake: () => void;
}

interface Options<T> {
  /** How many things are worked on at once. */
  width: number;
  due: (limit: number) => Promise<T[]>;
  /** When the first thing that is not due yet will be (ms). */
  nextDue: () => Promise<number | undefined>;
  id: (item: T) => string | number;
  /** Whether a due item may begin; if not, the loop is to be woken when it may. */
  mayBegin: (item: T) => boolean;
  /** What becomes of an item is stored by it. */
  work: (item: T) => Promise<void>;
  /** What is due can't be read, or work has thrown. */
  onError: (error: unknown) => void;
  onRound?: () => void;
  signal: AbortSignal;
  now: Clock;
}

/** The longest that a lane sleeps without looking. */
const IDLE = 5 * SECOND;
/** The longest after failures: it still has to show the watchdog that it lives. */
const MAX_PAUSE = 15 * SECOND;

export function createWorkLoop<T>(options: Options<T>): WorkLoop {
  const { width, signal, now } = options;
  const busy = new Map<string | number, Promise<void>>();
  let ring: () => void = () => undefined;
  let rung = false;

  function wake(): void {
    rung = true;
    ring();
  }

  async function rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      ring = () => {
        clearTimeout(timer);
        setImmediate(resolve); // whatever rings how often: timers and sockets get their turn
      };
      // Not at once: the store answers without letting go of the process, and a lane that always finds something due
      // would keep it from everybody else.
      if (rung || signal.aborted) setImmediate(ring);
    });
    rung = false;
  }

  function begin(item: T): void {
    const id = options.id(item);
    const work = options
      .work(item)
      .catch(async (error: unknown) => {
        options.onError(error);
        await sleep(IDLE, signal); // it is still due
      })
      .finally(() => {
        busy.delete(id);
        wake();
      });
    busy.set(id, work);
  }

  /** What is due and may begin: those that may not yet must not stand before the others. */
  async function ready(limit: number): Promise<T[]> {
    for (let read = limit; ; read *= 2) {
      const all = await options.due(read);
      const found = all.filter(options.mayBegin);
      if (found.length >= limit || all.length < read) return found.slice(0, limit);
    }
  }

  /** Starts what is due; returns how long to sleep. */
  async function round(): Promise<number> {
    options.onRound?.();
    // What is under way wakes the lane when it ends; what is due is then read.
    if (busy.size >= width) return IDLE;
    for (const item of await ready(width + busy.size)) {
      if (busy.size >= width) return IDLE;
      if (!busy.has(options.id(item))) begin(item);
    }
    if (busy.size >= width) return IDLE;
    const next = await options.nextDue();
    return next === undefined ? IDLE : Math.min(IDLE, Math.max(1, next - now()));
  }

  return {
    wake,
    async run() {
      signal.addEventListener('abort', wake, { once: true });
      let failures = 0;
      while (!signal.aborted) {
        let pause: number;
        try {
          pause = await round();
          failures = 0;
        } catch (error) {
          pause = backoff(failures++, SECOND, MAX_PAUSE);
          options.onError(error);
        }
        await rest(pause);
      }
      await Promise.all(busy.values());
    },
  };
}
