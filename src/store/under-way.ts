// Notes of what is being worked on, so that whoever finds the process dead knows what was under way in it. They are not
// synced to the disk: a process that dies leaves them all the same, and they cost little.
import { sql } from 'kysely';
import type { Connection, Tx } from './connection.ts';
import type { WorkNotes } from './contract.ts';

/** The notes of this process. */
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

    suspects: () =>
      read((db) =>
        db
          .selectFrom('underWay')
          .select(['item', 'crashes'])
          .where('running', '=', 0)
          .where('crashes', '>', 0)
          .execute(),
      ),

    forgetWork: (item) =>
      write(async (tx) => {
        await tx.deleteFrom('underWay').where('item', '=', item).execute();
      }),
  };
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
