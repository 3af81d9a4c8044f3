// Waits until LAVA runs the job (or has already ended it). Callbacks and events say so early; the poll says so anyway.
import { LAVA_STATES, type LavaJobInfo, type LavaState } from '../../lava/model.ts';
import type { AttemptRecord, JobRecord, Reason } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { lookAt, nextRound } from '../following.ts';
import { labOf } from '../labs.ts';
import { callNext } from '../admission-queue.ts';
import type { Reporting } from '../../reporting/reporting.ts';
import { reportedJob } from '../reported-job.ts';
import { currentAttempt, type Outcome, type Stage } from '../model.ts';

export const running: Stage = { name: 'running', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const attempt = currentAttempt(await ctx.store.attempts(job.id));
  const told = await toldState(attempt, ctx);
  // Where the start is reported, LAVA's own word for it is: the end says the same.
  if (isStarted(told) && !ctx.config.report.progress) return started(job, attempt, told, ctx);

  const seen = await lookAt(job, ctx);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info } = seen;
  if (!isStarted(info.state)) {
    const reason: Reason = { code: 'in_lava', text: `LAVA job ${info.id} is ${info.state} in ${job.lab}` };
    return { kind: 'wait', until: seen.lookAgain, reason };
  }
  const known = { ...attempt, device: info.device ?? null, runningAt: info.startedAt ?? null };
  const { deliveries, entries } = await reportStart(job, known, info, ctx);
  const outcome = await started(job, known, info.state, ctx);
  return outcome.kind === 'done'
    ? { ...outcome, change: { ...outcome.change, deliveries, entries } }
    : outcome;
}

/** Nothing is said of a start before all of it is known, nor when the end is there already. */
async function reportStart(
  job: JobRecord,
  attempt: AttemptRecord,
  { state, device, startedAt }: LavaJobInfo,
  ctx: Context,
): Promise<ReturnType<Reporting['reports']>> {
  if (state === 'Finished' || device === undefined || startedAt === undefined) {
    return { deliveries: [], entries: [] };
  }
  const { bootPath } = await ctx.store.expectedTests(job.id, attempt.n);
  const reported = await reportedJob(job, ctx);
  return ctx.reporting.reports({ ...reported, kind: 'started', attempt, startedAt, bootPath });
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
