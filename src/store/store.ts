// The durable state behind one interface: whoever uses it does not know which database it is. What belongs together
// changes in one transaction, and every answered promise is on disk.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { BridgeError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import { MIGRATIONS } from './migrations.ts';
import { openSqlite } from './sqlite.ts';
import type {
  AttemptChange,
  AttemptRecord,
  CallbackRecord,
  DeliveryRecord,
  Drain,
  Entry,
  JobChange,
  JobRecord,
  NewDelivery,
  Tables,
  TimelineRecord,
} from './tables.ts';

/** What is known of a job when its request arrives. */
export type NewJob = Pick<
  JobRecord,
  'lab' | 'nodeId' | 'source' | 'name' | 'board' | 'request' | 'priority' | 'ending'
> & { stage: string };

/** What changes together with a job, in one transaction. */
export interface Change {
  job?: JobChange;
  /** Attempts to add, or to change (by number). */
  newAttempt?: AttemptRecord;
  attempts?: ReadonlyMap<number, AttemptChange>;
  deliveries?: readonly NewDelivery[];
  /** The callbacks of the job are worked up and go. */
  dropCallbacks?: boolean;
  entries?: readonly Entry[];
}

export interface JobFilter {
  lab?: string | undefined;
  board?: string | undefined;
  stage?: string | undefined;
  done?: boolean | undefined;
  nodeId?: string | undefined;
  /** At most that many, newest first. */
  limit: number;
  /** Only jobs received before (ms). */
  before?: number | undefined;
}

/** Somebody else changed the job since it was read; read it again. */
export class StaleError extends BridgeError {
  constructor(jobId: string) {
    super('stale', `${jobId}: changed meanwhile`);
  }
}

export interface Store {
  /** Made once per store; marks what this instance claims. 12 hex digits. */
  readonly instanceId: string;
  setting(key: string): Promise<string | undefined>;
  saveSetting(key: string, value: string): Promise<void>;

  /** Stores a request, once per lab and node. */
  receive(job: NewJob, entries: readonly Entry[]): Promise<{ job: JobRecord; isNew: boolean }>;
  job(id: string): Promise<JobRecord | undefined>;
  jobs(filter: JobFilter): Promise<JobRecord[]>;
  /** Open jobs of a lab that are due, most urgent first. */
  due(lab: string, now: number, limit: number): Promise<JobRecord[]>;
  /** When the first of the lab's open jobs that are not due at `now` will be (ms). */
  nextDue(lab: string, now: number): Promise<number | undefined>;
  /** Changes a job and what belongs to it. Throws StaleError if it is no longer as `job` says. */
  save(job: JobRecord, change: Change): Promise<JobRecord>;
  /** Stores what happened, whatever else has changed meanwhile: facts are never refused, and decide nothing. */
  record(jobId: string, change: Omit<Change, 'job'> & { job?: Pick<JobChange, 'nodeSeenAt'> }): Promise<void>;
  /** Makes a job due now; a stage that is under way will not put it off again. */
  wake(id: string): Promise<void>;
  /** Makes all waiting jobs of a lab in a stage due now. */
  wakeStage(lab: string, stage: string): Promise<void>;
  /** Makes all jobs of a lab due now whose last step failed: what it failed on is back. */
  wakeFailed(lab: string): Promise<void>;
  /** Asks for a cancel; false if the job is done. */
  requestCancel(id: string, why: string, entries: readonly Entry[]): Promise<boolean>;
  /** Open jobs, counted by lab and stage (and by board, where asked). */
  openCounts(): Promise<{ lab: string; board: string; stage: string; count: number }[]>;

  attempts(jobId: string): Promise<AttemptRecord[]>;
  attemptByLavaId(lab: string, lavaId: number): Promise<AttemptRecord | undefined>;
  /** The largest LAVA id that this lab gave before `before` (ms). */
  lastLavaId(lab: string, before: number): Promise<number | undefined>;

  timeline(jobId: string): Promise<TimelineRecord[]>;
  note(jobId: string, entries: readonly Entry[]): Promise<void>;

  /** Stores a callback and makes its job due, in one transaction. */
  addCallback(callback: Omit<CallbackRecord, 'id' | 'receivedAt'>, entries: readonly Entry[]): Promise<void>;
  callbacks(jobId: string): Promise<CallbackRecord[]>;

  deliveries(jobId: string): Promise<DeliveryRecord[]>;
  dueDeliveries(destination: string, now: number, limit: number): Promise<DeliveryRecord[]>;
  /** When the first of those that are not due at `now` will be (ms). */
  nextDelivery(destination: string, now: number): Promise<number | undefined>;
  saveDelivery(
    id: number,
    change: Partial<Omit<DeliveryRecord, 'id' | 'jobId'>>,
    entries?: { jobId: string; entries: readonly Entry[] },
  ): Promise<void>;
  /** How many deliveries stand in each state, by destination. */
  deliveryCounts(): Promise<{ destination: string; state: string; count: number }[]>;

  drains(): Promise<Drain[]>;
  drain(lab: string, board: string, why: string): Promise<void>;
  resume(lab: string, board: string): Promise<boolean>;

  /** Removes jobs that were done before `before` (ms); returns their ids. */
  forget(before: number, limit: number): Promise<string[]>;
  /** Throws if the database does not take a write. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store of the configuration, making or upgrading its schema. Throws BridgeError `store`. */
export async function openStore(config: { sqlite: string }, now: Clock = Date.now): Promise<Store> {
  const db = openSqlite(config.sqlite);
  await migrate(db);
  const instanceId = await instance(db);
  return createStore(db, instanceId, now);
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('meta')
    .ifNotExists()
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'schema').executeTakeFirst();
  const version = row === undefined ? 0 : Number(row.value);
  if (version > MIGRATIONS.length) {
    throw new BridgeError(
      'store',
      `the store was written by a newer lava-bridge (schema ${version}, this one knows ${MIGRATIONS.length}); upgrade, or restore the copy that was made before`,
    );
  }
  for (const [i, migration] of MIGRATIONS.entries()) {
    if (i < version) continue;
    await db.transaction().execute(async (tx) => {
      await migration(tx);
      await setMeta(tx, 'schema', String(i + 1));
    });
  }
}

async function instance(db: Kysely<Tables>): Promise<string> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'instance').executeTakeFirst();
  if (row) return row.value;
  const made = randomBytes(6).toString('hex');
  await setMeta(db, 'instance', made);
  return made;
}

async function setMeta(db: Kysely<Tables>, key: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

type Tx = Transaction<Tables>;

function createStore(db: Kysely<Tables>, instanceId: string, now: Clock): Store {
  // One connection: a transaction must not be entered by another caller's statements.
  let last: Promise<unknown> = Promise.resolve();
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  }
  function transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return alone(() => db.transaction().execute(work));
  }

  async function addEntries(tx: Tx, jobId: string, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const at = now();
    await tx
      .insertInto('timeline')
      .values(entries.map(({ kind, text }) => ({ jobId, at, kind, text })))
      .execute();
  }

  async function applyChange(tx: Tx, id: string, change: Change): Promise<void> {
    if (change.newAttempt) await tx.insertInto('attempts').values(change.newAttempt).execute();
    for (const [n, values] of change.attempts ?? []) {
      await tx.updateTable('attempts').set(values).where('jobId', '=', id).where('n', '=', n).execute();
    }
    if (change.deliveries !== undefined && change.deliveries.length > 0) {
      const base = { jobId: id, state: 'pending', tries: 0, nextAt: 0, createdAt: now() };
      await tx
        .insertInto('deliveries')
        .values(change.deliveries.map((d) => ({ ...base, ...d })))
        .onConflict((c) => c.columns(['jobId', 'destination', 'kind']).doNothing())
        .execute();
    }
    if (change.dropCallbacks === true) await tx.deleteFrom('callbacks').where('jobId', '=', id).execute();
    await addEntries(tx, id, change.entries ?? []);
  }

  return {
    instanceId,

    setting: (key) =>
      alone(async () => {
        const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
        return row?.value;
      }),
    saveSetting: (key, value) => alone(() => setMeta(db, key, value)),

    receive: (job, entries) =>
      transaction(async (tx) => {
        const id = `${job.lab}:${job.nodeId}`;
        const known = await tx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
        if (known) return { job: known, isNew: false };
        const at = now();
        const made = await tx
          .insertInto('jobs')
          .values({ ...job, id, done: 0, tries: 0, nextAt: at, rev: 0, receivedAt: at, updatedAt: at })
          .returningAll()
          .executeTakeFirstOrThrow();
        await addEntries(tx, id, entries);
        return { job: made, isNew: true };
      }),

    job: (id) => alone(() => db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()),

    jobs: (filter) =>
      alone(() => {
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
      alone(() =>
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
      alone(async () => {
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
      transaction(async (tx) => {
        const saved = await tx
          .updateTable('jobs')
          .set({ ...change.job, rev: job.rev + 1, updatedAt: now() })
          .where('id', '=', job.id)
          .where('rev', '=', job.rev)
          .returningAll()
          .executeTakeFirst();
        if (!saved) throw new StaleError(job.id);
        await applyChange(tx, job.id, change);
        return saved;
      }),

    wake: (id) =>
      alone(async () => {
        await db
          .updateTable('jobs')
          .set((e) => ({ nextAt: now(), rev: e('rev', '+', 1) }))
          .where('id', '=', id)
          .where('done', '=', 0)
          .execute();
      }),

    wakeStage: (lab, stage) =>
      alone(async () => {
        const at = now();
        await db
          .updateTable('jobs')
          .set({ nextAt: at })
          .where('lab', '=', lab)
          .where('stage', '=', stage)
          .where('done', '=', 0)
          .where('nextAt', '>', at)
          .execute();
      }),

    wakeFailed: (lab) =>
      alone(async () => {
        const at = now();
        await db
          .updateTable('jobs')
          .set({ nextAt: at })
          .where('lab', '=', lab)
          .where('done', '=', 0)
          .where('tries', '>', 0)
          .where('nextAt', '>', at)
          .execute();
      }),

    record: (jobId, { job, ...change }) =>
      transaction(async (tx) => {
        if (job) await tx.updateTable('jobs').set(job).where('id', '=', jobId).execute();
        await applyChange(tx, jobId, change);
      }),

    requestCancel: (id, why, entries) =>
      transaction(async (tx) => {
        const changed = await tx
          .updateTable('jobs')
          .set((e) => ({ cancel: why, nextAt: now(), rev: e('rev', '+', 1), updatedAt: now() }))
          .where('id', '=', id)
          .where('done', '=', 0)
          .where('cancel', 'is', null)
          .returning('id')
          .executeTakeFirst();
        if (!changed) return false;
        await addEntries(tx, id, entries);
        return true;
      }),

    openCounts: () =>
      alone(() =>
        db
          .selectFrom('jobs')
          .select((e) => ['lab', 'board', 'stage', e.fn.countAll<number>().as('count')])
          .where('done', '=', 0)
          .groupBy(['lab', 'board', 'stage'])
          .execute(),
      ),

    attempts: (jobId) =>
      alone(() => db.selectFrom('attempts').selectAll().where('jobId', '=', jobId).orderBy('n').execute()),

    attemptByLavaId: (lab, lavaId) =>
      alone(() =>
        db
          .selectFrom('attempts')
          .selectAll()
          .where('lab', '=', lab)
          .where('lavaId', '=', lavaId)
          .executeTakeFirst(),
      ),

    lastLavaId: (lab, before) =>
      alone(async () => {
        const row = await db
          .selectFrom('attempts')
          .select((e) => e.fn.max('lavaId').as('id'))
          .where('lab', '=', lab)
          .where('submittedAt', '<', before)
          .executeTakeFirst();
        return row?.id ?? undefined;
      }),

    timeline: (jobId) =>
      alone(() => db.selectFrom('timeline').selectAll().where('jobId', '=', jobId).orderBy('id').execute()),

    note: (jobId, entries) => transaction((tx) => addEntries(tx, jobId, entries)),

    addCallback: (callback, entries) =>
      transaction(async (tx) => {
        const at = now();
        await tx
          .insertInto('callbacks')
          .values({ ...callback, receivedAt: at })
          .execute();
        await tx
          .updateTable('jobs')
          .set((e) => ({ nextAt: at, rev: e('rev', '+', 1) }))
          .where('id', '=', callback.jobId)
          .execute();
        await addEntries(tx, callback.jobId, entries);
      }),

    callbacks: (jobId) =>
      alone(() => db.selectFrom('callbacks').selectAll().where('jobId', '=', jobId).orderBy('id').execute()),

    deliveries: (jobId) =>
      alone(() => db.selectFrom('deliveries').selectAll().where('jobId', '=', jobId).orderBy('id').execute()),

    dueDeliveries: (destination, at, limit) =>
      alone(() =>
        db
          .selectFrom('deliveries')
          .selectAll()
          .where('destination', '=', destination)
          .where('state', 'in', ['pending', 'submitted'])
          .where('nextAt', '<=', at)
          .orderBy('nextAt')
          .limit(limit)
          .execute(),
      ),

    nextDelivery: (destination, at) =>
      alone(async () => {
        const row = await db
          .selectFrom('deliveries')
          .select((e) => e.fn.min('nextAt').as('at'))
          .where('destination', '=', destination)
          .where('state', 'in', ['pending', 'submitted'])
          .where('nextAt', '>', at)
          .executeTakeFirst();
        return row?.at ?? undefined;
      }),

    saveDelivery: (id, change, story) =>
      transaction(async (tx) => {
        await tx.updateTable('deliveries').set(change).where('id', '=', id).execute();
        if (story) await addEntries(tx, story.jobId, story.entries);
      }),

    deliveryCounts: () =>
      alone(() =>
        db
          .selectFrom('deliveries')
          .select((e) => ['destination', 'state', e.fn.countAll<number>().as('count')])
          .groupBy(['destination', 'state'])
          .execute(),
      ),

    drains: () => alone(() => db.selectFrom('drains').selectAll().execute()),
    drain: (lab, board, why) =>
      alone(async () => {
        await db
          .insertInto('drains')
          .values({ lab, board, why, since: now() })
          .onConflict((c) => c.columns(['lab', 'board']).doUpdateSet({ why }))
          .execute();
      }),
    resume: (lab, board) =>
      alone(async () => {
        const gone = await db
          .deleteFrom('drains')
          .where('lab', '=', lab)
          .where('board', '=', board)
          .executeTakeFirst();
        return gone.numDeletedRows > 0n;
      }),

    forget: (before, limit) =>
      transaction(async (tx) => {
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

    probe: () => alone(() => setMeta(db, 'probe', String(now()))),

    close: () =>
      alone(async () => {
        await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
        await db.destroy();
      }),
  };
}
