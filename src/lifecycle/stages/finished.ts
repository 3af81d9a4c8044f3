// Waits until LAVA says Finished, and stores the evidence: results and log from the callback if it came whole, else
// fetched.
import { errorText, PermanentError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { storeEvidence } from '../evidence.ts';
import { lookAt } from '../following.ts';
import { callNext } from '../admission-queue.ts';
import type { Outcome, Stage } from '../model.ts';

export const finished: Stage = { name: 'finished', run };

/**
 * LAVA sends its callback before it commits (2023.01), so at that moment it still says Running. It commits within its
 * time-out for callbacks (5 s by default).
 */
const COMMIT_WITHIN = 15 * SECOND;
/** How often the evidence is asked for that LAVA refuses to give, before the job counts as lost. */
const REFUSALS = 8;

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const seen = await lookAt(job, ctx);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info, attempt } = seen;
  const callbacks = (await ctx.store.callbacks(job.id)).filter((c) => c.lavaId === info.id);
  const final = callbacks.findLast((c) => c.state === 'Finished');
  const on = info.device === undefined ? '' : ` on ${info.device}`;

  if (info.state !== 'Finished') {
    const age = final === undefined ? Infinity : ctx.now() - final.receivedAt;
    // As long again as it has been: soon at first, then ever later.
    const until = age < COMMIT_WITHIN ? ctx.now() + Math.max(100, age) : seen.lookAgain;
    return {
      kind: 'wait',
      until,
      reason: { code: 'in_lava', text: `LAVA job ${info.id} is ${info.state}${on}` },
    };
  }
  try {
    const evidence = await storeEvidence(job, attempt, info, final, ctx);
    await callNext(job, ctx);
    return {
      kind: 'done',
      note: `${info.health}${on}, evidence ${evidence.evidence}`,
      change: { attempts: new Map([[attempt.n, evidence]]), dropCallbacks: true },
    };
  } catch (error) {
    if (!(error instanceof PermanentError) || job.tries < REFUSALS) throw error;
    const reason = `the results of LAVA job ${info.id} cannot be read: ${errorText(error)}`;
    return { kind: 'end', ending: { kind: 'lost', reason } };
  }
}
