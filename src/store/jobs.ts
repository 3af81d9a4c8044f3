// Jobs in the database: received once, changed one step after the other, found when they are due.
import { BridgeError, errorText } from '../core/errors.ts';
import { createKept } from '../core/kept.ts';
import type { Clock } from '../core/time.ts';
import { addEntries, applyChange } from './changes.ts';
import type { Connection, Tx } from './connection.ts';
import { StaleError, type JobStore } from './contract.ts';
import { receiveJob } from './receiving.ts';
import { TO_LAVA, type Half, type JobRecord, type Reason, type StageName } from './job.ts';
import type { JobRequest } from '../maestro/request.ts';
import { hold, waitingIn } from './queue.ts';
import { readJobs } from './reads-jobs.ts';
import {
  JOB_COLUMNS,
  jobValues,
  LISTED_COLUMNS,
  toJob,
  toListedJob,
  toRequest,
  ofKnownStages,
} from './rows.ts';
import { rowStatement, statement } from './statement.ts';
import type { JobRow } from './tables.ts';

const selectPlace = statement((db, { id }: { id: string }) =>
  db.selectFrom('jobs').select(['lab', 'nodeId', 'board', 'device', 'lavaId']).where('id', '=', id),
);

const selectRequest = statement((db, { id }: { id: string }) =>
  db.selectFrom('requests').select('request').where('jobId', '=', id),
);

const ofHalf = (half: Half): 'in' | 'not in' => (half === 'toLava' ? 'in' : 'not in');

const selectDueOf = (half: Half) =>
  statement((db, { lab, at, limit }: { lab: string; at: number; limit: number }) =>
    db
      .selectFrom('jobs')
      .select(JOB_COLUMNS)
      .where('done', '=', 0)
      .where('setAside', '=', 0)
      .where('lab', '=', lab)
      .where('nextAt', '<=', at)
      .where('stage', ofHalf(half), TO_LAVA)
      .orderBy('nextAt')
      .orderBy('receivedAt')
      .limit(limit),
  );
const selectDue = { toLava: selectDueOf('toLava'), fromLava: selectDueOf('fromLava') };

const selectNextDueOf = (half: Half) =>
  statement((db, { lab, at }: { lab: string; at: number }) =>
    db
      .selectFrom('jobs')
      .select((e) => e.fn.min('nextAt').as('at'))
      .where('done', '=', 0)
      .where('setAside', '=', 0)
      .where('lab', '=', lab)
      .where('nextAt', '>', at)
      .where('stage', ofHalf(half), TO_LAVA),
  );
const selectNextDue = { toLava: selectNextDueOf('toLava'), fromLava: selectNextDueOf('fromLava') };

const wakeOne = statement((db, { id, at }: { id: string; at: number }) =>
  db
    .updateTable('jobs')
    .set((e) => ({ nextAt: at, rev: e('rev', '+', 1) }))
    .where('id', '=', id)
    .where('done', '=', 0),
);

/** Changes a job that has not changed since it was read. */
const updateUnchanged = rowStatement(
  (db, { ofId, ofRev }: { ofId: string; ofRev: number }, row: Partial<JobRow>) =>
    db.updateTable('jobs').set(row).where('id', '=', ofId).where('rev', '=', ofRev).returning(JOB_COLUMNS),
);

/** Requests of so many jobs are kept as they were read: a job's is asked for eight times, mostly within some seconds. */
const KEPT_REQUESTS = 32;

export function createJobStore({ read, write }: Connection, now: Clock): JobStore {
  const requests = createKept<JobRequest>(KEPT_REQUESTS);

  function setAside(id: string, reason: Reason): Promise<boolean> {
    return write(async (tx) => {
      const changed = await tx
        .updateTable('jobs')
        .set((e) => ({
          setAside: 1,
          reasonCode: reason.code,
          reason: reason.text,
          rev: e('rev', '+', 1),
          updatedAt: now(),
        }))
        .where('id', '=', id)
        .where('done', '=', 0)
        .returning('id')
        .executeTakeFirst();
      if (!changed) return false;
      await addEntries(tx, id, now(), [
        { kind: 'error', code: reason.code, text: `set aside: ${reason.text}` },
      ]);
      return true;
    });
  }

  return {
    receive: (job, entries) => write((tx) => receiveJob(tx, now(), job, entries)),

    job: (id) =>
      read(async (db) => {
        const row = await db
          .selectFrom('jobs')
          .select(LISTED_COLUMNS)
          .where('id', '=', id)
          .executeTakeFirst();
        return row && toListedJob(row);
      }),

    place: async (id) => (await read((db) => selectPlace(db, { id })))[0],

    jobs: (filter) => read(async (db) => (await readJobs(db, filter)).rows),

    request: (id) =>
      read(async (db) => {
        const [row] = await selectRequest(db, { id });
        if (row === undefined) throw new BridgeError('store', `the store has no request of ${id}`);
        return requests.get(id, row.request, () => toRequest(id, row.request));
      }),

    due: async ({ lab, half }, at, limit) => {
      const rows = await read((db) => selectDue[half](db, { lab, at, limit }));
      const due: JobRecord[] = [];
      for (const row of rows) {
        try {
          due.push(toJob(row));
        } catch (error) {
          await setAside(row.id, { code: 'store', text: errorText(error) });
        }
      }
      return due;
    },

    nextDue: async ({ lab, half }, at) =>
      (await read((db) => selectNextDue[half](db, { lab, at })))[0]?.at ?? undefined,

    save: (job, change) =>
      write(async (tx) => {
        const values: Partial<JobRow> = {
          ...jobValues(change.job ?? {}),
          rev: job.rev + 1,
          updatedAt: now(),
          ...(change.job?.stage === undefined ? {} : { stageAt: now() }),
        };
        const [saved] = await updateUnchanged(tx, { ofId: job.id, ofRev: job.rev }, values);
        if (!saved) throw new StaleError(job.id);
        await applyChange(tx, job.id, now(), change);
        return toJob(saved);
      }),

    record: (jobId, { job, ...change }) =>
      write(async (tx) => {
        if (job) await tx.updateTable('jobs').set(jobValues(job)).where('id', '=', jobId).execute();
        await applyChange(tx, jobId, now(), change);
      }),

    wake: (id, at = now()) =>
      write(async (tx) => {
        await wakeOne(tx, { id, at });
      }),

    wakeStage: (lab, stage) => write((tx) => wakeWaiting(tx, lab, now(), { stage })),
    wakeFailed: (lab) => write((tx) => wakeWaiting(tx, lab, now(), { failed: true })),

    setAside,

    takeUp: (id, entries) =>
      write(async (tx) => {
        await tx
          .updateTable('jobs')
          .set((e) => ({ setAside: 0, nextAt: now(), rev: e('rev', '+', 1), updatedAt: now() }))
          .where('id', '=', id)
          .where('setAside', '=', 1)
          .execute();
        await addEntries(tx, id, now(), entries);
      }),

    requestCancel: (id, why, entries) =>
      write(async (tx) => {
        const changed = await tx
          .updateTable('jobs')
          .set((e) => ({ cancel: why, setAside: 0, nextAt: now(), rev: e('rev', '+', 1), updatedAt: now() }))
          .where('id', '=', id)
          .where('done', '=', 0)
          .where('cancel', 'is', null)
          .returning('id')
          .executeTakeFirst();
        if (!changed) return false;
        await addEntries(tx, id, now(), entries);
        return true;
      }),

    firstOf: (queue, except) =>
      read((db) =>
        waitingIn(db, queue, except === undefined ? [] : [except])
          .select(['id', 'nextAt'])
          .orderBy('priority', 'desc')
          .orderBy('receivedAt')
          .orderBy('id')
          .limit(1)
          .executeTakeFirst(),
      ),

    holdBack: (queue, until, reason, except) =>
      write((tx) => hold(tx, queue, { until, reason, except, at: now() })),

    openCounts: (lab) =>
      read(async (db) => {
        const open = db
          .selectFrom('jobs')
          .select((e) => ['lab', 'board', 'stage', e.fn.countAll<number>().as('count')])
          .where('done', '=', 0);
        const rows = await (lab === undefined ? open : open.where('lab', '=', lab))
          .groupBy(['lab', 'board', 'stage'])
          .execute();
        return ofKnownStages(rows);
      }),

    forget: (before, limit) =>
      write(async (tx) => {
        const old = await tx
          .selectFrom('jobs')
          .select('id')
          .where('done', '=', 1)
          .where('updatedAt', '<', before)
          .orderBy('updatedAt')
          .limit(limit)
          .execute();
        const ids = old.map((row) => row.id);
        if (ids.length === 0) return ids;
        await tx.deleteFrom('jobs').where('id', 'in', ids).execute();
        return ids;
      }),

    dropLogs: (id) =>
      write(async (tx) => {
        const job = await tx.selectFrom('jobs').select('done').where('id', '=', id).executeTakeFirst();
        if (job?.done === 0) return false;
        const dropped = await tx
          .updateTable('attempts')
          .set({ log: null })
          .where('jobId', '=', id)
          .where('log', 'is not', null)
          .returning('n')
          .execute();
        const text = 'its logs were removed: they are older, or more, than is kept (retention.evidence)';
        const entry = { kind: 'note', code: 'logs_removed', text } as const;
        if (dropped.length > 0) await addEntries(tx, id, now(), [entry]);
        return true;
      }),
  };
}

async function wakeWaiting(
  tx: Tx,
  lab: string,
  at: number,
  which: { stage?: StageName; failed?: true },
): Promise<void> {
  let query = tx
    .updateTable('jobs')
    .set({ nextAt: at })
    .where('done', '=', 0)
    .where('setAside', '=', 0)
    .where('lab', '=', lab)
    .where('nextAt', '>', at);
  if (which.stage !== undefined) query = query.where('stage', '=', which.stage);
  if (which.failed) query = query.where('tries', '>', 0);
  await query.execute();
}
