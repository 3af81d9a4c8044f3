// What happened to each job: its attempts in LAVA, the callbacks that are not worked up yet, its timeline.
import type { Clock } from '../core/time.ts';
import { addEntries } from './changes.ts';
import type { Connection } from './connection.ts';
import type { HistoryStore } from './contract.ts';

export function createHistoryStore({ read, write }: Connection, now: Clock): HistoryStore {
  return {
    attempts: (jobId) =>
      read((db) => db.selectFrom('attempts').selectAll().where('jobId', '=', jobId).orderBy('n').execute()),

    inLava: (jobIds) =>
      read(async (db) => {
        if (jobIds.length === 0) return new Map();
        const attempts = db.selectFrom('attempts').select(['jobId', 'lavaId', 'device']);
        const rows = await attempts.where('jobId', 'in', jobIds).orderBy('n').execute();
        return new Map(rows.map(({ jobId, ...attempt }) => [jobId, attempt]));
      }),

    openAttempts: (lab, lavaId) =>
      read((db) =>
        db
          .selectFrom('attempts')
          .selectAll()
          .where('lab', '=', lab)
          .where('lavaId', '=', lavaId)
          .where('finishedAt', 'is', null)
          .execute(),
      ),

    lastLavaId: (lab) =>
      read(async (db) => {
        const row = await db
          .selectFrom('attempts')
          .select((e) => e.fn.max('lavaId').as('id'))
          .where('lab', '=', lab)
          .executeTakeFirst();
        return row?.id ?? undefined;
      }),

    timeline: (jobId) =>
      read((db) => db.selectFrom('timeline').selectAll().where('jobId', '=', jobId).orderBy('id').execute()),

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

    callbacks: (jobId) =>
      read((db) => db.selectFrom('callbacks').selectAll().where('jobId', '=', jobId).orderBy('id').execute()),
  };
}
