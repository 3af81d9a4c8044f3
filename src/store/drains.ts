// What stops new work: drains of labs, boards and devices.
import type { Clock } from '../core/time.ts';
import type { Connection } from './connection.ts';
import type { DrainStore } from './contract.ts';
import type { Drain } from './job.ts';
import { settingKey, type SettingKey } from './settings.ts';

export function createDrainStore({ read, write }: Connection, now: Clock): DrainStore {
  const add = (drain: Omit<Drain, 'since'>): Promise<void> =>
    write(async (tx) => {
      const { why, untilHealthy } = drain;
      await tx
        .insertInto('drains')
        .values({ ...drain, since: now() })
        .onConflict((c) => c.columns(['lab', 'board', 'device']).doUpdateSet({ why, untilHealthy }))
        .execute();
    });

  return {
    drains: () => read((db) => db.selectFrom('drains').selectAll().execute()),
    drain: (lab, board, why) => add({ lab, board, device: '', why, untilHealthy: 0 }),
    drainDevice: (lab, device, why, { untilHealthy }) =>
      add({ lab, board: '', device, why, untilHealthy: untilHealthy ? 1 : 0 }),
    resume: (lab, board, device = '') =>
      write(async (tx) => {
        const gone = await tx
          .deleteFrom('drains')
          .where('lab', '=', lab)
          .where('board', '=', board)
          .where('device', '=', device)
          .executeTakeFirst();
        if (gone.numDeletedRows === 0n) return false;
        if (device !== '') {
          const value = String(now());
          await tx
            .insertInto('meta')
            .values({ key: resumed(lab, device), value })
            .onConflict((c) => c.column('key').doUpdateSet({ value }))
            .execute();
        }
        return true;
      }),
    resumedAt: (lab, device) =>
      read(async (db) => {
        const row = await db
          .selectFrom('meta')
          .select('value')
          .where('key', '=', resumed(lab, device))
          .executeTakeFirst();
        return row === undefined ? undefined : Number(row.value);
      }),
  };
}

function resumed(lab: string, device: string): SettingKey {
  return settingKey('resumed', JSON.stringify([lab, device]));
}
