// What each device of a lab did over time, as LAVA said: spans of one state each, from when it was first seen in that state to
// when it was last. What nobody looked at stands in no span.
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { MINUTE } from '../core/time.ts';
import type { Connection } from './connection.ts';
import type { DeviceStore } from './contract.ts';
import type { Tables } from './tables.ts';

const DEVICE_STATES = ['idle', 'busy', 'down'] as const;
type DeviceState = (typeof DEVICE_STATES)[number];

/** A device as LAVA showed it. */
export interface SeenDevice {
  device: string;
  state: DeviceState;
  /** Why it is not idle, for people. */
  why: string;
}

/** A time that a device was in one state; milliseconds since the epoch. */
export interface DeviceSpan extends SeenDevice {
  fromAt: number;
  toAt: number;
}

/** Two looks at a lab that are further apart (ms) say nothing of the time between them. */
const MOST_BETWEEN_LOOKS = 3 * MINUTE;

export function createDeviceStore({ write }: Connection): DeviceStore {
  /** Of each lab: the last look that was stored. */
  const looks = new Map<string, { at: number; devices: ReadonlyMap<string, SeenDevice> }>();

  return {
    async sawDevices(lab, at, seen) {
      const before = looks.get(lab);
      const isNext = before !== undefined && at > before.at && at - before.at <= MOST_BETWEEN_LOOKS;
      const known = isNext ? before.devices : new Map<string, SeenDevice>();
      const goesOn = ({ device, state, why }: SeenDevice): boolean => {
        const was = known.get(device);
        return was?.state === state && was.why === why;
      };
      const now = new Map(seen.map((device) => [device.device, device]));
      const ended = [...known.values()].filter(({ device }) => {
        const is = now.get(device);
        return is === undefined || !goesOn(is);
      });
      const begun = [...now.values()].filter((device) => !goesOn(device));
      await write(async (tx) => {
        if (isNext) {
          let query = tx
            .updateTable('deviceSpans')
            .set({ toAt: at })
            .where('toAt', '=', before.at)
            .where('lab', '=', lab);
          if (ended.length > 0)
            query = query.where(
              'device',
              'not in',
              ended.map(({ device }) => device),
            );
          await query.execute();
        }
        for (const device of begun)
          await tx
            .insertInto('deviceSpans')
            .values({ lab, ...device, fromAt: at, toAt: at })
            .onConflict((c) => c.columns(['lab', 'device', 'fromAt']).doNothing())
            .execute();
      });
      looks.set(lab, { at, devices: now });
    },

    forgetDevices: (before) =>
      write(async (tx) => {
        await tx.deleteFrom('deviceSpans').where('toAt', '<', before).execute();
      }),
  };
}

const StateWord = z.enum(DEVICE_STATES);

/** The spans of a device that reach into the time since then, the oldest first; each lasts until the next where that is known. */
export async function readDeviceSpans(
  db: Kysely<Tables>,
  { lab, device }: { lab: string; device: string },
  since: number,
  limit: number,
): Promise<DeviceSpan[]> {
  const rows = await db
    .selectFrom('deviceSpans')
    .select(['device', 'state', 'why', 'fromAt', 'toAt'])
    .where('lab', '=', lab)
    .where('device', '=', device)
    .where('toAt', '>=', since)
    .orderBy('toAt', 'desc')
    .limit(limit)
    .execute();
  return rows.toReversed().map((row, i, all) => {
    const next = all[i + 1]?.fromAt;
    const isSeamless = next !== undefined && next - row.toAt <= MOST_BETWEEN_LOOKS;
    return { ...row, state: StateWord.parse(row.state), toAt: isSeamless ? next : row.toAt };
  });
}
