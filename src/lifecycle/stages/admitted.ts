// Lets a job in when the lab can run it: the lab is up, the board is registered here, a usable device is online, there
// is capacity and room on the disk, and it is not drained. Until then it waits with the reason, unclaimed, so that Maestro stays
// free to end it.
import { errorText, TemporaryError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import type { JobRecord, Reason, Store } from '../../store/index.ts';
import { passOn, queueOf, type QueuePorts } from '../admission-queue.ts';
import type { EarlierRuns } from '../earlier-runs.ts';
import { labOf, type LabPorts } from '../labs.ts';
import { orderedEnding, type Outcome, type Stage } from '../model.ts';
import { wantedBy, whyNoCapacity, type CapacityPorts, type WantedPorts } from '../capacity.ts';
import { whyDrained, type DrainPorts } from '../drains.ts';
import { whyNoRoom, type RoomPorts } from '../room.ts';

/** What it uses. */
export type AdmittedPorts = LabPorts &
  QueuePorts &
  DrainPorts &
  RoomPorts &
  CapacityPorts &
  WantedPorts & {
    store: Pick<Store, 'holdBack' | 'firstOf' | 'request'>;
    earlier: Pick<EarlierRuns, 'find'>;
  };

/** A job that frees capacity wakes the next one; this is for what is not announced (a device that comes back unseen). */
const LOOK_AGAIN = 30 * SECOND;

export const admitted: Stage<AdmittedPorts> = { serial: true, run };

async function run(job: JobRecord, ports: AdmittedPorts): Promise<Outcome> {
  const ending = orderedEnding(job);
  if (ending !== undefined) return { kind: 'end', ending };
  const { node } = await ports.store.request(job.id);
  if ((await ports.earlier.find(job.lab, node)) !== undefined) {
    return { kind: 'done', note: 'LAVA has it already, from before the store lost data' };
  }
  const until = ports.now() + LOOK_AGAIN;
  const queue = queueOf(job);
  const reason = await whyNot(job, ports);
  if (reason !== undefined) {
    // It holds for all that wait for this board: they need not look one by one.
    await ports.store.holdBack(queue, until, reason, [job.id]);
    return { kind: 'wait', until, reason };
  }
  const first = await ports.store.firstOf(queue);
  if (first === undefined || first.id === job.id) {
    await passOn(job, ports);
    return { kind: 'done' };
  }
  const behind: Reason = {
    code: 'behind',
    text: `more urgent jobs wait for ${job.board} in ${job.lab}`,
  };
  // The same: of thousands that wait, the first alone is to look. Each calls the next when it is admitted.
  await ports.store.holdBack(queue, until, behind, [job.id, first.id]);
  await passOn(job, ports);
  return { kind: 'wait', until, reason: behind };
}

async function whyNot(job: JobRecord, ports: AdmittedPorts): Promise<Reason | undefined> {
  const lab = labOf(ports, job.lab);
  const wanted = await wantedBy(job, lab, ports);
  if (!wanted) {
    return { code: 'unregistered', text: `no board ${job.board} is registered for ${lab.name}` };
  }
  try {
    return (
      (await whyDrained(job, ports)) ?? (await whyNoRoom(ports)) ?? (await whyNoCapacity(lab, wanted, ports))
    );
  } catch (error) {
    if (error instanceof TemporaryError) return { code: error.code, text: errorText(error) };
    throw error;
  }
}
