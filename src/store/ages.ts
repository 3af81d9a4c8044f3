// How long the oldest of what is open has waited; for metrics and alerts.
import type { Connection } from './connection.ts';
import type { AgeStore } from './contract.ts';
import { TO_BE_SENT } from './delivery-contract.ts';
import { ofKnownStages } from './rows.ts';

export function createAgeStore({ read }: Connection): AgeStore {
  return {
    oldestOpen: () =>
      read(async (db) => {
        const rows = await db
          .selectFrom('jobs')
          .select((e) => ['lab', 'board', 'stage', e.fn.min('receivedAt').as('receivedAt')])
          .where('done', '=', 0)
          .groupBy(['lab', 'board', 'stage'])
          .execute();
        return ofKnownStages(rows);
      }),

    oldestDelivery: (destination) =>
      read(async (db) => {
        let oldest: number | undefined;
        for (const state of TO_BE_SENT) {
          const row = await db
            .selectFrom('deliveries')
            .select((e) => e.fn.min('createdAt').as('at'))
            .where('destination', '=', destination)
            .where('state', '=', state)
            .executeTakeFirst();
          if (row?.at !== null && row?.at !== undefined) oldest = Math.min(oldest ?? row.at, row.at);
        }
        return oldest;
      }),
  };
}
