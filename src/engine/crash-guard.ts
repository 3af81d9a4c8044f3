// Finds the work that makes the process die. What is under way is noted; what was under way when a process died is
// suspected by whoever goes on with it. A suspect waits until the process has lived for a while, and then runs while no other
// suspect does, so that a second death is its own and not its neighbours'. Work that comes to an end is suspected no
// more; what was under way in as many deaths as it may have is to be set aside. With each death it waits longer, so that
// kills from outside, which come at any time, hardly ever find it at work again.
//
// Most of the time work only waits: for a server's answer, or its turn. It does not make the process die then, so such a
// death (a kill from outside, a power cut) counts for nothing, however often it comes.
import { withWaits, type WaitListener } from '../core/outside-wait.ts';
import { SECOND, type Clock } from '../core/time.ts';

/** Where the notes are kept. They have to outlive the process, but no power cut: that is no fault of the work. */
interface CrashNotes {
  beginWork: (item: string) => Promise<void>;
  endWork: (item: string) => Promise<void>;
  /** Notes that work that is under way waits for others, or no longer does. */
  pauseWork: (item: string, paused: boolean) => Promise<void>;
  /** All that was under way in a death of a process, and is not now. */
  suspects: () => Promise<{ item: string; crashes: number }[]>;
  /** Forgets an item and its deaths. */
  forgetWork: (item: string) => Promise<void>;
}

/** Finds the work that was under way whenever the daemon died, so that it can be set aside. */
export interface CrashGuard {
  /**
   * Reads what was under way in deaths: to be called before a work loop begins, whose work may have been under way in another
   * process. Gives what is to be set aside.
   */
  learn: () => Promise<string[]>;
  /** Whether work on the item may begin now. */
  mayBegin: (item: string) => boolean;
  /** Does the work, noted as under way. */
  watch: (item: string, work: () => Promise<void>) => Promise<void>;
}

interface Options {
  notes: CrashNotes;
  now: Clock;
  /** A suspect may begin now. */
  onTurn: () => void;
  /** In so many deaths an item has to be under way before it is set aside: more where that can't be taken back. */
  deaths: (item: string) => number;
  /** How long the process has to live before a suspect of one death may begin (ms). */
  quietFor?: number | undefined;
}

/**
 * Long enough that a series of deaths condemns nothing, and that what had piled up is done: on a busy process a step takes
 * long, and a kill from outside is more likely to come in its midst.
 */
const QUIET_FOR = 15 * SECOND;
/** So many times as long after each further death. */
const LONGER = 4;

/** `notes` keeps what is under way; `onTurn` is called when work that had to wait may begin. */
export function createCrashGuard({ notes, now, onTurn, deaths, quietFor = QUIET_FOR }: Options): CrashGuard {
  /** The suspects, and when each may begin at the earliest. */
  const suspects = new Map<string, number>();
  let underWay: string | undefined;

  function mayBegin(item: string): boolean {
    const quietUntil = suspects.get(item);
    return quietUntil === undefined || (now() >= quietUntil && underWay === undefined);
  }

  return {
    async learn() {
      const condemned: string[] = [];
      const waits = new Set<number>();
      for (const { item, crashes } of await notes.suspects()) {
        if (crashes < deaths(item)) {
          if (suspects.has(item)) continue;
          const wait = quietFor * LONGER ** (crashes - 1);
          suspects.set(item, now() + wait);
          waits.add(wait);
          continue;
        }
        condemned.push(item);
        await notes.forgetWork(item);
      }
      for (const wait of waits) setTimeout(onTurn, wait).unref();
      return condemned;
    },

    mayBegin,

    async watch(item, work) {
      // Another suspect was faster; this one is still due.
      if (!mayBegin(item)) return;
      const isSuspect = suspects.has(item);
      if (isSuspect) underWay = item;
      try {
        await notes.beginWork(item);
        const waits = createWaits(item, notes);
        try {
          await withWaits(waits, work);
        } finally {
          waits.close();
          await notes.endWork(item);
        }
        suspects.delete(item);
      } finally {
        if (isSuspect) {
          underWay = undefined;
          onTurn();
        }
      }
    },
  };
}

/** Notes the waits of one item's work, of which several may overlap. */
function createWaits(item: string, { pauseWork }: CrashNotes): WaitListener & { close: () => void } {
  let waits = 0;
  let isOver = false;

  // What was begun in passing may go on when the work is over, and work on the item may have begun again.
  const note = async (paused: boolean): Promise<void> => {
    // Without the note a death counts for the work, or not: the next store of its outcome says that the store fails.
    if (!isOver) await pauseWork(item, paused).catch(() => undefined);
  };
  return {
    began: () => (waits++ === 0 ? note(true) : Promise.resolve()),
    ended: () => (--waits === 0 ? note(false) : Promise.resolve()),
    close: () => (isOver = true),
  };
}
