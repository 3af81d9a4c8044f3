// From evidence to verdict, and from the verdict to what is to be told: the logs for people, the report to KCIDB and
// the end of Maestro's node, stored in the outbox in one transaction. An infrastructure failure gets another attempt
// first, if there is one left.
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { labOf } from '../labs.ts';
import { publishLogs } from '../logs.ts';
import { endingOf, requestOf, type Outcome, type Stage } from '../model.ts';
import { deliveriesFor } from '../report.ts';
import { anotherAttempt } from '../retries.ts';
import { judgeJob } from '../trial.ts';
import { toStored } from '../verdicts.ts';

export const judged: Stage = { name: 'judged', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const attempts = await ctx.store.attempts(job.id);
  const last = attempts.at(-1);
  const request = requestOf(job);
  const trial = await judgeJob(job, last, endingOf(job), ctx);
  const again = anotherAttempt({ job, request, attempts, trial, lab: labOf(ctx, job.lab), now: ctx.now() });
  if (again) return again;

  const logs = await publishLogs(job, last, trial.evidence, ctx);
  const { deliveries, rejected } = deliveriesFor({ job, request, attempts, trial, logs }, ctx);
  const stored = toStored(trial.verdict, last?.lavaId ?? null, last?.device ?? null);
  ctx.wakeOutbox();
  return {
    kind: 'done',
    note: `rule ${stored.rule}: ${stored.tests.map((t) => `${t.path} ${t.status}`).join(', ')}`,
    change: {
      job: { verdict: JSON.stringify(stored) },
      deliveries: [...logs.deliveries, ...deliveries],
      entries: [
        ...stored.why.map((text) => ({ kind: 'note', text })),
        ...rejected.map((r) => ({
          kind: 'error',
          text: `left out of the report: ${r.list} ${r.reasons.join('; ')}`,
        })),
      ],
    },
  };
}
