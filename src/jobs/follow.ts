// Looks at a LAVA job that is not known to have finished: what LAVA says of it, whether somebody wants it cancelled,
// whether Maestro still wants it, and whether its time is over. Shared by the stages that follow LAVA.
import { formatDuration, MINUTE, SECOND } from '../base/time.ts';
import type { LavaJobInfo } from '../lava/model.ts';
import type { AttemptRecord, JobRecord } from '../store/index.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';
import { labOf } from './labs.ts';
import { currentAttempt, lavaIdOf, type Outcome } from './model.ts';
import { minding } from './minding.ts';

export type Sight =
  | { kind: 'alive'; info: LavaJobInfo; attempt: AttemptRecord; lookAgain: number }
  | { kind: 'over'; outcome: Outcome };

/** LAVA's own limits are kept by LAVA; past them by this much, nobody is keeping them. */
const MARGIN = 30 * MINUTE;
/** A cancel takes LAVA up to two minutes (2023.01, worker.py); after this much more the job is lost. */
const CANCEL_WITHIN = 15 * MINUTE;

/** One look. A job that LAVA does not know, or does not end, is lost. */
export async function lookAt(job: JobRecord, ctx: Context): Promise<Sight> {
  const lab = labOf(ctx, job.lab);
  const attempt = currentAttempt(await ctx.store.attempts(job.id));
  const id = lavaIdOf(attempt);
  const info = await lab.show(id);
  if (!info)
    return over({ kind: 'end', ending: { kind: 'lost', reason: `LAVA knows no job ${id} any more` } });
  if (info.state === 'Finished') return { kind: 'alive', info, attempt, lookAgain: ctx.now() };

  const why = job.cancel ?? (await minding(job, ctx)) ?? overdue(attempt, info, lab, ctx.now());
  if (why !== undefined) {
    const lost = await cancel(job, attempt, id, why, lab, ctx);
    if (lost !== undefined) return over(lost);
    return { kind: 'alive', info, attempt, lookAgain: ctx.now() + 5 * SECOND };
  }
  return { kind: 'alive', info, attempt, lookAgain: nextRound(ctx.now(), lab) };
}

function over(outcome: Outcome): Sight {
  return { kind: 'over', outcome };
}

/** All jobs of a lab are looked at in the same moment, so that one call asks for all of them. */
function nextRound(now: number, lab: Lab): number {
  const every = lab.config.lava.poll_interval;
  const shift = spread(lab.name) % every;
  return (Math.floor((now - shift) / every) + 1) * every + shift;
}

/** Labs take turns: a number that is fixed for a name. */
function spread(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}

function overdue(attempt: AttemptRecord, info: LavaJobInfo, lab: Lab, now: number): string | undefined {
  const since = attempt.submittedAt ?? now;
  if (attempt.runningAt === null && info.startedAt === undefined) {
    const limit = lab.config.limits.queue_timeout + MARGIN;
    return now - since > limit ? `waited ${formatDuration(now - since)} for a device` : undefined;
  }
  const started = info.startedAt ?? attempt.runningAt ?? since;
  const limit = attempt.jobTimeout + MARGIN;
  return now - started > limit
    ? `runs for ${formatDuration(now - started)}, longer than LAVA may let it`
    : undefined;
}

async function cancel(
  job: JobRecord,
  attempt: AttemptRecord,
  id: number,
  why: string,
  lab: Lab,
  ctx: Context,
): Promise<Outcome | undefined> {
  if (attempt.cancelAt === null) {
    await lab.call((c) => c.cancel(id));
    await ctx.store.record(job.id, {
      attempts: new Map([[attempt.n, { cancelAt: ctx.now() }]]),
      entries: [{ kind: 'note', text: `LAVA job ${id} is being cancelled: ${why}` }],
    });
    return undefined;
  }
  if (ctx.now() - attempt.cancelAt < CANCEL_WITHIN) return undefined;
  const waited = formatDuration(ctx.now() - attempt.cancelAt);
  return {
    kind: 'end',
    ending: { kind: 'lost', reason: `${why}; LAVA did not end job ${id} within ${waited} of a cancel` },
  };
}
