// What changes together with a job: its attempts, deliveries, callbacks and timeline.
import type { Tx } from './connection.ts';
import type { Change } from './contract.ts';
import type { NewDelivery } from './delivery-contract.ts';
import type { AttemptChange, Entry, NewAttempt } from './job.ts';
import { storeJudged } from './judged.ts';
import { attemptValues, newAttemptRow } from './rows.ts';
import { rowStatement, statement } from './statement.ts';
import type { AttemptRow, TimelineRow } from './tables.ts';

export async function addEntries(
  tx: Tx,
  jobId: string,
  at: number,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return;
  for (const { kind, code = null, text } of entries) await insertEntry(tx, { jobId, at, kind, code, text });
}

const insertEntry = statement((db, { jobId, at, kind, code, text }: Omit<TimelineRow, 'id'>) =>
  db.insertInto('timeline').values({ jobId, at, kind, code, text }),
);

/** Adds deliveries; one that is there already (job, destination and kind) stays as it is. */
export async function addDeliveries(
  tx: Tx,
  jobId: string,
  at: number,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await tx
    .insertInto('deliveries')
    .values(
      deliveries.map(({ destination, kind, body, required, notBefore }) => ({
        jobId,
        destination,
        kind,
        body: JSON.stringify(body),
        required: required ? 1 : 0,
        state: 'pending',
        tries: 0,
        nextAt: notBefore ?? 0,
        createdAt: at,
      })),
    )
    .onConflict((c) => c.columns(['jobId', 'destination', 'kind']).doNothing())
    .execute();
}

export async function applyChange(
  tx: Tx,
  id: string,
  at: number,
  change: Omit<Change, 'job'>,
): Promise<void> {
  if (change.newAttempt) await addAttempt(tx, change.newAttempt);
  for (const [n, values] of change.attempts ?? []) await changeAttempt(tx, id, n, values);
  if (change.judged) await storeJudged(tx, id, at, change.judged);
  await addDeliveries(tx, id, at, change.deliveries ?? []);
  if (change.dropCallbacks === true) await tx.deleteFrom('callbacks').where('jobId', '=', id).execute();
  await addEntries(tx, id, at, change.entries ?? []);
}

async function addAttempt(tx: Tx, attempt: NewAttempt): Promise<void> {
  const { jobId, n, definition, expectedTests } = attempt;
  await tx.insertInto('attempts').values(newAttemptRow(attempt)).execute();
  await tx
    .insertInto('attemptDocuments')
    .values({ jobId, n, definition, expectedTests: JSON.stringify(expectedTests), lavaJob: null })
    .execute();
  await tx.updateTable('jobs').set({ lavaId: null, device: null }).where('id', '=', jobId).execute();
}

const updateAttempt = rowStatement(
  (db, { ofJob, number }: { ofJob: string; number: number }, row: Partial<AttemptRow>) =>
    db.updateTable('attempts').set(row).where('jobId', '=', ofJob).where('n', '=', number),
);

async function changeAttempt(tx: Tx, jobId: string, n: number, change: AttemptChange): Promise<void> {
  const values = attemptValues(change);
  if (Object.keys(values).length > 0) {
    await updateAttempt(tx, { ofJob: jobId, number: n }, values);
  }
  const { lavaId, device } = change;
  if (lavaId !== undefined || device !== undefined) {
    const where = {
      ...(lavaId === undefined ? {} : { lavaId }),
      ...(device === undefined ? {} : { device }),
    };
    await tx.updateTable('jobs').set(where).where('id', '=', jobId).execute();
  }
  if (change.lavaJob === undefined) return;
  await tx
    .updateTable('attemptDocuments')
    .set({ lavaJob: JSON.stringify(change.lavaJob) })
    .where('jobId', '=', jobId)
    .where('n', '=', n)
    .execute();
}
