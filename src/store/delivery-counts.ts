// How many deliveries stand in each state, by destination: kept as they change state, so that they need not be counted. What
// has ended stays counted when its job is forgotten.
import { sql } from 'kysely';
import type { Tx } from './connection.ts';
import { NOT_ENDED, type DeliveryState } from './delivery-contract.ts';
import { statement } from './statement.ts';

/** Adds `by` (which may be negative) to the deliveries of a destination in a state. */
export async function countDelivery(
  tx: Tx,
  { destination, state }: { destination: string; state: DeliveryState },
  by: number,
): Promise<void> {
  await addToCount(tx, { destination, state, by });
}

const addToCount = statement(
  (db, { destination, state, by }: { destination: string; state: string; by: number }) =>
    db
      .insertInto('deliveryCounts')
      .values({ destination, state, count: by })
      .onConflict((c) =>
        c
          .columns(['state', 'destination'])
          .doUpdateSet((e) => ({ count: e('deliveryCounts.count', '+', e.ref('excluded.count')) })),
      ),
);

/** Counts again all that has not ended, after many changed their state at once. */
export async function countOpenDeliveries(tx: Tx): Promise<void> {
  await tx.deleteFrom('deliveryCounts').where('state', 'in', NOT_ENDED).execute();
  await tx
    .insertInto('deliveryCounts')
    .columns(['destination', 'state', 'count'])
    .expression(
      tx
        .selectFrom('deliveries')
        .select(['destination', 'state', sql<number>`count(*)`.as('count')])
        .where('state', 'in', NOT_ENDED)
        .groupBy(['destination', 'state']),
    )
    .execute();
}

/** Takes what has not ended of these jobs out of the counts: they are about to be forgotten. */
export async function forgetDeliveries(tx: Tx, jobIds: readonly string[]): Promise<void> {
  const open = await tx
    .selectFrom('deliveries')
    .select(['destination', 'state'])
    .where('jobId', 'in', jobIds)
    .where('state', 'in', NOT_ENDED)
    .execute();
  for (const { destination, state } of open) {
    const known = NOT_ENDED.find((word) => word === state);
    if (known !== undefined) await countDelivery(tx, { destination, state: known }, -1);
  }
}
