// Notes of what is being worked on, so that the next start knows what was under way when the process died. They are not
// synced to the disk: a process that dies leaves them all the same, and they cost little.
import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { WorkNotes } from './contract.ts';

export function createWorkNotes({ jot, write }: Connection): WorkNotes {
  return {
    beginWork: (item) =>
      jot(async (db) => {
        await db
          .insertInto('underWay')
          .values({ item, running: 1, crashes: 0 })
          .onConflict((c) => c.column('item').doUpdateSet({ running: 1 }))
          .execute();
      }),

    endWork: (item) =>
      jot(async (db) => {
        await db.deleteFrom('underWay').where('item', '=', item).execute();
      }),

    pauseWork: (item, paused) =>
      jot(async (db) => {
        await db
          .updateTable('underWay')
          .set({ running: paused ? 0 : 1 })
          .where('item', '=', item)
          .execute();
      }),

    countCrash: () =>
      write(async (tx) => {
        await tx
          .updateTable('underWay')
          .set({ running: 0, crashes: sql<number>`crashes + 1` })
          .where('running', '=', 1)
          .execute();
        await tx.deleteFrom('underWay').where('running', '=', 0).where('crashes', '=', 0).execute();
        return tx.selectFrom('underWay').select(['item', 'crashes']).where('running', '=', 0).execute();
      }),

    forgetWork: (item) =>
      write(async (tx) => {
        await tx.deleteFrom('underWay').where('item', '=', item).execute();
      }),
  };
}
