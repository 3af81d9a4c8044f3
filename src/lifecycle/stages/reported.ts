// Waits until every delivery of the job was accepted. That is the end.
import { MINUTE } from '../../core/time.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import type { Outcome, Stage } from '../model.ts';

export const reported: Stage = { name: 'reported', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const open = (await ctx.store.deliveries(job.id)).filter((d) => d.state !== 'done');
  if (open.length === 0) return { kind: 'done' };
  const reason = open
    .map((d) =>
      d.state === 'parked'
        ? `${d.destination} refused ${d.kind}: ${d.error ?? ''}`
        : `${d.kind} to ${d.destination}`,
    )
    .join('; ');
  return {
    kind: 'wait',
    until: ctx.now() + 10 * MINUTE,
    reason: { code: 'deliveries', text: `to be delivered: ${reason}` },
  };
}
