// Puts a job's stored evidence before the judge.
import type { LavaJob } from '../lava/model.ts';
import type { AttemptRecord, Blobs, JobRecord, Store } from '../store/index.ts';
import { createTriage } from '../kernel-log/triage.ts';
import { createConsole, type ConsoleFacts } from '../verdict/console.ts';
import { judge } from '../verdict/judge.ts';
import type { ExpectedTests, Ending, Evidence, Verdict } from '../verdict/model.ts';
import { expectedTestsFor } from '../templates/expected-tests.ts';
import type { Boards } from '../catalog/boards.ts';
import type { Plans } from '../catalog/plans.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Clock } from '../core/time.ts';
import { linesOf } from '../reporting/logs.ts';
import { orderedEnding } from './model.ts';

/** What judging a job uses. */
export interface JudgingPorts {
  store: Pick<Store, 'lavaJob' | 'expectedTests' | 'request'>;
  blobs: Pick<Blobs, 'read'>;
  boards: Boards;
  plans: Plans;
  config: { report: Pick<BridgeConfig['report'], 'infrastructure_status'> };
  now: Clock;
}

/** A job's evidence, and what was made of it. */
export interface Judgement {
  evidence: Evidence;
  verdict: Verdict;
}

/** Judges a job by its last attempt, or by how it ended without one. */
export async function judgeJob(
  job: JobRecord,
  attempt: AttemptRecord | undefined,
  ending: Ending | undefined,
  ports: JudgingPorts,
): Promise<Judgement> {
  const lava = attempt === undefined ? undefined : await ports.store.lavaJob(job.id, attempt.n);
  const evidence: Evidence = {
    ending: ending ?? endingInQueue(job, attempt, lava, ports),
    lava,
    console:
      attempt?.log === null || attempt === undefined
        ? undefined
        : await readConsole(attempt.log, lava, ports),
    complete: attempt?.evidence === 'fetched',
    deviceTakenAway: lava?.deviceTakenAway,
  };
  const expected =
    attempt === undefined
      ? await expectedTestsOfRequest(job, ports)
      : await ports.store.expectedTests(job.id, attempt.n);
  const verdict = judge(
    evidence,
    { ...expected, job: job.name },
    {
      infrastructureStatus: ports.config.report.infrastructure_status,
      deviceType: attempt?.deviceType,
    },
  );
  return { evidence, verdict };
}

/** A refused request has no rendered definition; what it asked for may be read from it all the same. */
async function expectedTestsOfRequest(job: JobRecord, ports: JudgingPorts): Promise<ExpectedTests> {
  const request = await ports.store.request(job.id);
  try {
    return expectedTestsFor(request, ports.plans, ports.boards);
  } catch {
    return { bootPath: 'boot', roots: [], helpers: [] }; // the refusal itself says what is wrong with it
  }
}

/** LAVA reports a cancel and a queue time-out alike; the time that passed, and who asked, distinguish them. */
function endingInQueue(
  job: JobRecord,
  attempt: AttemptRecord | undefined,
  lava: LavaJob | undefined,
  ports: JudgingPorts,
): Ending | undefined {
  if (attempt === undefined || lava === undefined) return undefined;
  if (lava.device !== undefined || lava.health !== 'Canceled') return undefined;
  const ordered = orderedEnding(job);
  if (ordered !== undefined) return ordered;
  const waited = (lava.finishedAt ?? ports.now()) - (lava.submittedAt ?? attempt.submittedAt ?? ports.now());
  return waited >= attempt.queueTimeout
    ? { kind: 'timed_out', code: 'queue_timeout', reason: 'no device was free within the queue time-out' }
    : { kind: 'canceled', code: 'canceled_in_lava', reason: 'cancelled in LAVA while it waited' };
}

async function readConsole(
  name: string,
  lava: LavaJob | undefined,
  ports: JudgingPorts,
): Promise<ConsoleFacts> {
  const triage = createTriage();
  const console = createConsole({ triage, cases: lava?.cases ?? [] });
  for await (const lines of linesOf(name, ports)) for (const line of lines) console.line(line);
  return console.end();
}
