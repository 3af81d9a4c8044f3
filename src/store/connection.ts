// How the parts of the store reach the database: reads, and writes that happen whole or not at all. SQLite has one
// connection, used by one at a time: a transaction must not be entered by another caller's statements. It works on this
// thread, so between two uses everything else gets its turn. PostgreSQL has several (postgres.ts).
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Tx = Transaction<Tables>;

export interface Connection {
  read: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;
  /** All of the work is stored, or nothing. */
  write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  /** One statement that need not outlive a power cut: it is not synced to the disk. */
  jot: (work: (db: Kysely<Tables>) => Promise<void>) => Promise<void>;
}

/** For SQLite. */
export function createSingleConnection(db: Kysely<Tables>): Connection {
  let last: Promise<unknown> = Promise.resolve();

  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work);
    last = mine.catch(() => undefined).then(() => turnOfLoop());
    return mine;
  }

  return {
    read: (work) => alone(() => work(db)),
    write: (work) => alone(() => db.transaction().execute(work)),
    jot: (work) =>
      alone(async () => {
        await sql`PRAGMA synchronous = NORMAL`.execute(db);
        try {
          await work(db);
        } finally {
          await sql`PRAGMA synchronous = FULL`.execute(db);
        }
      }),
  };
}
