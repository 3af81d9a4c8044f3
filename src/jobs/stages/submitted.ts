// Gives the definition to LAVA, once. LAVA has no idempotency key: so the intent is stored before the call, and if its
// answer was lost (crash, time-out, cut), the lab is searched for the attempt's mark before anything is sent again.
import { PermanentError, TemporaryError, errorText } from '../../base/errors.ts';
import { SECOND } from '../../base/time.ts';
import type { AttemptRecord, JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import type { Lab } from '../lab.ts';
import { labOf } from '../labs.ts';
import { currentAttempt, type Outcome, type Stage } from '../model.ts';

export const submitted: Stage = { name: 'submitted', run };

/** LAVA may still be working on a submission whose answer was lost: it is not searched for before. */
const LOST_ANSWER_REST = 5 * SECOND;

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const lab = labOf(ctx, job.lab);
  const attempt = currentAttempt(await ctx.store.attempts(job.id));
  if (attempt.lavaId !== null) return done(attempt.lavaId, ctx, job);
  if (attempt.intentAt !== null) {
    const rest = attempt.intentAt + LOST_ANSWER_REST - ctx.now();
    if (rest > 0)
      return { kind: 'wait', until: ctx.now() + rest, reason: 'an answer of LAVA was lost; searching soon' };
    const found = await search(attempt, lab, ctx);
    if (found !== undefined) {
      await recordId(attempt, found, ctx, `found in LAVA by its mark as ${found}`);
      return done(found, ctx, job);
    }
  }
  if (job.cancel !== null) return { kind: 'end', ending: { kind: 'canceled', reason: job.cancel } };
  return submit(job, attempt, lab, ctx);
}

async function search(attempt: AttemptRecord, lab: Lab, ctx: Context): Promise<number | undefined> {
  const since = await ctx.store.lastLavaId(lab.name, attempt.intentAt ?? 0);
  const { ids, complete } = await lab.call((c) => c.findByMark(attempt.mark, since));
  const [found] = ids;
  if (found === undefined && !complete) {
    throw new TemporaryError('search', `${lab.name} has too many jobs to say whether it has ${attempt.mark}`);
  }
  return found;
}

async function submit(job: JobRecord, attempt: AttemptRecord, lab: Lab, ctx: Context): Promise<Outcome> {
  await ctx.store.record(job.id, { attempts: new Map([[attempt.n, { intentAt: ctx.now() }]]) });
  try {
    const lavaId = await lab.call((c) => c.submit(attempt.definition));
    await recordId(attempt, lavaId, ctx, undefined);
    return await done(lavaId, ctx, job);
  } catch (error) {
    if (error instanceof TemporaryError) {
      if (neverSent(error))
        await ctx.store.record(job.id, { attempts: new Map([[attempt.n, { intentAt: null }]]) });
      throw error;
    }
    if (!(error instanceof PermanentError) || error.code === 'lava_auth') throw error;
    const reason = `${lab.name} refused the job: ${errorText(error)}`;
    return { kind: 'end', ending: { kind: 'rejected', reason, errorCode: 'submit_error' } };
  }
}

/** The circuit was open: nothing left this machine. */
function neverSent(error: TemporaryError): boolean {
  return error.code === 'down';
}

async function recordId(
  attempt: AttemptRecord,
  lavaId: number,
  ctx: Context,
  note: string | undefined,
): Promise<void> {
  await ctx.store.record(attempt.jobId, {
    attempts: new Map([[attempt.n, { lavaId, submittedAt: ctx.now() }]]),
    entries: note === undefined ? [] : [{ kind: 'note', text: note }],
  });
}

async function done(lavaId: number, ctx: Context, job: JobRecord): Promise<Outcome> {
  const note = `LAVA job ${lavaId}`;
  if (!ctx.maestro || job.claimedAt === null) return { kind: 'done', note };
  // Maestro's users find the LAVA job by this number; it takes our mark's place.
  const deliveries = [
    {
      destination: 'maestro',
      kind: `job_id ${lavaId}`,
      body: JSON.stringify({ nodeId: job.nodeId, jobId: String(lavaId) }),
    },
  ];
  ctx.wakeOutbox();
  return { kind: 'done', note, change: { deliveries } };
}
