// The outbox in the database: what is to be sent, until it is accepted.
import { sql, type SelectQueryBuilder } from 'kysely';
import { z } from 'zod';
import { errorText, PermanentError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import type { Clock } from '../core/time.ts';
import { addDeliveries, addEntries } from './changes.ts';
import type { Connection, Tx } from './connection.ts';
import {
  DELIVERY_STATES,
  NOT_ENDED,
  TO_BE_SENT,
  type DeliveryRecord,
  type DeliveryStep,
  type DeliveryStore,
  type DueDelivery,
} from './delivery-contract.ts';
import type { StageName } from './job.ts';
import { rowStatement, statement } from './statement.ts';
import type { DeliveryRow, Tables } from './tables.ts';

/** Jobs that completed this stage have nothing left but their deliveries. */
const WAITS_FOR_DELIVERIES: StageName = 'judged';

const facts = {
  id: z.number(),
  jobId: z.string(),
  destination: z.string(),
  kind: z.string(),
  required: z.number().transform((v) => v === 1),
  tries: z.number(),
  nextAt: z.number(),
  createdAt: z.number(),
};
const maybe = z.string().nullable();

const Stored = z.discriminatedUnion('state', [
  z.object({ ...facts, state: z.literal('pending'), receipt: z.null(), error: maybe, doneAt: z.null() }),
  z.object({ ...facts, state: z.literal('submitted'), receipt: z.string(), error: maybe, doneAt: z.null() }),
  z.object({
    ...facts,
    state: z.literal('unconfigured'),
    receipt: z.null(),
    error: z.string(),
    doneAt: z.null(),
  }),
  z.object({
    ...facts,
    state: z.enum(['parked', 'dropped']),
    receipt: maybe,
    error: z.string(),
    doneAt: z.number(),
  }),
  z.object({ ...facts, state: z.literal('done'), receipt: maybe, error: maybe, doneAt: z.number() }),
]);

const Due = z.discriminatedUnion('state', [Stored.options[0], Stored.options[1]]);

function parsed(id: number, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const message = `the body of delivery ${id} in the store can't be read: ${errorText(error)}`;
    throw new PermanentError('store', message, { cause: error });
  }
}

const WITHOUT_BODY = [
  'id',
  'jobId',
  'destination',
  'kind',
  'required',
  'state',
  'tries',
  'nextAt',
  'error',
  'receipt',
  'createdAt',
  'doneAt',
] as const;

const selectBody = statement((db, { id }: { id: number }) =>
  db.selectFrom('deliveries').select('body').where('id', '=', id),
);

const selectDue = statement(
  (db, { destination, at, limit }: { destination: string; at: number; limit: number }) =>
    firstOfEachJob(
      db
        .selectFrom('deliveries')
        .select(WITHOUT_BODY)
        .where('destination', '=', destination)
        .where('nextAt', '<=', at),
    )
      .orderBy('nextAt')
      .orderBy('id')
      .limit(limit),
);

const selectNext = statement((db, { destination, at }: { destination: string; at: number }) =>
  db
    .selectFrom('deliveries')
    .select((e) => e.fn.min('nextAt').as('at'))
    .where('destination', '=', destination)
    .where('state', 'in', TO_BE_SENT)
    .where('nextAt', '>', at),
);

const updateDelivery = rowStatement(
  (db, { ofId, before }: { ofId: number; before: string }, row: Partial<DeliveryRow>) =>
    db.updateTable('deliveries').set(row).where('id', '=', ofId).where('state', '=', before).returning('id'),
);

export function createDeliveryStore({ read, write }: Connection, now: Clock): DeliveryStore {
  const saveDelivery: DeliveryStore['saveDelivery'] = (delivery, change) =>
    write((tx) => changeDelivery(tx, delivery, change, now()));

  /** Ends what is to be sent and can't be read: what a job waits for is parked, what none waits for is dropped. */
  async function refuse({ id, jobId, destination, kind, ...row }: Row, why: string): Promise<void> {
    const state = row.required === 1 ? 'parked' : 'dropped';
    const text = `${kind} to ${destination}: ${state}: ${why}`;
    await saveDelivery(
      { id, jobId, destination, state: z.enum(TO_BE_SENT).parse(row.state) },
      { delivery: { state, error: why }, entries: [{ kind: 'error', code: 'store', text }], wakesJob: true },
    );
  }

  return {
    deliveries: (jobId) =>
      read(async (db) => {
        const rows = await db
          .selectFrom('deliveries')
          .select(WITHOUT_BODY)
          .where('jobId', '=', jobId)
          .orderBy('id')
          .execute();
        return rows.map(recordOf);
      }),

    deliveryBody: (id) =>
      read(async (db) => {
        const [row] = await selectBody(db, { id });
        return row === undefined ? undefined : parsed(id, row.body);
      }),

    dueDeliveries: async (destination, at, limit) => {
      const rows = await read((db) => selectDue(db, { destination, at, limit }));
      const found: DueDelivery[] = [];
      for (const row of rows) {
        const { success, data, error } = Due.safeParse(row);
        if (success) found.push(data);
        else await refuse(row, faultOf(error));
      }
      return found;
    },

    nextDelivery: (destination, at) =>
      read(async (db) => (await selectNext(db, { destination, at }))[0]?.at ?? undefined),

    saveDelivery,

    wakeDeliveries: (destination) =>
      write(async (tx) => {
        await tx
          .updateTable('deliveries')
          .set({ nextAt: now() })
          .where('destination', '=', destination)
          .where('state', 'in', TO_BE_SENT)
          .where('tries', '>', 0)
          .where('nextAt', '>', now())
          .execute();
      }),

    deliveryCounts: () =>
      read(async (db) => {
        // Not kept as they change: a count that each transaction changed is a row for which all others wait.
        const rows = await db
          .selectFrom('deliveries')
          .select((e) => ['destination', 'state', e.fn.countAll<number>().as('count')])
          .where('state', 'in', NOT_ENDED)
          .groupBy(['state', 'destination'])
          .execute();
        return rows.map((row) => ({ ...row, state: z.enum(DELIVERY_STATES).parse(row.state) }));
      }),

    matchDestinations: (configured, until, error) =>
      write(async (tx) => {
        const names = configured.length === 0 ? [''] : configured;
        await tx
          .updateTable('deliveries')
          .set({ state: 'unconfigured', nextAt: until, error, receipt: null, doneAt: null })
          .where('state', 'in', [...TO_BE_SENT, 'parked'])
          .where('destination', 'not in', names)
          .execute();
        await tx
          .updateTable('deliveries')
          .set({ state: 'pending', nextAt: now(), tries: 0, error: null })
          .where('state', '=', 'unconfigured')
          .where('destination', 'in', names)
          .execute();
      }),

    expiredDeliveries: (at, limit) =>
      read(async (db) => {
        const rows = await db
          .selectFrom('deliveries')
          .select(WITHOUT_BODY)
          .where('state', '=', 'unconfigured')
          .where('nextAt', '<=', at)
          .limit(limit)
          .execute();
        return rows.map(recordOf);
      }),
  };
}

async function changeDelivery(
  tx: Tx,
  { id, jobId, state }: Parameters<DeliveryStore['saveDelivery']>[0],
  { delivery, instead = [], entries = [], wakesJob = false }: Parameters<DeliveryStore['saveDelivery']>[1],
  at: number,
): Promise<boolean> {
  const [done] = await updateDelivery(tx, { ofId: id, before: state }, columnsOf(delivery, at));
  if (done === undefined) return false;
  await addDeliveries(tx, jobId, at, instead);
  await addEntries(tx, jobId, at, entries);
  if (wakesJob) await wakeJob(tx, jobId, at);
  return true;
}

type Row = Omit<DeliveryRow, 'body'>;

function faultOf(error: z.ZodError): string {
  return `the delivery in the store can't be read: ${firstIssue(error).text}`;
}

/** A row that can't be read is shown all the same, as far as its state goes: a list is not to fail for it. */
function recordOf(row: Row): DeliveryRecord {
  const { success, data, error: fault } = Stored.safeParse(row);
  if (success) return data;
  const error = row.error ?? faultOf(fault);
  const record = { ...row, required: row.required === 1, error };
  const state = z.enum(DELIVERY_STATES).catch('dropped').parse(row.state);
  switch (state) {
    case 'pending':
    case 'unconfigured':
      return { ...record, state, receipt: null, doneAt: null };
    case 'submitted':
      return { ...record, state, receipt: row.receipt ?? '', doneAt: null };
    case 'parked':
    case 'dropped':
    case 'done':
      return { ...record, state, doneAt: row.doneAt ?? row.createdAt };
  }
}

/** What is to be sent, without what has to wait for an earlier delivery of its job to the same destination. */
function firstOfEachJob<O>(
  query: SelectQueryBuilder<Tables, 'deliveries', O>,
): SelectQueryBuilder<Tables, 'deliveries', O> {
  return query.where('state', 'in', TO_BE_SENT).where((e) =>
    e.not(
      e.exists(
        e
          .selectFrom('deliveries as before')
          .select(sql<number>`1`.as('one'))
          .whereRef('before.jobId', '=', 'deliveries.jobId')
          .whereRef('before.destination', '=', 'deliveries.destination')
          .whereRef('before.id', '<', 'deliveries.id')
          .where('before.state', 'in', TO_BE_SENT),
      ),
    ),
  );
}

function columnsOf(step: DeliveryStep, at: number): Partial<Omit<DeliveryRow, 'id'>> {
  switch (step.state) {
    case 'pending':
      return { ...step, receipt: null, doneAt: null };
    case 'same':
      return { nextAt: step.nextAt, tries: step.tries, error: step.error };
    case 'submitted':
      return { ...step, error: null };
    case 'done':
      return { state: 'done', error: step.error ?? null, doneAt: at };
    case 'parked':
    case 'dropped':
      return { ...step, doneAt: at };
  }
}

async function wakeJob(tx: Tx, jobId: string, at: number): Promise<void> {
  await tx
    .updateTable('jobs')
    .set((e) => ({ nextAt: at, rev: e('rev', '+', 1) }))
    .where('id', '=', jobId)
    .where('stage', '=', WAITS_FOR_DELIVERIES)
    .where('done', '=', 0)
    .execute();
}
