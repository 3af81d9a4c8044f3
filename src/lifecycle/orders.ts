// What the admin may order for a job: to cancel it, to go on now instead of later, or to give up a delivery.
import { NOT_ENDED, type DeliveryRecord, type JobRecord } from '../store/index.ts';
import type { Context } from './context.ts';
import { WAITS_FOR_DELIVERIES } from './model.ts';

/** Asks for a cancel; the job is then reported as cancelled. False if it has ended or is being cancelled. */
export async function cancelJob(job: JobRecord, why: string, ctx: Context): Promise<boolean> {
  const asked = await ctx.store.requestCancel(job.id, why, [
    { kind: 'note', text: `cancel asked for: ${why}` },
  ]);
  if (asked) ctx.wake(job.lab);
  return asked;
}

/** Sends parked deliveries again, and ends a job's waiting. Returns what was done; undefined: nothing to do. */
export async function retryJob(job: JobRecord, ctx: Context): Promise<string | undefined> {
  const parked = (await ctx.store.deliveries(job.id)).filter((d) => d.state === 'parked');
  for (const delivery of parked) {
    await ctx.store.saveDelivery(delivery, {
      delivery: { state: 'pending', nextAt: ctx.now(), tries: 0, error: delivery.error },
      entries: [{ kind: 'note', text: `${delivery.kind} to ${delivery.destination}: to be sent again` }],
    });
  }
  if (parked.length > 0) {
    ctx.wakeOutbox();
    return `${parked.length} parked deliveries`;
  }
  if (job.setAside) {
    await ctx.store.takeUp(job.id);
    ctx.wake(job.lab);
    return 'what was set aside';
  }
  if (job.done || job.nextAt <= ctx.now()) return undefined;
  await ctx.store.wake(job.id);
  ctx.wake(job.lab);
  return 'the stage that waits';
}

/**
 * Gives up the deliveries of a job that have not ended and are `which`: a delivery's number, or the name of a destination.
 * The job ends without them. Returns those that were dropped.
 */
export async function dropDeliveries(
  job: JobRecord,
  which: string,
  why: string,
  ctx: Context,
): Promise<DeliveryRecord[]> {
  const dropped: DeliveryRecord[] = [];
  for (const delivery of await ctx.store.deliveries(job.id)) {
    const { id, state, destination, kind } = delivery;
    const isMeant = which === destination || which === String(id);
    if (!isMeant || !NOT_ENDED.some((open) => open === state)) continue;
    const isDropped = await ctx.store.saveDelivery(delivery, {
      delivery: { state: 'dropped', error: why },
      entries: [{ kind: 'note', text: `${kind} to ${destination}: dropped: ${why}` }],
      wakeJobIn: WAITS_FOR_DELIVERIES,
    });
    if (isDropped) dropped.push(delivery);
  }
  if (dropped.length > 0) ctx.wake(job.lab);
  return dropped;
}
