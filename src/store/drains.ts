// Labs and boards that an admin lets nothing new into.
import type { Clock } from '../core/time.ts';
import type { Connection } from './connection.ts';
import type { StoreParts } from './contract.ts';

export function createDrainStore(
  { read, write }: Connection,
  now: Clock,
): Pick<StoreParts, 'drains' | 'drain' | 'resume'> {
  return {
    drains: () => read((db) => db.selectFrom('drains').selectAll().execute()),
    drain: (lab, board, why) =>
      write(async (tx) => {
        await tx
          .insertInto('drains')
          .values({ lab, board, why, since: now() })
          .onConflict((c) => c.columns(['lab', 'board']).doUpdateSet({ why }))
          .execute();
      }),
    resume: (lab, board) =>
      write(async (tx) => {
        const gone = await tx
          .deleteFrom('drains')
          .where('lab', '=', lab)
          .where('board', '=', board)
          .executeTakeFirst();
        return gone.numDeletedRows > 0n;
      }),
  };
}
