// What the admin may order for a job: to cancel it, to go on now instead of later, or to give up a delivery.
import { NOT_ENDED, type DeliveryRecord, type JobRecord, type Store } from '../store/index.ts';
import type { Clock } from '../core/time.ts';

/** What cancelling a job uses. */
export interface CancelPorts {
  store: Pick<Store, 'requestCancel'>;
  /** Something became due in this lab. */
  wake: (lab: string) => void;
}

/** What retrying a job uses. */
export interface RetryPorts {
  store: Pick<Store, 'deliveries' | 'saveDelivery' | 'takeUp' | 'wake' | 'note'>;
  now: Clock;
  wake: (lab: string) => void;
  /** A delivery became due. */
  wakeOutbox: () => void;
}

/** What giving up deliveries uses. */
export interface DropPorts {
  store: Pick<Store, 'deliveries' | 'saveDelivery'>;
  wake: (lab: string) => void;
}

/**
 * Asks for a cancel; the job is then reported as cancelled. False if it has ended or is being cancelled. `by`: whoever
 * ordered it, if it was somebody.
 */
export async function cancelJob(
  job: JobRecord,
  why: string,
  ports: CancelPorts,
  by?: string,
): Promise<boolean> {
  const isRequested = await ports.store.requestCancel(job.id, why, [
    { kind: 'note', code: 'cancel', text: `cancel asked for${by === undefined ? '' : ` by ${by}`}: ${why}` },
  ]);
  if (isRequested) ports.wake(job.lab);
  return isRequested;
}

/** Sends parked deliveries of a job again: all, or the one of that number. Returns how many. */
export async function resendParked(
  job: JobRecord,
  ports: RetryPorts,
  by: string,
  which?: string,
): Promise<number> {
  const parked = (await ports.store.deliveries(job.id)).filter(
    ({ id, state }) => state === 'parked' && (which === undefined || which === String(id)),
  );
  for (const delivery of parked) {
    await ports.store.saveDelivery(delivery, {
      delivery: { state: 'pending', nextAt: ports.now(), tries: 0, error: delivery.error },
      entries: [
        {
          kind: 'note',
          code: 'resend',
          text: `${delivery.kind} to ${delivery.destination}: to be sent again, ordered by ${by}`,
        },
      ],
    });
  }
  if (parked.length > 0) ports.wakeOutbox();
  return parked.length;
}

/** Sends parked deliveries again, and ends a job's waiting. Returns what was done; undefined: nothing to do. */
export async function retryJob(job: JobRecord, ports: RetryPorts, by: string): Promise<string | undefined> {
  const parked = await resendParked(job, ports, by);
  if (parked > 0) return `${parked} parked deliveries`;
  if (job.setAside) {
    await ports.store.takeUp(job.id, [
      { kind: 'note', code: 'taken_up', text: `taken up again, ordered by ${by}` },
    ]);
    ports.wake(job.lab);
    return 'what was set aside';
  }
  if (job.done || job.nextAt <= ports.now()) return undefined;
  await ports.store.wake(job.id);
  await ports.store.note(job.id, [{ kind: 'note', text: `looked at again, ordered by ${by}` }]);
  ports.wake(job.lab);
  return 'the stage that waits';
}

/**
 * Gives up the deliveries of a job that have not ended and are `which`: a delivery's number, or the name of a destination.
 * The job ends without them. Returns those that were dropped.
 */
export async function dropDeliveries(
  job: JobRecord,
  which: string,
  { why, by }: { why: string; by: string },
  ports: DropPorts,
): Promise<DeliveryRecord[]> {
  const dropped: DeliveryRecord[] = [];
  for (const delivery of await ports.store.deliveries(job.id)) {
    const { id, state, destination, kind } = delivery;
    const isMeant = which === destination || which === String(id);
    if (!isMeant || !NOT_ENDED.some((open) => open === state)) continue;
    const isDropped = await ports.store.saveDelivery(delivery, {
      delivery: { state: 'dropped', error: why },
      entries: [
        { kind: 'note', code: 'dropped', text: `${kind} to ${destination}: dropped by ${by}: ${why}` },
      ],
      wakesJob: true,
    });
    if (isDropped) dropped.push(delivery);
  }
  if (dropped.length > 0) ports.wake(job.lab);
  return dropped;
}
