// Waits until LAVA says Finished, and stores the evidence: results and log from the callback if it came whole, else
// fetched. LAVA sends its callback before it commits (2023.01), so at that moment it still says Running: then the
// question is asked again soon.
import { SECOND } from '../../base/time.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { storeEvidence } from '../evidence.ts';
import { lookAt } from '../follow.ts';
import type { Outcome, Stage } from '../model.ts';

export const finished: Stage = { name: 'finished', run };

/** LAVA commits within its time-out for callbacks (5 s by default) after it sent one. */
const COMMIT_WITHIN = 15 * SECOND;
const SOON = [100, 200, 400, 800, 1500] as const;

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const seen = await lookAt(job, ctx);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info, attempt } = seen;
  const callbacks = (await ctx.store.callbacks(job.id)).filter((c) => c.lavaId === info.id);
  const final = callbacks.findLast((c) => c.state === 'Finished');

  if (info.state !== 'Finished') {
    const reason = `LAVA job ${info.id} is ${info.state}${info.device === undefined ? '' : ` on ${info.device}`}`;
    const age = final === undefined ? Infinity : ctx.now() - final.receivedAt;
    const pause = SOON.find((_, i) => age < SOON.slice(0, i + 1).reduce((a, b) => a + b, 0)) ?? 2 * SECOND;
    const until = age < COMMIT_WITHIN ? ctx.now() + pause : seen.lookAgain;
    return { kind: 'wait', until, reason };
  }
  const evidence = await storeEvidence(job, attempt, info, final, ctx);
  return {
    kind: 'done',
    note: `${info.health}${info.device === undefined ? '' : ` on ${info.device}`}, evidence ${evidence.evidence}`,
    change: { attempts: new Map([[attempt.n, evidence]]), dropCallbacks: true },
  };
}
