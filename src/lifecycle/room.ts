// Whether there is room on the disks for what another job brings: its callback, its log, its report. Nothing new is taken on before
// they are full, so that what has begun can be brought to its end.
import type { Disk, Reason } from '../store/index.ts';

/** What shows how much is free. */
export interface RoomPorts {
  disks: () => Promise<readonly Disk[]>;
}

/** Kept free for what has begun (bytes): some of LAVA's largest logs. */
const KEPT_FREE = 256 * 1024 ** 2;
/** Of a small disk, this part of it. */
const KEPT_PART = 0.05;

/** Why nothing new is to be taken on; undefined if all disks have room. */
export async function whyNoRoom({ disks }: RoomPorts): Promise<Reason | undefined> {
  const full = (await disks()).find(({ free, size }) => free < Math.min(KEPT_FREE, size * KEPT_PART));
  // Without the number, which changes all the time.
  return full && { code: 'disk_low', text: `the disk of ${full.folders} is almost full: make room there` };
}
