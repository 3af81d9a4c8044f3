// Judges a reported job again, from its stored evidence by today's rules. What came out differently is shown; where it is
// ordered, it takes the place of the stored verdict and goes out as a correction, in one transaction.
import { BridgeError, errorText } from '../core/errors.ts';
import { MINUTE, rfc3339, type Clock } from '../core/time.ts';
import { logsOf } from '../reporting/logs.ts';
import type { Reporting } from '../reporting/reporting.ts';
import type { OpenLogs } from '../storage/open.ts';
import {
  isBlobLost,
  type Blobs,
  type JudgedRun,
  type ListedJob,
  type Reader,
  type StoredVerdict,
  type Store,
  type TestRecord,
} from '../store/index.ts';
import { judgedRun } from './judged-run.ts';
import { judgeJob, type JudgingPorts } from './judging.ts';
import { countingAttempt } from './model.ts';
import { reportedJob, type ReportedJobPorts } from './reported-job.ts';

/** What judging a job again uses. */
export type RejudgePorts = JudgingPorts &
  ReportedJobPorts & {
    store: Pick<Store, 'attempts' | 'save' | 'timeline'>;
    reader: Pick<Reader, 'tests'>;
    blobs: Pick<Blobs, 'read' | 'put'>;
    logs: OpenLogs;
    reporting: Reporting;
    now: Clock;
    /** Something became due in this lab. */
    wake: (lab: string) => void;
    /** A delivery became due. */
    wakeOutbox: () => void;
  };

/** What judging a job again came to. */
export interface Rejudged {
  /** What differs from the stored verdict, a line each for people; empty: nothing does. */
  changes: string[];
  /** Whether the new verdict was stored, and its reports with it. */
  stored: boolean;
}

/** The outbox wakes the job when a delivery ends. */
const DELIVERED_WITHIN = MINUTE;
/** More tests than a job may have. */
const ALL_TESTS = 1_000_000;

/**
 * Judges again. `report`: who ordered that a verdict which differs is stored and reported; undefined: it is only shown.
 * Throws BridgeError `not_judged` if the job has not been reported yet, or never was judged, and `evidence_gone` if its logs
 * are no longer kept.
 */
export async function rejudgeJob(
  job: ListedJob,
  report: { by: string } | undefined,
  ports: RejudgePorts,
): Promise<Rejudged> {
  const { verdict: before, result: corrects } = job;
  if (!job.done || before === null || corrects === null)
    throw new BridgeError('not_judged', `${job.id} has no verdict that was reported`);
  const timeline = await ports.store.timeline(job.id);
  // Without its console a crash would be judged as something milder.
  if (timeline.some(({ code }) => code === 'logs_removed'))
    throw new BridgeError('evidence_gone', `the logs of ${job.id} are no longer kept`);
  const attempts = await ports.store.attempts(job.id);
  const attempt = countingAttempt(attempts);
  const ending = job.ending ?? undefined;
  const judgement = await judgeJob(job, attempt, ending, ports).catch((error: unknown) => {
    if (!isBlobLost(error)) throw error;
    throw new BridgeError('evidence_gone', `the log of ${job.id} is lost: ${errorText(error)}`);
  });
  const judged = judgedRun(judgement, attempt, true);
  const tests = await ports.reader.tests(job.id, { limit: ALL_TESTS });
  const changes = changesOf({ verdict: before, tests: tests.rows }, judged);
  if (report === undefined || changes.length === 0) return { changes, stored: false };

  const reported = await reportedJob(job, ports);
  const logs = logsOf(job, attempt, judgement.evidence, ports);
  const correction = { at: rfc3339(ports.now()), corrects };
  // Where LAVA reported to Maestro itself, nothing of ours is there to be corrected.
  const isOurs = !timeline.some(({ kind, code }) => kind === 'report' && code === 'maestro_reports');
  const { deliveries, entries } = isOurs
    ? ports.reporting.reports({ ...reported, ...judgement, attempts, attempt, ending, kind: 'judged', logs, correction }) // prettier-ignore
    : { deliveries: [], entries: [] };
  await ports.store.save(job, {
    judged,
    // As after the first judging: it ends once its reports were accepted.
    job: { stage: 'judged', done: false, tries: 0, reason: null, nextAt: ports.now() + (deliveries.length === 0 ? 0 : DELIVERED_WITHIN) }, // prettier-ignore
    deliveries,
    entries: [
      {
        kind: 'note',
        code: 'rejudged',
        text: `judged again by today's rules, ordered by ${report.by}: ${changes.slice(0, MOST_TOLD).join('; ')}`,
      },
      ...entries,
    ],
  });
  if (deliveries.length > 0) ports.wakeOutbox();
  ports.wake(job.lab);
  return { changes, stored: true };
}

/** Differences that the timeline names. */
const MOST_TOLD = 20;

/** What differs, a line each: the words of the verdict first, then the tests, then the issues. */
function changesOf(
  before: { verdict: StoredVerdict; tests: readonly TestRecord[] },
  { verdict, tests }: Pick<JudgedRun, 'verdict' | 'tests'>,
): string[] {
  const words = (['result', 'rule', 'layer'] as const).flatMap((what) =>
    before.verdict[what] === verdict[what] ? [] : [`${what}: ${before.verdict[what]} → ${verdict[what]}`],
  );
  return [
    ...words,
    ...differences(statusByPath(before.tests), statusByPath(tests)),
    ...differences(issues(before.verdict), issues(verdict)),
  ];
}

function statusByPath(tests: readonly TestRecord[]): Map<string, string> {
  return new Map(tests.map(({ path, status }) => [path, status]));
}

function issues({ issues: found }: StoredVerdict): Map<string, string> {
  return new Map(found.map(({ test, signature, comment }) => [`${test}: issue ${signature}`, comment]));
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const lines: string[] = [];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old === undefined) lines.push(`${name}: new, ${value}`);
    else if (old !== value) lines.push(`${name}: ${old} → ${value}`);
  }
  for (const [name, value] of before) if (!after.has(name)) lines.push(`${name}: gone, was ${value}`);
  return lines;
}
