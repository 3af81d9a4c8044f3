// Marks Maestro's node as ours. Maestro has no claim: the mark is written, and read again after a while, so that of
// two bridges that wrote at once both see whose mark stayed (reference: Maestro has no compare-and-set).
import { SECOND, sleep } from '../../base/time.ts';
import { claim } from '../../maestro/claim.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import type { Outcome, Stage } from '../model.ts';

/** How long another's write may take to show. */
const SETTLE = 2 * SECOND;

export const claimed: Stage = { name: 'claimed', run };

async function run(job: JobRecord, ctx: Context, signal: AbortSignal): Promise<Outcome> {
  if (job.cancel !== null) return { kind: 'end', ending: { kind: 'canceled', reason: job.cancel } };
  if (!ctx.maestro) return { kind: 'done', note: 'no Maestro is configured' };
  const mark = `${ctx.store.instanceId}:${job.nodeId}`;
  const result = await claim(ctx.maestro, job.nodeId, mark, {
    waitMs: SETTLE,
    sleep: (ms) => sleep(ms, signal),
  });
  signal.throwIfAborted();
  switch (result.outcome) {
    case 'claimed':
      return { kind: 'done', change: { job: { claimedAt: ctx.now() } } };
    case 'gone':
      // Pushed or submitted by hand, for a node that this Maestro never had: the results go to KCIDB alone.
      if (job.source === 'push' || job.source === 'hand')
        return { kind: 'done', note: 'Maestro has no such node' };
      return { kind: 'forget', reason: 'Maestro has no such node any more' };
    case 'ended':
    case 'taken':
      return { kind: 'forget', reason: result.detail };
  }
}
