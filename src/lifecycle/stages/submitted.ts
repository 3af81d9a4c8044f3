// Gives the definition to LAVA, once. LAVA has no idempotency key: so the intent is stored before the call, and if its
// answer was lost (crash, time-out, cut), the lab is searched for the submission key before anything is sent again.
import { BridgeError, errorText, RequestError, TemporaryError } from '../../core/errors.ts';
import { MINUTE, type Clock } from '../../core/time.ts';
import type { AttemptRecord, Entry, JobRecord, Store } from '../../store/index.ts';
import type { Reporting } from '../../reporting/reporting.ts';
import { nextRound } from '../following.ts';
import type { Lab } from '../lab.ts';
import { labOf, type LabPorts } from '../labs.ts';
import type { EarlierRun, EarlierRuns } from '../earlier-runs.ts';
import { LOST_ANSWER_REST } from '../lost-answer.ts';
import { whyNotWanted, type NodeWatchPorts } from '../node-watch.ts';
import { reportedJob, type ReportedJobPorts } from '../reported-job.ts';
import { currentAttempt, orderedEnding, type Outcome, type Stage } from '../model.ts';

/** What it uses. */
export type SubmittedPorts = LabPorts &
  NodeWatchPorts &
  ReportedJobPorts & {
    store: Pick<
      Store,
      | 'attempts'
      | 'definition'
      | 'callbacks'
      | 'record'
      | 'recordSubmission'
      | 'lastLavaId'
      | 'instanceId'
      | 'request'
    >;
    earlier: Pick<EarlierRuns, 'find'>;
    reporting: Reporting;
    now: Clock;
  };

export const submitted: Stage<SubmittedPorts> = { run };

/** How far a lab's clock may be from ours. */
const CLOCK_SKEW = 10 * MINUTE;

async function run(job: JobRecord, ports: SubmittedPorts): Promise<Outcome> {
  const lab = labOf(ports, job.lab);
  const attempts = await ports.store.attempts(job.id);
  const attempt = currentAttempt(attempts);
  if (attempt.lavaId !== null) return done(job, attempt, attempt.lavaId, ports);
  if (attempt.sentAt !== null) {
    const rest = attempt.sentAt + LOST_ANSWER_REST - ports.now();
    if (rest > 0) {
      const text = 'LAVA’s answer to the submission was lost; the lab is searched for the job soon';
      return { kind: 'wait', until: ports.now() + rest, reason: { code: 'answer_lost', text } };
    }
    const found = await search(job, attempt, lab, ports);
    if (found !== undefined) {
      await recordId(attempt, found, ports, foundText(found));
      return done(job, attempt, found, ports);
    }
  }
  if (attempt.sentAt === null) {
    const { node } = await ports.store.request(job.id);
    const earlier = await ports.earlier.find(job.lab, node);
    if (earlier !== undefined && earlier.n > attempt.n) return placeTaken(attempt, earlier, ports.now());
    if (earlier?.n === attempt.n) {
      await recordId(attempt, earlier.lavaId, ports, foundText(earlier.lavaId));
      return done(job, attempt, earlier.lavaId, ports);
    }
  }
  const ending = orderedEnding(job);
  if (ending !== undefined) return { kind: 'end', ending };
  const unwanted = await whyNotWanted(job, ports);
  if (unwanted !== undefined)
    return { kind: 'end', ending: { kind: 'canceled', code: 'cancel', reason: unwanted } };
  return submit(job, attempts, lab, ports);
}

/** The store lost that it was submitted, and that another attempt followed: that one is taken up. */
function placeTaken({ n }: AttemptRecord, { n: later, lavaId }: EarlierRun, now: number): Outcome {
  const text = `attempt ${later} followed attempt ${n} in LAVA, as job ${lavaId}`;
  return {
    kind: 'back',
    to: 'claimed',
    at: now,
    reason: { code: 'found', text },
    change: { attempts: new Map([[n, { outcome: text }]]) },
  };
}

const foundText = (lavaId: number): string => `found in LAVA by its submission key, as job ${lavaId}`;

async function search(
  job: JobRecord,
  attempt: AttemptRecord,
  lab: Lab,
  ports: SubmittedPorts,
): Promise<number | undefined> {
  const intentAt = attempt.intentAt ?? ports.now();
  const sinceId = await startOf(attempt, lab, ports);
  const nodeId = (await lab.has('search by metadata')) ? job.nodeId : undefined;
  const { ids, complete, oldest } = await lab.call((c) =>
    c.findByMark(attempt.submissionKey, { sinceId, nodeId }),
  );
  const [found] = ids;
  if (found !== undefined || complete) return found;
  // Not all jobs were looked through; but what is older than the intent can't be ours.
  const last = oldest === undefined ? undefined : await lab.show(oldest);
  if (last?.submittedAt !== undefined && last.submittedAt < intentAt - CLOCK_SKEW) return undefined;
  throw new TemporaryError(
    'search',
    `${lab.name} has too many jobs to say whether it has ${attempt.submissionKey}`,
  );
}

/** Where the search may end: at the last job that was ours before, if the lab has not begun to count from 1 again since. */
async function startOf(
  { sinceId }: AttemptRecord,
  lab: Lab,
  ports: SubmittedPorts,
): Promise<number | undefined> {
  if (sinceId === null) return undefined;
  const last = await lab.show(sinceId);
  return last?.description.includes(ports.store.instanceId) ? sinceId : undefined;
}

async function submit(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  lab: Lab,
  ports: SubmittedPorts,
): Promise<Outcome> {
  const attempt = currentAttempt(attempts);
  const definition = await ports.store.definition(job.id, attempt.n);
  try {
    let sentAt = 0;
    const lavaId = await lab.call(
      async (client) => {
        sentAt = ports.now();
        const sinceId = attempt.sinceId ?? (await ports.store.lastLavaId(lab.name)) ?? null;
        const intent = { intentAt: attempt.intentAt ?? sentAt, sentAt, sinceId };
        await ports.store.record(job.id, { attempts: new Map([[attempt.n, intent]]) });
        return client.submit(definition);
        // What LAVA has to say of its jobs goes first: a lab that can hardly keep up is not given more.
      },
      { hasTime: true },
    );
    if (!(await ports.store.recordSubmission({ ...attempt, sentAt }, lavaId, [secondNote(lavaId)])))
      return { kind: 'wait', until: ports.now(), reason: SECOND_JOB };
    return await done(job, attempt, lavaId, ports);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (isForOneDevice(attempts, definition)) return onAnyDevice(attempt, error, ports.now());
    const reason = `${lab.name} refused the job: ${errorText(error)}`;
    return { kind: 'end', ending: { kind: 'rejected', code: error.code, reason, errorCode: 'submit_error' } };
  }
}

const SECOND_JOB = { code: 'second_job', text: 'another daemon goes on' } as const;

function secondNote(lavaId: number): Entry {
  const text = `LAVA job ${lavaId} is a second one for the same attempt and is cancelled: this daemon was stopped in the midst of its submission, for so long that another went on`;
  return { kind: 'note', code: 'second_job', text };
}

/** What LAVA has against this job; what is wrong with the lab's settings is for the admin to fix. */
function isRefusal(error: unknown): error is BridgeError {
  return error instanceof RequestError || (error instanceof BridgeError && error.code === 'lava_forbidden');
}

/** Whether it is a further attempt for a device by its name; LAVA took the one before. */
function isForOneDevice(attempts: readonly AttemptRecord[], definition: string): boolean {
  return typeof attempts.at(-2)?.lavaId === 'number' && /^device: /m.test(definition);
}

/** The device that was chosen may be one that our user may see and not use. */
function onAnyDevice({ n }: AttemptRecord, error: unknown, now: number): Outcome {
  const text = `attempt ${n}, for one device by its name, was refused (${errorText(error)}); again on any`;
  return {
    kind: 'again',
    to: 'claimed',
    at: now,
    reason: { code: 'other_device', text },
    change: { attempts: new Map([[n, { outcome: text }]]) },
  };
}

async function recordId(
  attempt: AttemptRecord,
  lavaId: number,
  ports: SubmittedPorts,
  note: string | undefined,
): Promise<void> {
  await ports.store.record(attempt.jobId, {
    attempts: new Map([[attempt.n, { lavaId, submittedAt: ports.now() }]]),
    entries: note === undefined ? [] : [{ kind: 'note', code: 'found', text: note }],
  });
}

async function done(
  job: JobRecord,
  attempt: AttemptRecord,
  lavaId: number,
  ports: SubmittedPorts,
): Promise<Outcome> {
  const hasNews = attempt.lavaState !== null || (await ports.store.callbacks(job.id)).length > 0;
  const outcome: Outcome = {
    kind: 'done',
    note: `LAVA job ${lavaId}`,
    // A job that was just submitted waits; LAVA says when it runs, and the poll would see it.
    ...(hasNews || orderedEnding(job) !== undefined
      ? {}
      : { until: nextRound(ports.now(), labOf(ports, job.lab)) }),
  };
  const reported = await reportedJob(job, ports);
  const { deliveries } = ports.reporting.reports({ ...reported, kind: 'submitted', lavaId });
  return { ...outcome, change: { deliveries } };
}
