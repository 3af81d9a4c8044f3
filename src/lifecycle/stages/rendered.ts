// Makes the LAVA job definition of the next attempt and stores it, checked, with a submission key that no other job in
// the world carries.
import { RequestError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { labOf } from '../labs.ts';
import type { Outcome, Stage } from '../model.ts';
import { renderJob } from '../render.ts';
import { whyNotAgain } from '../retries.ts';

const LOOK_AGAIN = 30 * SECOND;

export const rendered: Stage = { name: 'rendered', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  if (job.cancel !== null) return { kind: 'end', ending: { kind: 'canceled', reason: job.cancel } };
  const attempts = await ctx.store.attempts(job.id);
  const reason = await whyNotAgain(job, attempts, ctx);
  if (reason !== undefined) {
    const pause = Math.min(LOOK_AGAIN, labOf(ctx, job.lab).config.retries.pause);
    return { kind: 'wait', until: ctx.now() + pause, reason };
  }
  const n = attempts.length + 1;
  const submissionKey = `${ctx.store.instanceId}.${job.nodeId}.${n}`;
  try {
    const lab = labOf(ctx, job.lab);
    const result = await renderJob(await ctx.store.request(job.id), job.lab, submissionKey, ctx);
    const newAttempt = {
      jobId: job.id,
      n,
      lab: job.lab,
      submissionKey,
      definition: result.definition,
      expectedTests: result.expectedTests,
      deviceType: result.deviceType,
      jobTimeout: result.jobTimeoutMs,
      // An own template may set none; then nobody but us ends the waiting.
      queueTimeout: result.queueTimeoutMs > 0 ? result.queueTimeoutMs : lab.config.limits.queue_timeout,
    };
    const unread = result.unread.map((field) => `; ${field} is read by nothing`).join('');
    return { kind: 'done', note: `attempt ${n}, ${result.jobName}${unread}`, change: { newAttempt } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const errorCode = error.code === 'template' ? 'job_generation_error' : 'invalid_job_params';
    return { kind: 'end', ending: { kind: 'rejected', reason: error.message, errorCode } };
  }
}
