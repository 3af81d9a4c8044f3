// Waits until every delivery that the job needs was accepted, or dropped. That is the end.
import { MINUTE } from '../../core/time.ts';
import { NOT_ENDED, type DeliveryRecord, type JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import type { Outcome, Stage } from '../model.ts';

export const reported: Stage = { name: 'reported', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const deliveries = await ctx.store.deliveries(job.id);
  const open = deliveries.filter((d) => d.required && NOT_ENDED.some((state) => state === d.state));
  if (open.length === 0) return { kind: 'done' };
  const reason = open.map(whatOf).join('; ');
  const text = `to be delivered: ${reason}`;
  return { kind: 'wait', until: ctx.now() + 10 * MINUTE, reason: { code: 'deliveries', text } };
}

function whatOf({ state, destination, kind, error }: DeliveryRecord): string {
  if (state === 'parked') return `${destination} refused ${kind}: ${error}`;
  return state === 'unconfigured' ? `${kind} to ${destination}: ${error}` : `${kind} to ${destination}`;
}
