// Jobs in the database: received once, changed one step after the other, found when they are due.
import { sql } from 'kysely';
import type { Clock } from '../core/time.ts';
import { addEntries, applyChange } from './changes.ts';
import type { Connection, Tx } from './connection.ts';
import { StaleError, type JobStore, type Line } from './contract.ts';

export function createJobStore({ read, write }: Connection, now: Clock): JobStore {
  return {
    receive: (job, entries) =>
      write(async (tx) => {
        const id = `${job.lab}:${job.nodeId}`;
        const known = await tx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
        if (known) return { job: known, isNew: false };
        const at = now();
        const made = await tx
          .insertInto('jobs')
          .values({ ...job, id, done: 0, tries: 0, nextAt: at, rev: 0, receivedAt: at, updatedAt: at })
          .returningAll()
          .executeTakeFirstOrThrow();
        await addEntries(tx, id, at, entries);
        return { job: made, isNew: true };
      }),

    job: (id) => read((db) => db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()),

    jobs: (filter) =>
      read((db) => {
        let query = db.selectFrom('jobs').selectAll().orderBy('receivedAt', 'desc').limit(filter.limit);
        if (filter.lab !== undefined) query = query.where('lab', '=', filter.lab);
        if (filter.board !== undefined) query = query.where('board', '=', filter.board);
        if (filter.stage !== undefined) query = query.where('stage', '=', filter.stage);
        if (filter.nodeId !== undefined) query = query.where('nodeId', '=', filter.nodeId);
        if (filter.done !== undefined) query = query.where('done', '=', filter.done ? 1 : 0);
        if (filter.before !== undefined) query = query.where('receivedAt', '<', filter.before);
        return query.execute();
      }),

    due: (lab, at, limit) =>
      read((db) =>
        db
          .selectFrom('jobs')
          .selectAll()
          .where('lab', '=', lab)
          .where('done', '=', 0)
          .where('nextAt', '<=', at)
          .orderBy('priority', 'desc')
          .orderBy('receivedAt')
          .limit(limit)
          .execute(),
      ),

    nextDue: (lab, at) =>
      read(async (db) => {
        const row = await db
          .selectFrom('jobs')
          .select((e) => e.fn.min('nextAt').as('at'))
          .where('lab', '=', lab)
          .where('done', '=', 0)
          .where('nextAt', '>', at)
          .executeTakeFirst();
        return row?.at ?? undefined;
      }),

    save: (job, change) =>
      write(async (tx) => {
        const saved = await tx
          .updateTable('jobs')
          .set({ ...change.job, rev: job.rev + 1, updatedAt: now() })
          .where('id', '=', job.id)
          .where('rev', '=', job.rev)
          .returningAll()
          .executeTakeFirst();
        if (!saved) throw new StaleError(job.id);
        await applyChange(tx, job.id, now(), change);
        return saved;
      }),

    record: (jobId, { job, ...change }) =>
      write(async (tx) => {
        if (job) await tx.updateTable('jobs').set(job).where('id', '=', jobId).execute();
        await applyChange(tx, jobId, now(), change);
      }),

    wake: (id, at = now()) =>
      write(async (tx) => {
        await tx
          .updateTable('jobs')
          .set((e) => ({ nextAt: at, rev: e('rev', '+', 1) }))
          .where('id', '=', id)
          .where('done', '=', 0)
          .execute();
      }),

    wakeStage: (lab, stage) => write((tx) => wakeWaiting(tx, lab, now(), { stage })),
    wakeFailed: (lab) => write((tx) => wakeWaiting(tx, lab, now(), { failed: true })),

    requestCancel: (id, why, entries) =>
      write(async (tx) => {
        const changed = await tx
          .updateTable('jobs')
          .set((e) => ({ cancel: why, nextAt: now(), rev: e('rev', '+', 1), updatedAt: now() }))
          .where('id', '=', id)
          .where('done', '=', 0)
          .where('cancel', 'is', null)
          .returning('id')
          .executeTakeFirst();
        if (!changed) return false;
        await addEntries(tx, id, now(), entries);
        return true;
      }),

    firstOf: ({ lab, board, stage }, except = '') =>
      read((db) =>
        db
          .selectFrom('jobs')
          .select(['id', 'nextAt'])
          .where('done', '=', 0)
          .where('lab', '=', lab)
          .where('board', '=', board)
          .where('stage', '=', stage)
          .where('id', '!=', except)
          .orderBy('priority', 'desc')
          .orderBy('receivedAt')
          .orderBy('id')
          .limit(1)
          .executeTakeFirst(),
      ),

    holdBack: (line, until, reason, except) =>
      write((tx) => hold(tx, line, { until, reason, except, at: now() })),

    changedAfter: (at, limit) =>
      read(async (db) => {
        const query = db.selectFrom('jobs').select('id').where('updatedAt', '>', at);
        return (await query.orderBy('updatedAt', 'desc').limit(limit).execute()).map(({ id }) => id);
      }),

    openCounts: () =>
      read((db) =>
        db
          .selectFrom('jobs')
          .select((e) => ['lab', 'board', 'stage', e.fn.countAll<number>().as('count')])
          .where('done', '=', 0)
          .groupBy(['lab', 'board', 'stage'])
          .execute(),
      ),

    forget: (before, limit) =>
      write(async (tx) => {
        const old = await tx
          .selectFrom('jobs')
          .select('id')
          .where('done', '=', 1)
          .where('updatedAt', '<', before)
          .limit(limit)
          .execute();
        const ids = old.map((row) => row.id);
        if (ids.length > 0) await tx.deleteFrom('jobs').where('id', 'in', ids).execute();
        return ids;
      }),
  };
}

async function wakeWaiting(
  tx: Tx,
  lab: string,
  at: number,
  which: { stage?: string; failed?: true },
): Promise<void> {
  let query = tx
    .updateTable('jobs')
    .set({ nextAt: at })
    .where('lab', '=', lab)
    .where('done', '=', 0)
    .where('nextAt', '>', at);
  if (which.stage !== undefined) query = query.where('stage', '=', which.stage);
  if (which.failed) query = query.where('tries', '>', 0);
  await query.execute();
}

interface Hold {
  until: number;
  reason: string;
  except: string;
  at: number;
}

/** One statement for all, and a line in the timeline of those for which the reason is new. */
async function hold(tx: Tx, line: Line, { until, reason, except, at }: Hold): Promise<void> {
  const { lab, board, stage } = line;
  const held = tx
    .selectFrom('jobs')
    .where('done', '=', 0)
    .where('lab', '=', lab)
    .where('board', '=', board)
    .where('stage', '=', stage)
    .where('id', '!=', except)
    .where('cancel', 'is', null);
  await tx
    .insertInto('timeline')
    .columns(['jobId', 'at', 'kind', 'text'])
    .expression(
      held
        .where((e) => e.or([e('reason', 'is', null), e('reason', '!=', reason)]))
        .select(['id', sql<number>`${at}`.as('at'), sql<string>`'wait'`.as('kind')])
        .select(sql<string>`${`waits: ${reason}`}`.as('text')),
    )
    .execute();
  await tx.updateTable('jobs').set({ reason, nextAt: until }).where('id', 'in', held.select('id')).execute();
}
