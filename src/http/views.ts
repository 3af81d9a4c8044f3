// Jobs as the API shows them: our records in stable words, times in RFC 3339.
import { z } from 'zod';
import { rfc3339 } from '../core/time.ts';
import type { AttemptRecord, DeliveryRecord, JobRecord, Store, TimelineRecord } from '../store/index.ts';
import { endingOf, requestOf } from '../lifecycle/model.ts';
import { StoredVerdict } from '../lifecycle/stored-verdict.ts';
import { SOURCES } from '../maestro/request.ts';
import type { AttemptView, DeliveryView, JobDetail, JobRow, TimelineView } from './shapes.ts';

const time = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));

const Source = z.enum(SOURCES);

/** Rows of `jobs list`. */
export async function jobRows(jobs: readonly JobRecord[], store: Pick<Store, 'inLava'>): Promise<JobRow[]> {
  const inLava = await store.inLava(jobs.map(({ id }) => id));
  return jobs.map((job) => jobRow(job, inLava.get(job.id)));
}

/** `attempt`: its last one. */
export function jobRow(job: JobRecord, attempt?: Pick<AttemptRecord, 'lavaId' | 'device'>): JobRow {
  const ending = endingOf(job);
  const verdict = job.verdict === null ? undefined : StoredVerdict.parse(JSON.parse(job.verdict));
  return {
    id: job.id,
    lab: job.lab,
    node_id: job.nodeId,
    name: job.name,
    board: job.board,
    source: Source.parse(job.source),
    stage: job.stage,
    done: job.done === 1,
    reason: job.reason,
    ending: ending === undefined ? null : { ...ending },
    result: verdict?.result ?? null,
    lava_id: (verdict ?? attempt)?.lavaId ?? null,
    device: (verdict ?? attempt)?.device ?? null,
    tests: verdict?.tests ?? [],
    received: rfc3339(job.receivedAt),
    updated: rfc3339(job.updatedAt),
    next: job.done === 1 ? null : time(job.nextAt),
  };
}

export function attemptView(attempt: AttemptRecord): AttemptView {
  return {
    n: attempt.n,
    lava_id: attempt.lavaId,
    device_type: attempt.deviceType,
    device: attempt.device,
    state: attempt.lavaState,
    submitted: time(attempt.submittedAt),
    running: time(attempt.runningAt),
    finished: time(attempt.finishedAt),
    evidence: attempt.evidence,
    outcome: attempt.outcome,
    definition: attempt.definition,
  };
}

export function deliveryView(delivery: DeliveryRecord): DeliveryView {
  return {
    id: delivery.id,
    destination: delivery.destination,
    kind: delivery.kind,
    state: delivery.state,
    tries: delivery.tries,
    error: delivery.error,
    next: delivery.doneAt === null ? time(delivery.nextAt) : null,
    done: time(delivery.doneAt),
  };
}

export function timelineView(entry: TimelineRecord): TimelineView {
  return { at: rfc3339(entry.at), kind: entry.kind, text: entry.text };
}

/** All that is known of a job. */
export async function jobDetail(job: JobRecord, store: Store): Promise<JobDetail> {
  const attempts = await store.attempts(job.id);
  return {
    ...jobRow(job, attempts.at(-1)),
    attempts: attempts.map(attemptView),
    deliveries: (await store.deliveries(job.id)).map(deliveryView),
    timeline: (await store.timeline(job.id)).map(timelineView),
    verdict: job.verdict === null ? null : { ...StoredVerdict.parse(JSON.parse(job.verdict)) },
    request: { ...requestOf(job) },
  };
}

/** By its id, or by the node's where that is of one lab only. */
export async function findJob(id: string, store: Store): Promise<JobRecord | undefined> {
  const job = await store.job(id);
  if (job) return job;
  const [first, ...others] = await store.jobs({ nodeId: id, limit: 2 });
  return others.length === 0 ? first : undefined;
}
