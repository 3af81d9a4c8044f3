// Work loops and the leases under which they work. What is decided is refused by the database once another has the lease; what
// acts outside asks before (core/acting.ts).
import type { Lease } from '../core/lease.ts';

/** A lease that this process holds, or held. */
export interface Held {
  lease: Lease;
  /** Throws TemporaryError `lost_lease` if it is lost, or may be: this process was not heard of in time. */
  check: () => void;
}

/** One kind of work that goes on for ever, in one process at a time. */
export interface Work {
  /** As in the lease: the kind, and which of that kind: `lab lava-a`. */
  name: string;
  /** Works until the signal fires; fulfilled when nothing of it is under way any more. Does not throw. */
  run: (held: Held, signal: AbortSignal) => Promise<void>;
}

/** Runs the works that are this process's to do. */
export interface Holder {
  /** Fulfilled when the works that are its own at the start have begun. */
  start: () => Promise<void>;
  /** Somebody came, went or gave something up: look now. */
  wake: () => void;
  /** Ends all works, and gives up each as soon as it has ended. */
  stop: () => Promise<void>;
}

/** For a process that has everything alone: it does all the work, for ever. */
export function createSoleHolder(works: readonly Work[]): Holder {
  const abort = new AbortController();
  let running: Promise<unknown> | undefined;
  return {
    async start() {
      running ??= Promise.all(
        works.map((work) =>
          work.run(
            { lease: { name: work.name, holder: '', fence: 0 }, check: () => undefined },
            abort.signal,
          ),
        ),
      );
    },
    wake: () => undefined,
    async stop() {
      abort.abort();
      await running;
    },
  };
}
