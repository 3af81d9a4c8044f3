// From evidence to verdict, and from the verdict to the reports: the logs for people and what goes to each destination,
// stored in the outbox in one transaction. An infrastructure failure gets another attempt first, if there is one left.
import { errorText } from '../../core/errors.ts';
import { MINUTE, type Clock } from '../../core/time.ts';
import {
  isBlobLost,
  type AttemptRecord,
  type Blobs,
  type Change,
  type Entry,
  type JobRecord,
  type Store,
} from '../../store/index.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { Reporting } from '../../reporting/reporting.ts';
import type { OpenLogs } from '../../storage/open.ts';
import { reporterOf } from '../../reporting/reporter.ts';
import { labOf, type LabPorts } from '../labs.ts';
import { publishLogs } from '../../reporting/logs.ts';
import { countingAttempt, type Outcome, type Stage } from '../model.ts';
import { anotherAttempt } from '../retries.ts';
import { judgeJob, type JudgingPorts } from '../judging.ts';
import { reportedJob, type ReportedJobPorts } from '../reported-job.ts';
import { judgedRun } from '../judged-run.ts';

/** What it uses. */
export type JudgedPorts = LabPorts &
  JudgingPorts &
  ReportedJobPorts & {
    store: Pick<Store, 'attempts' | 'definition'>;
    maestro: Pick<MaestroClient, 'getNode'> | undefined;
    logs: OpenLogs;
    blobs: Pick<Blobs, 'read' | 'put'>;
    reporting: Reporting;
    now: Clock;
  };

/** The outbox wakes the job when a delivery ends; until then there is nothing to look at. */
const DELIVERED_WITHIN = MINUTE;

export const judged: Stage<JudgedPorts> = { run };

async function run(job: JobRecord, ports: JudgedPorts): Promise<Outcome> {
  const attempts = await ports.store.attempts(job.id);
  const attempt = countingAttempt(attempts);
  try {
    return await judgeStored(job, attempts, attempt, ports);
  } catch (error) {
    if (typeof attempt?.log !== 'string' || !isBlobLost(error)) throw error;
    const text = `the log of LAVA job ${attempt.lavaId} is lost (${errorText(error)}), so all is fetched again`;
    return {
      kind: 'back',
      to: 'running',
      at: ports.now(),
      reason: { code: 'evidence_lost', text },
      change: { attempts: new Map([[attempt.n, { evidence: null, log: null, finishedAt: null }]]) },
    };
  }
}

async function judgeStored(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  attempt: AttemptRecord | undefined,
  ports: JudgedPorts,
): Promise<Outcome> {
  const definition = attempt && (await ports.store.definition(job.id, attempt.n));
  const reporter = await reporterOf(job, attempt && { ...attempt, definition: definition ?? '' }, ports);
  if (reporter.kind === 'wait') {
    const text = 'LAVA reports to Maestro itself; if Maestro does not take that, we report';
    return { kind: 'wait', until: reporter.until, reason: { code: 'maestro_reports', text } };
  }
  const isOurs = reporter.kind === 'ours';
  const ending = job.ending ?? undefined;
  const judgement = await judgeJob(job, attempt, ending, ports);
  const lab = labOf(ports, job.lab);
  const reported = await reportedJob(job, ports);
  const { request } = reported;
  const ended = { ...reported, ...judgement, attempts, attempt, ending };
  // What LAVA reports to Maestro itself is Maestro's to try again.
  const again = isOurs
    ? anotherAttempt({ job, request, attempts, judgement, lab, now: ports.now() })
    : undefined;
  if (again) {
    const { deliveries } = ports.reporting.reports({ ...ended, kind: 'superseded' });
    const change = { ...again.change, judged: judgedRun(judgement, attempt, false), deliveries };
    return { ...again, change };
  }

  // What is not reported leaves nothing in KernelCI's storage.
  const published = job.source === 'test' && ports.logs.local === undefined ? undefined : attempt;
  const logs = await publishLogs(job, published, judgement.evidence, ports);
  const reports = isOurs ? ports.reporting.reports({ ...ended, kind: 'judged', logs }) : REPORTED_BY_LAVA;
  const outcome = judgedRun(judgement, attempt, true);
  return {
    kind: 'done',
    ...(reports.deliveries.length === 0 ? {} : { until: ports.now() + DELIVERED_WITHIN }),
    note: `rule ${outcome.rule}: ${outcome.verdict.tests.map((t) => `${t.path} ${t.status}`).join(', ')}`,
    change: {
      judged: outcome,
      job: { ending: judgement.evidence.ending ?? null },
      deliveries: reports.deliveries,
      entries: [...outcome.verdict.why.map((text): Entry => ({ kind: 'note', text })), ...reports.entries],
    },
  };
}

const REPORTED_BY_LAVA: Required<Pick<Change, 'deliveries' | 'entries'>> = {
  deliveries: [],
  entries: [
    {
      kind: 'report',
      code: 'maestro_reports',
      text: 'Maestro has the results from LAVA itself, and reports them',
    },
  ],
};
