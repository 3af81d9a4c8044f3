// How the parts of the store reach the database: reads, and writes that happen whole or not at all. PostgreSQL has several
// connections (postgres.ts). SQLite has one, which works on this thread, used by one at a time: a transaction must not be
// entered by another caller's statements. Writes that wait at the same time are stored together, so that they share one sync of
// the disk; while another thread waits for that, this one does everything else.
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Tx = Transaction<Tables>;

export interface Connection {
  read: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;
  /** All of the work is stored, or nothing. */
  write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  /** One statement that need not outlive a power cut: it is not synced to the disk. */
  jot: (work: (db: Kysely<Tables>) => Promise<void>) => Promise<void>;
}

/** The longest that the database keeps the thread before everything else gets its turn (ms). */
const LONGEST_TURN = 3;
/** So many writes share a transaction at most: the first of them waits for the last. */
const MOST_TOGETHER = 32;

const SAVEPOINT = CompiledQuery.raw('savepoint own');
const ROLLBACK = CompiledQuery.raw('rollback to own');
const RELEASE = CompiledQuery.raw('release own');

/** A write that waits for its turn. */
interface Waiting {
  /** Runs it; its result is kept until it is stored. Throws what the work throws. */
  run: (tx: Tx) => Promise<void>;
  stored: () => void;
  failed: (error: unknown) => void;
}

/** For SQLite. `sync`: what was committed is on the disk when it is fulfilled. */
export function createSingleConnection(db: Kysely<Tables>, sync: () => Promise<void>): Connection {
  let last: Promise<unknown> = Promise.resolve();
  let began = 0;
  let together: Waiting[] | undefined;

  /** Everything else gets its turn, if it waits for long. */
  async function giveWay(): Promise<void> {
    if (performance.now() - began <= LONGEST_TURN) return;
    await turnOfLoop();
    began = performance.now();
  }

  /** Waits for its turn; what comes later waits until it is done. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(async () => {
      await giveWay();
      return work();
    });
    last = mine.catch(() => undefined);
    return mine;
  }

  /** Takes up the writes that come until their turn is there. */
  function gather(): Waiting[] {
    const waiting: Waiting[] = [];
    void alone(() => {
      if (together === waiting) together = undefined;
      return storeAll(db, waiting, { giveWay, sync });
    });
    return waiting;
  }

  return {
    read: (work) => alone(() => work(db)),
    write: (work) =>
      new Promise((resolve, reject) => {
        if (together === undefined || together.length >= MOST_TOGETHER) together = gather();
        let stored = (): void => undefined;
        together.push({
          run: async (tx) => {
            const result = await work(tx);
            stored = () => resolve(result);
          },
          stored: () => stored(),
          failed: reject,
        });
      }),
    jot: (work) => alone(() => work(db)),
  };
}

/** Stores writes in one transaction and one sync. What fails is taken back, and the others are stored all the same. */
async function storeAll(
  db: Kysely<Tables>,
  waiting: readonly Waiting[],
  { giveWay, sync }: { giveWay: () => Promise<void>; sync: () => Promise<void> },
): Promise<void> {
  const failures = new Map<Waiting, unknown>();
  try {
    await db.transaction().execute(async (tx) => {
      const [first, ...others] = waiting;
      // One alone needs no savepoint: it takes the transaction with it.
      if (others.length === 0) return first?.run(tx);
      for (const each of waiting) {
        await giveWay();
        await tx.executeQuery(SAVEPOINT);
        try {
          await each.run(tx);
        } catch (error) {
          failures.set(each, error);
          // Throws where SQLite has taken all back by itself, on a full disk: then nothing of the others is stored either.
          await tx.executeQuery(ROLLBACK).catch(() => {
            throw error;
          });
        }
        await tx.executeQuery(RELEASE);
      }
    });
    if (failures.size < waiting.length) await sync();
  } catch (error) {
    for (const each of waiting) each.failed(failures.get(each) ?? error);
    return;
  }
  for (const each of waiting) {
    if (failures.has(each)) each.failed(failures.get(each));
    else each.stored();
  }
}
