// What happened to each job: its timeline, and the callbacks of LAVA that are not worked up yet.
import type { Clock } from '../core/time.ts';
import { addEntries } from './changes.ts';
import type { Connection } from './connection.ts';
import type { HistoryStore } from './contract.ts';
import { toCallback, toEntry } from './rows.ts';
import { statement } from './statement.ts';

const selectCallbacks = statement((db, { jobId }: { jobId: string }) =>
  db.selectFrom('callbacks').selectAll().where('jobId', '=', jobId).orderBy('id'),
);

export function createHistoryStore({ read, write }: Connection, now: Clock): HistoryStore {
  return {
    timeline: (jobId) =>
      read(async (db) => {
        const entries = db.selectFrom('timeline').selectAll().where('jobId', '=', jobId).orderBy('id');
        return (await entries.execute()).map(toEntry);
      }),

    note: (jobId, entries) => write((tx) => addEntries(tx, jobId, now(), entries)),

    addCallback: (callback, dueAt, entries) =>
      write(async (tx) => {
        const at = now();
        await tx
          .insertInto('callbacks')
          .values({ ...callback, receivedAt: at })
          .execute();
        await tx
          .updateTable('jobs')
          .set((e) => ({ nextAt: dueAt, rev: e('rev', '+', 1) }))
          .where('id', '=', callback.jobId)
          .where('done', '=', 0)
          .execute();
        await addEntries(tx, callback.jobId, at, entries);
      }),

    callbacks: (jobId) => read(async (db) => (await selectCallbacks(db, { jobId })).map(toCallback)),
  };
}
