// Waits until LAVA runs the job (or has already ended it). Callbacks and events say so early; the poll says so anyway.
import { LAVA_STATES, type LavaState } from '../../lava/model.ts';
import type { AttemptRecord, JobRecord, Reason } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { lookAt, nextRound } from '../following.ts';
import { labOf } from '../labs.ts';
import { callNext } from '../admission-queue.ts';
import { currentAttempt, type Outcome, type Stage } from '../model.ts';

export const running: Stage = { name: 'running', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const attempt = currentAttempt(await ctx.store.attempts(job.id));
  const told = await toldState(attempt, ctx);
  if (isStarted(told)) return started(job, attempt, told, ctx);

  const seen = await lookAt(job, ctx);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info } = seen;
  if (!isStarted(info.state)) {
    const reason: Reason = { code: 'in_lava', text: `LAVA job ${info.id} is ${info.state} in ${job.lab}` };
    return { kind: 'wait', until: seen.lookAgain, reason };
  }
  const known = { ...attempt, device: info.device ?? null, runningAt: info.startedAt ?? null };
  return started(job, known, info.state, ctx);
}

/** What LAVA said by itself, by an event or a callback; the last word is the finished stage's to believe. */
async function toldState(attempt: AttemptRecord, ctx: Context): Promise<LavaState> {
  const callbacks = (await ctx.store.callbacks(attempt.jobId)).filter((c) => c.lavaId === attempt.lavaId);
  const states = [attempt.lavaState, ...callbacks.map(({ state }) => state)];
  return LAVA_STATES.findLast((state) => states.includes(state)) ?? 'Submitted';
}

function isStarted(state: string): boolean {
  return !['Submitted', 'Scheduling', 'Scheduled'].includes(state);
}

async function started(
  job: JobRecord,
  attempt: AttemptRecord,
  state: LavaState,
  ctx: Context,
): Promise<Outcome> {
  await callNext(job, ctx);
  const { n, device, runningAt } = attempt;
  // Nothing is to be looked at before LAVA tells of the end, or the poll's round.
  const isUrgent = state === 'Finished' || job.cancel !== null;
  return {
    kind: 'done',
    ...(device === null ? {} : { note: `on ${device}` }),
    ...(isUrgent ? {} : { until: nextRound(ctx.now(), labOf(ctx, job.lab)) }),
    change: {
      attempts: new Map([[n, { lavaState: state, device, runningAt: runningAt ?? ctx.now() }]]),
    },
  };
}
