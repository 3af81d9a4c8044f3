// What changes together with a job: its attempts, deliveries, callbacks and timeline.
import type { Tx } from './connection.ts';
import type { Change } from './contract.ts';
import type { Entry, NewDelivery } from './tables.ts';

export async function addEntries(
  tx: Tx,
  jobId: string,
  at: number,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .insertInto('timeline')
    .values(entries.map(({ kind, text }) => ({ jobId, at, kind, text })))
    .execute();
}

/** Adds deliveries; one that is there already (job, destination and kind) stays as it is. */
export async function addDeliveries(
  tx: Tx,
  jobId: string,
  at: number,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  const base = { jobId, state: 'pending', tries: 0, nextAt: 0, createdAt: at };
  await tx
    .insertInto('deliveries')
    .values(deliveries.map((d) => ({ ...base, ...d })))
    .onConflict((c) => c.columns(['jobId', 'destination', 'kind']).doNothing())
    .execute();
}

export async function applyChange(
  tx: Tx,
  id: string,
  at: number,
  change: Omit<Change, 'job'>,
): Promise<void> {
  if (change.newAttempt) await tx.insertInto('attempts').values(change.newAttempt).execute();
  for (const [n, values] of change.attempts ?? []) {
    await tx.updateTable('attempts').set(values).where('jobId', '=', id).where('n', '=', n).execute();
  }
  await addDeliveries(tx, id, at, change.deliveries ?? []);
  if (change.dropCallbacks === true) await tx.deleteFrom('callbacks').where('jobId', '=', id).execute();
  await addEntries(tx, id, at, change.entries ?? []);
}
