// What stops new work: drains of labs, boards and devices.
import type { Kysely } from 'kysely';
import type { Clock } from '../core/time.ts';
import type { Connection, Tx } from './connection.ts';
import type { DrainStore } from './contract.ts';
import type { Drain } from './job.ts';
import { getMeta, setMeta } from './meta.ts';
import { settingKey, type SettingKey } from './settings.ts';
import type { Tables } from './tables.ts';

export function createDrainStore({ read, write }: Connection, now: Clock): DrainStore {
  const add = ({ why, ...drain }: Omit<Drain, 'since'>): Promise<void> =>
    write(async (tx) => {
      const untilHealthy = drain.untilHealthy ? 1 : 0;
      await tx
        .insertInto('drains')
        .values({ ...drain, why, untilHealthy, since: now() })
        .onConflict((c) => c.columns(['lab', 'board', 'device']).doUpdateSet({ why, untilHealthy }))
        .execute();
    });

  return {
    drains: () => read(readDrains),
    drain: (lab, board, why) => add({ lab, board, device: '', why, untilHealthy: false }),
    drainDevice: (lab, device, why, { untilHealthy }) => add({ lab, board: '', device, why, untilHealthy }),
    resume: (lab, board, device = '') =>
      write(async (tx) => {
        const gone = await tx
          .deleteFrom('drains')
          .where('lab', '=', lab)
          .where('board', '=', board)
          .where('device', '=', device)
          .executeTakeFirst();
        if (gone.numDeletedRows === 0n) return false;
        if (device !== '')
          await setMeta(tx, resumed(lab, device), String(await lastRunEnded(tx, lab, device)));
        return true;
      }),
    resumedAfter: (lab, device) =>
      read(async (db) => {
        const at = await getMeta(db, resumed(lab, device));
        return at === undefined ? undefined : Number(at);
      }),
  };
}

/** When the last run on the device ended (ms, by LAVA's clock); 0: there was none. */
async function lastRunEnded(tx: Tx, lab: string, device: string): Promise<number> {
  const last = await tx
    .selectFrom('runs')
    .select('finishedAt')
    .where('lab', '=', lab)
    .where('device', '=', device)
    .orderBy('finishedAt', 'desc')
    .orderBy('jobId', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.finishedAt ?? 0;
}

/** All drains. */
export async function readDrains(db: Kysely<Tables>): Promise<Drain[]> {
  const rows = await db.selectFrom('drains').selectAll().execute();
  return rows.map((row) => ({ ...row, untilHealthy: row.untilHealthy === 1 }));
}

function resumed(lab: string, device: string): SettingKey {
  return settingKey('resumed', JSON.stringify([lab, device]));
}
