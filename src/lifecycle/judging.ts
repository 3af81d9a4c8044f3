// Puts a job's stored evidence before the judge.
import { z } from 'zod';
import type { LavaJob } from '../lava/model.ts';
import type { AttemptRecord, JobRecord } from '../store/index.ts';
import { createTriage } from '../kernel-log/triage.ts';
import { createConsole, type ConsoleFacts } from '../verdict/console.ts';
import { judge } from '../verdict/judge.ts';
import type { ExpectedTests, Ending, Evidence, Verdict } from '../verdict/model.ts';
import { expectedTestsFor } from '../templates/expected-tests.ts';
import type { Context } from './context.ts';
import { linesOf } from '../reporting/logs.ts';
import { requestOf } from './model.ts';

export interface Trial {
  evidence: Evidence;
  verdict: Verdict;
}

// What the bridge itself stored, as JSON; the shapes are checked, the words were when they came in.
const StoredLavaJob = z.custom<LavaJob>(
  (v) => z.looseObject({ id: z.number(), cases: z.array(z.unknown()) }).safeParse(v).success,
);
const StoredExpectedTests = z.custom<ExpectedTests>(
  (v) => z.looseObject({ bootPath: z.string(), roots: z.array(z.unknown()) }).safeParse(v).success,
);

/** Judges a job by its last attempt, or by how it ended without one. */
export async function judgeJob(
  job: JobRecord,
  attempt: AttemptRecord | undefined,
  ending: Ending | undefined,
  ctx: Context,
): Promise<Trial> {
  const lava =
    attempt?.lavaJob === null || attempt === undefined
      ? undefined
      : StoredLavaJob.parse(JSON.parse(attempt.lavaJob));
  const evidence: Evidence = {
    ending: ending ?? endingInQueue(job, attempt, lava, ctx),
    lava,
    console:
      attempt?.log === null || attempt === undefined ? undefined : await readConsole(attempt.log, lava, ctx),
    complete: attempt?.evidence === 'fetched',
  };
  const ask =
    attempt === undefined
      ? expectedTestsOfRequest(job, ctx)
      : StoredExpectedTests.parse(JSON.parse(attempt.ask));
  const verdict = judge(
    evidence,
    { ...ask, job: job.name },
    {
      infrastructureStatus: ctx.config.report.infrastructure_status,
      deviceType: attempt?.deviceType,
    },
  );
  return { evidence, verdict };
}

/** A refused request has no rendered definition; what it asked for may be read from it all the same. */
function expectedTestsOfRequest(job: JobRecord, ctx: Context): ExpectedTests {
  try {
    return expectedTestsFor(requestOf(job), ctx.plans, ctx.boards);
  } catch {
    return { bootPath: 'boot', roots: [], helpers: [] }; // the refusal itself says what is wrong with it
  }
}

/** LAVA tells a cancel and a queue time-out alike; the time that passed, and who asked, tell them apart. */
function endingInQueue(
  job: JobRecord,
  attempt: AttemptRecord | undefined,
  lava: LavaJob | undefined,
  ctx: Context,
): Ending | undefined {
  if (attempt === undefined || lava === undefined) return undefined;
  if (lava.device !== undefined || lava.health !== 'Canceled') return undefined;
  if (job.cancel !== null) return { kind: 'canceled', reason: job.cancel };
  const waited = (lava.finishedAt ?? ctx.now()) - (lava.submittedAt ?? attempt.submittedAt ?? ctx.now());
  return waited >= attempt.queueTimeout
    ? { kind: 'timed_out', reason: 'no device was free within the queue time-out' }
    : { kind: 'canceled', reason: 'cancelled in LAVA while it waited' };
}

async function readConsole(name: string, lava: LavaJob | undefined, ctx: Context): Promise<ConsoleFacts> {
  const triage = createTriage();
  const console = createConsole({ triage, cases: lava?.cases ?? [] });
  for await (const lines of linesOf(name, ctx)) for (const line of lines) console.line(line);
  return console.end();
}
