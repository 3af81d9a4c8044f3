// Looks at a LAVA job that is not known to have finished: what LAVA says of it, whether it is to be cancelled,
// whether Maestro still wants it, and whether its time is over. Shared by the stages that follow LAVA.
import { errorText, PermanentError } from '../core/errors.ts';
import { formatDuration, MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { LavaJobInfo } from '../lava/model.ts';
import type { AttemptRecord, JobRecord, Reason, Store } from '../store/index.ts';
import type { Lab } from './lab.ts';
import { labOf, type LabPorts } from './labs.ts';
import { currentAttempt, lavaIdOf, orderedEnding, type Outcome } from './model.ts';
import { whyNotWanted, type NodeWatchPorts } from './node-watch.ts';
import { cancelJob, type CancelPorts } from './orders.ts';

/** What following a LAVA job uses. */
export type FollowingPorts = LabPorts &
  NodeWatchPorts &
  CancelPorts & {
    store: Pick<Store, 'attempts' | 'record'>;
    now: Clock;
    /** How far the machine's clock was set forward since the start (ms; negative: back). */
    drift: Clock;
  };

export type Sight =
  | { kind: 'alive'; info: LavaJobInfo; attempt: AttemptRecord; lookAgain: number }
  | { kind: 'over'; outcome: Outcome };

/** LAVA's own limits are kept by LAVA; past them by this much, they are not being kept. */
const MARGIN = 30 * MINUTE;
/** A cancel takes LAVA up to two minutes (2023.01, worker.py); after this much more the job is lost. */
const CANCEL_WITHIN = 15 * MINUTE;
const LOOK_AFTER_CANCEL = 5 * SECOND;
/** A server that is being repaired may deny a job that it has. */
const MISSING_FOR = 10 * MINUTE;
const LOOK_FOR_MISSING = 30 * SECOND;

/** One look. A job that LAVA does not know, or does not end, is lost. */
export async function lookAt(job: JobRecord, ports: FollowingPorts): Promise<Sight> {
  const lab = labOf(ports, job.lab);
  const attempt = currentAttempt(await ports.store.attempts(job.id));
  const id = lavaIdOf(attempt);
  const info = await lab.show(id);
  if (!info) return over(missing(attempt, 'unknown_to_lava', `LAVA knows no job ${id}`, ports.now()));
  if (!isOurs(attempt, info))
    return over(missing(attempt, 'not_ours', `LAVA's job ${id} is not ours`, ports.now()));
  if (attempt.missingAt !== null)
    await note(
      attempt,
      { missingAt: null },
      { code: 'known_again', text: `LAVA knows job ${id} again` },
      ports,
    );
  if (info.state === 'Finished') return { kind: 'alive', info, attempt, lookAgain: ports.now() };

  if (attempt.cancelAt !== null) {
    if (ports.now() - attempt.cancelAt >= CANCEL_WITHIN)
      return over(notEnded(job, id, attempt.cancelAt, ports));
    return { kind: 'alive', info, attempt, lookAgain: ports.now() + LOOK_AFTER_CANCEL };
  }
  const ordered = whyOrdered(job, info);
  const notWanted = ordered === undefined ? await whyNotWanted(job, ports) : undefined;
  // Stored first: Maestro is not asked again for a while, and LAVA may not answer just now.
  if (notWanted !== undefined) await cancelJob(job, notWanted, ports);
  const unwanted = ordered ?? notWanted;
  const why: Reason | undefined =
    unwanted === undefined ? overdue(attempt, info, ports) : { code: 'canceling', text: unwanted };
  if (why === undefined) return { kind: 'alive', info, attempt, lookAgain: nextRound(ports.now(), lab) };
  await cancel(attempt, id, why, lab, ports);
  return { kind: 'alive', info, attempt, lookAgain: ports.now() + LOOK_AFTER_CANCEL };
}

/**
 * Why LAVA is to cancel it. What is only superseded is left alone from the moment that LAVA has given it a device. LAVA has no
 * cancel that depends on the state: it may begin the job between its answer and our cancel. The cancel then ends a run, which is
 * judged by its evidence, as one that was cancelled on a device.
 */
function whyOrdered(job: JobRecord, { state }: LavaJobInfo): string | undefined {
  const mayCancel = job.cancel !== null || state === 'Submitted' || state === 'Scheduling';
  return mayCancel ? orderedEnding(job)?.reason : undefined;
}

/** All jobs of a lab are looked at in the same moment, so that one call asks for all of them. */
export function nextRound(now: number, lab: Lab): number {
  const every = lab.config.lava.poll_interval;
  const shift = spread(lab.name) % every;
  return (Math.floor((now - shift) / every) + 1) * every + shift;
}

/** A lab that was set up again gives old numbers to other jobs. */
function isOurs({ submissionKey, hasKey }: AttemptRecord, { description }: LavaJobInfo): boolean {
  return description.includes(submissionKey) || !hasKey;
}

function over(outcome: Outcome): Sight {
  return { kind: 'over', outcome };
}

/** Labs take turns: a number that is fixed for a name. */
function spread(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}

function missing(
  attempt: AttemptRecord,
  code: 'unknown_to_lava' | 'not_ours',
  what: string,
  now: number,
): Outcome {
  const since = attempt.missingAt ?? now;
  if (now - since >= MISSING_FOR) {
    return { kind: 'end', ending: { kind: 'lost', code, reason: `${what} any more` } };
  }
  return {
    kind: 'wait',
    until: now + LOOK_FOR_MISSING,
    reason: {
      code,
      text: `${what}; if that stays so for ${formatDuration(MISSING_FOR)}, it is lost`,
    },
    change: { attempts: new Map([[attempt.n, { missingAt: since }]]) },
  };
}

function notEnded(job: JobRecord, id: number, cancelAt: number, ports: FollowingPorts): Outcome {
  const waited = formatDuration(ports.now() - cancelAt);
  const why = job.cancel === null ? '' : `${job.cancel}; `;
  const reason = `${why}LAVA did not end job ${id} within ${waited} of a cancel`;
  return { kind: 'end', ending: { kind: 'lost', code: 'not_canceled', reason } };
}

function overdue(attempt: AttemptRecord, info: LavaJobInfo, ports: FollowingPorts): Reason | undefined {
  // A clock that was set forward makes nothing last longer.
  const now = ports.now() - Math.max(0, ports.drift());
  // By LAVA's clock or by ours, whichever is later: either may have been wrong.
  const since = Math.max(info.submittedAt ?? 0, attempt.submittedAt ?? now);
  if (attempt.runningAt === null && info.startedAt === undefined) {
    const limit = attempt.queueTimeout + MARGIN;
    return now - since > limit
      ? { code: 'queued_too_long', text: `waited ${formatDuration(now - since)} for a device` }
      : undefined;
  }
  const started = Math.max(info.startedAt ?? 0, attempt.runningAt ?? since);
  const limit = attempt.jobTimeout + MARGIN;
  return now - started > limit
    ? {
        code: 'runs_too_long',
        text: `runs for ${formatDuration(now - started)}, longer than LAVA may let it`,
      }
    : undefined;
}

async function cancel(
  attempt: AttemptRecord,
  id: number,
  why: Reason,
  lab: Lab,
  ports: FollowingPorts,
): Promise<void> {
  const refusal = await lab
    .call((c) => c.cancel(id))
    .then(
      () => '',
      (error: unknown) => {
        if (error instanceof PermanentError) return `, but LAVA refuses: ${errorText(error)}`;
        throw error;
      },
    );
  await note(
    attempt,
    { cancelAt: ports.now() },
    { code: why.code, text: `LAVA job ${id} is being cancelled: ${why.text}${refusal}` },
    ports,
  );
}

function note(
  { jobId, n }: AttemptRecord,
  change: Partial<Pick<AttemptRecord, 'missingAt' | 'cancelAt'>>,
  line: Reason,
  ports: FollowingPorts,
): Promise<void> {
  return ports.store.record(jobId, {
    attempts: new Map([[n, change]]),
    entries: [{ kind: 'note', ...line }],
  });
}
