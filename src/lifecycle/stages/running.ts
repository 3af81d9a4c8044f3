// Waits until LAVA runs the job (or has already ended it). Callbacks and events say so early; the poll says so anyway.
import { LAVA_STATES, type LavaJobInfo, type LavaState } from '../../lava/model.ts';
import type { AttemptRecord, Change, JobRecord, Reason, Store } from '../../store/index.ts';
import type { BridgeConfig } from '../../config/schema.ts';
import type { Clock } from '../../core/time.ts';
import type { Reporting } from '../../reporting/reporting.ts';
import { lookAt, nextRound, type FollowingPorts } from '../following.ts';
import { labOf, type LabPorts } from '../labs.ts';
import { callNext, type QueuePorts } from '../admission-queue.ts';
import { reportedJob, type ReportedJobPorts } from '../reported-job.ts';
import { currentAttempt, orderedEnding, type Outcome, type Stage } from '../model.ts';

/** What it uses. */
export type RunningPorts = LabPorts &
  FollowingPorts &
  QueuePorts &
  ReportedJobPorts & {
    store: Pick<Store, 'attempts' | 'callbacks' | 'expectedTests'>;
    config: { report: Pick<BridgeConfig['report'], 'progress'> };
    reporting: Reporting;
    now: Clock;
  };

export const running: Stage<RunningPorts> = { run };

async function run(job: JobRecord, ports: RunningPorts): Promise<Outcome> {
  const attempt = currentAttempt(await ports.store.attempts(job.id));
  const state = await knownState(attempt, ports);
  // Where the start is reported, LAVA's own word for it is: the end says the same.
  // And where a newer job is to take its place, LAVA's word decides whether it had begun.
  const isHeard = !ports.config.report.progress && job.supersededBy === null;
  if (isStarted(state) && isHeard) return started(job, attempt, state, ports);

  const seen = await lookAt(job, ports);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info } = seen;
  if (!isStarted(info.state)) {
    const reason: Reason = { code: 'in_lava', text: `LAVA job ${info.id} is ${info.state} in ${job.lab}` };
    return { kind: 'wait', until: seen.lookAgain, reason };
  }
  const known = { ...attempt, device: info.device ?? null, runningAt: info.startedAt ?? null };
  const { deliveries, entries } = await reportStart(job, known, info, ports);
  const outcome = await started(job, known, info.state, ports);
  if (outcome.kind !== 'done') return outcome;
  const kept = keptBegun(job, seen.attempt, info);
  return {
    ...outcome,
    change: { ...outcome.change, ...kept, deliveries, entries: [...entries, ...(kept?.entries ?? [])] },
  };
}

/** A job that has begun to run, and that we did not cancel, keeps its place. */
function keptBegun(
  { supersededBy }: JobRecord,
  { cancelAt }: AttemptRecord,
  { device }: LavaJobInfo,
): Pick<Change, 'job' | 'entries'> | undefined {
  if (supersededBy === null || cancelAt !== null || device === undefined) return undefined;
  const text = `it had begun to run, so it goes on, and ${supersededBy} does not take its place`;
  return { job: { supersededBy: null }, entries: [{ kind: 'note', code: 'not_superseded', text }] };
}

/** Nothing is said of a start before all of it is known, nor when the end is there already. */
async function reportStart(
  job: JobRecord,
  attempt: AttemptRecord,
  { state, device, startedAt }: LavaJobInfo,
  ports: RunningPorts,
): Promise<ReturnType<Reporting['reports']>> {
  if (state === 'Finished' || device === undefined || startedAt === undefined) {
    return { deliveries: [], entries: [] };
  }
  const { bootPath } = await ports.store.expectedTests(job.id, attempt.n);
  const reported = await reportedJob(job, ports);
  return ports.reporting.reports({ ...reported, kind: 'started', attempt, startedAt, bootPath });
}

/** What LAVA said by itself, by an event or a callback; the last word is the finished stage's to believe. */
async function knownState(attempt: AttemptRecord, ports: RunningPorts): Promise<LavaState> {
  const callbacks = (await ports.store.callbacks(attempt.jobId)).filter((c) => c.lavaId === attempt.lavaId);
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
  ports: RunningPorts,
): Promise<Outcome> {
  await callNext(job, ports);
  const { n, device, runningAt } = attempt;
  // Nothing is to be looked at before LAVA reports the end, or the poll's round.
  const isUrgent = state === 'Finished' || orderedEnding(job) !== undefined;
  return {
    kind: 'done',
    ...(device === null ? {} : { note: `on ${device}` }),
    ...(isUrgent ? {} : { until: nextRound(ports.now(), labOf(ports, job.lab)) }),
    change: {
      attempts: new Map([[n, { lavaState: state, device, runningAt: runningAt ?? ports.now() }]]),
    },
  };
}
