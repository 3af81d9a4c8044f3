// From evidence to verdict, and from the verdict to what is to be told: the logs for people, the report to KCIDB and
// the end of Maestro's node, stored in the outbox in one transaction. An infrastructure failure gets another attempt
// first, if there is one left.
import { MINUTE } from '../../core/time.ts';
import type { Change, Entry, JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { reporterOf } from '../../reporting/who-reports.ts';
import { labOf } from '../labs.ts';
import { publishLogs } from '../../reporting/logs.ts';
import { countingAttempt, type Outcome, type Stage } from '../model.ts';
import { deliveriesFor, type Judged } from '../../reporting/deliveries.ts';
import { anotherAttempt } from '../retries.ts';
import { tellEnd } from '../../reporting/telemetry.ts';
import { judgeJob } from '../judging.ts';
import { toStored } from '../stored-verdict.ts';

/** The outbox wakes the job when a delivery ends; until then there is nothing to look at. */
const DELIVERED_WITHIN = MINUTE;

export const judged: Stage = { name: 'judged', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const attempts = await ctx.store.attempts(job.id);
  const attempt = countingAttempt(attempts);
  const request = await ctx.store.request(job.id);
  const definition = attempt && (await ctx.store.definition(job.id, attempt.n));
  const reporter = await reporterOf(job, attempt && { ...attempt, definition: definition ?? '' }, ctx);
  if (reporter.kind === 'wait') {
    const text = 'LAVA told Maestro itself; if it does not take that, we report';
    return { kind: 'wait', until: reporter.until, reason: { code: 'maestro_reports', text } };
  }
  const isOurs = reporter.kind === 'ours';
  const trial = await judgeJob(job, attempt, job.ending ?? undefined, ctx);
  const lab = labOf(ctx, job.lab);
  // Where Maestro was told of this attempt, it is Maestro that tries again.
  const again = isOurs ? anotherAttempt({ job, request, attempts, trial, lab, now: ctx.now() }) : undefined;
  if (again) {
    const statistics = tellEnd({ job, request, attempts, attempt, trial }, ctx);
    return { ...again, change: { ...again.change, deliveries: statistics } };
  }

  const logs = await publishLogs(job, attempt, trial.evidence, ctx);
  const judgedJob = { job, request, attempts, attempt, trial, logs };
  const { deliveries, entries } = isOurs ? reportOf(judgedJob, ctx) : LAVA_REPORTS;
  const stored = toStored(trial.verdict, attempt?.lavaId ?? null, attempt?.device ?? null);
  return {
    kind: 'done',
    ...(deliveries.length === 0 ? {} : { until: ctx.now() + DELIVERED_WITHIN }),
    note: `rule ${stored.rule}: ${stored.tests.map((t) => `${t.path} ${t.status}`).join(', ')}`,
    change: {
      job: { verdict: stored },
      deliveries: [...logs.deliveries, ...deliveries],
      entries: [...stored.why.map((text): Entry => ({ kind: 'note', text })), ...entries],
    },
  };
}

type Report = Required<Pick<Change, 'deliveries' | 'entries'>>;

const LAVA_REPORTS: Report = {
  deliveries: [],
  entries: [{ kind: 'report', text: 'Maestro has the results from LAVA itself, and reports them' }],
};

function reportOf(judgedJob: Judged, ctx: Context): Report {
  const { deliveries, rejected, withheld } = deliveriesFor(judgedJob, ctx);
  return {
    deliveries: [...deliveries, ...tellEnd(judgedJob, ctx)],
    entries: [
      ...(withheld === undefined
        ? []
        : [{ kind: 'report' as const, text: `KCIDB is not told: ${withheld}` }]),
      ...rejected.map((r) => ({
        kind: 'error' as const,
        text: `left out of the report: ${r.list} ${r.reasons.join('; ')}`,
      })),
    ],
  };
}
