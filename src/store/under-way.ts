// Notes of what is being worked on, so that whoever finds the process dead knows what was under way in it. They are not
// synced to the disk: a process that dies leaves them all the same, and they cost little. Where daemons share a database they
// are rows of it. A daemon that has its store alone keeps them in a file, and in the database only what was under way in deaths.
import { sql, type Kysely } from 'kysely';
import type { Connection, Tx } from './connection.ts';
import type { WorkNotes } from './contract.ts';
import { getMeta, setMeta } from './meta.ts';
import type { NoteLog, NoteWord } from './note-log.ts';
import type { Tables } from './tables.ts';

/** The notes of the daemon that has the store alone. */
export function createNotesInFile({ read, write }: Connection, log: NoteLog): WorkNotes {
  /** What has a row: it was under way in a death. */
  const suspected = new Set<string>();

  const note = async (word: NoteWord, item: string): Promise<void> => log.add(word, item);
  const forgetWork = async (item: string): Promise<void> => {
    await write((tx) => forget(tx, item));
    suspected.delete(item);
  };

  return {
    beginWork: (item) => note('begins', item),
    async endWork(item) {
      await note('ends', item);
      if (suspected.has(item)) await forgetWork(item);
    },
    pauseWork: (item, paused) => note(paused ? 'waits' : 'goes-on', item),

    async countCrash() {
      await write(async (tx) => {
        // Rows of a version that kept all notes in the database.
        await countDeaths(tx);
        // If this process dies before the log begins again, it is not counted twice.
        if ((await getMeta(tx, 'counted')) === log.id()) return;
        const items = [...log.items()].filter(([, runs]) => runs);
        for (const [item] of items) await countDeath(tx, item);
        await setMeta(tx, 'counted', log.id());
      });
      log.begin();
    },

    async suspects() {
      const rows = await read(readSuspects);
      for (const { item } of rows) suspected.add(item);
      return rows.filter(({ item }) => !log.items().has(item));
    },

    forgetWork,
  };
}

/** The notes of this process, where several daemons may work on the database. */
export function createWorkNotes({ jot, read, write }: Connection, process: string): WorkNotes {
  return {
    beginWork: (item) =>
      jot(async (db) => {
        await db
          .insertInto('underWay')
          .values({ item, running: 1, crashes: 0, process })
          .onConflict((c) => c.column('item').doUpdateSet({ running: 1, process }))
          .execute();
      }),

    endWork: (item) =>
      jot(async (db) => {
        await db.deleteFrom('underWay').where('item', '=', item).where('process', '=', process).execute();
      }),

    pauseWork: (item, paused) =>
      jot(async (db) => {
        await db
          .updateTable('underWay')
          .set({ running: paused ? 0 : 1 })
          .where('item', '=', item)
          .where('process', '=', process)
          .execute();
      }),

    countCrash: () => write((tx) => countDeaths(tx)),

    suspects: () => read(readSuspects),
    forgetWork: (item) => write((tx) => forget(tx, item)),
  };
}

function readSuspects(db: Kysely<Tables>): Promise<{ item: string; crashes: number }[]> {
  return db
    .selectFrom('underWay')
    .select(['item', 'crashes'])
    .where('running', '=', 0)
    .where('crashes', '>', 0)
    .execute();
}

async function forget(tx: Tx, item: string): Promise<void> {
  await tx.deleteFrom('underWay').where('item', '=', item).execute();
}

async function countDeath(tx: Tx, item: string): Promise<void> {
  await tx
    .insertInto('underWay')
    .values({ item, running: 0, crashes: 1, process: '' })
    .onConflict((c) =>
      c.column('item').doUpdateSet({ running: 0, crashes: sql<number>`under_way.crashes + 1` }),
    )
    .execute();
}

/** Counts a death for all that was under way in these processes, or in any: what only waited is forgotten. */
export async function countDeaths(tx: Tx, processes?: readonly string[]): Promise<void> {
  let running = tx
    .updateTable('underWay')
    .set({ running: 0, crashes: sql<number>`crashes + 1` })
    .where('running', '=', 1);
  let waited = tx.deleteFrom('underWay').where('running', '=', 0).where('crashes', '=', 0);
  if (processes !== undefined) {
    running = running.where('process', 'in', processes);
    waited = waited.where('process', 'in', processes);
  }
  await running.execute();
  await waited.execute();
}

/** Of what was under way nothing is known: those who worked on it went on elsewhere. */
export async function forgetRunning(tx: Tx): Promise<void> {
  await tx.updateTable('underWay').set({ running: 0 }).execute();
  await tx.deleteFrom('underWay').where('crashes', '=', 0).execute();
}
