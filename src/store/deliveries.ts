// The outbox in the database: what is to be sent, until it is accepted.
import { sql } from 'kysely';
import type { Clock } from '../core/time.ts';
import { addDeliveries, addEntries } from './changes.ts';
import type { Connection } from './connection.ts';
import type { DeliveryStore } from './contract.ts';

/** The states of what is under way. */
const OPEN = ['pending', 'submitted'];

export function createDeliveryStore({ read, write }: Connection, now: Clock): DeliveryStore {
  return {
    deliveries: (jobId) =>
      read((db) =>
        db.selectFrom('deliveries').selectAll().where('jobId', '=', jobId).orderBy('id').execute(),
      ),

    dueDeliveries: (destination, at, limit) =>
      read((db) =>
        db
          .selectFrom('deliveries as d')
          .selectAll('d')
          .where('destination', '=', destination)
          .where('state', 'in', OPEN)
          .where('nextAt', '<=', at)
          .where((e) =>
            e.not(
              e.exists(
                e
                  .selectFrom('deliveries as before')
                  .select(sql<number>`1`.as('one'))
                  .whereRef('before.jobId', '=', 'd.jobId')
                  .whereRef('before.destination', '=', 'd.destination')
                  .whereRef('before.id', '<', 'd.id')
                  .where('before.state', 'in', OPEN),
              ),
            ),
          )
          .orderBy('nextAt')
          .orderBy('id')
          .limit(limit)
          .execute(),
      ),

    nextDelivery: (destination, at) =>
      read(async (db) => {
        const row = await db
          .selectFrom('deliveries')
          .select((e) => e.fn.min('nextAt').as('at'))
          .where('destination', '=', destination)
          .where('state', 'in', OPEN)
          .where('nextAt', '>', at)
          .executeTakeFirst();
        return row?.at ?? undefined;
      }),

    saveDelivery: ({ id, jobId }, { delivery, instead = [], entries = [], wakeJobIn }) =>
      write(async (tx) => {
        const at = now();
        await tx.updateTable('deliveries').set(delivery).where('id', '=', id).execute();
        await addDeliveries(tx, jobId, at, instead);
        await addEntries(tx, jobId, at, entries);
        if (wakeJobIn === undefined) return;
        await tx
          .updateTable('jobs')
          .set((e) => ({ nextAt: at, rev: e('rev', '+', 1) }))
          .where('id', '=', jobId)
          .where('stage', '=', wakeJobIn)
          .where('done', '=', 0)
          .execute();
      }),

    wakeDeliveries: (destination) =>
      write(async (tx) => {
        await tx
          .updateTable('deliveries')
          .set({ nextAt: now() })
          .where('destination', '=', destination)
          .where('state', 'in', OPEN)
          .where('tries', '>', 0)
          .where('nextAt', '>', now())
          .execute();
      }),

    deliveryCounts: () =>
      read((db) =>
        db
          .selectFrom('deliveries')
          .select((e) => ['destination', 'state', e.fn.countAll<number>().as('count')])
          .groupBy(['destination', 'state'])
          .execute(),
      ),
  };
}
