// Jobs as the API shows them: our records in stable words, times in RFC 3339.
import { rfc3339 } from '../core/time.ts';
import {
  stageAfter,
  type AttemptRecord,
  type DeliveryRecord,
  type ListedJob,
  type Reader,
  type TimelineRecord,
} from '../store/index.ts';
import type { AttemptView, DeliveryView, JobDetail, JobRow, TimelineView } from './shapes.ts';

const time = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));

/** A row of `jobs list`. */
export function jobRow(job: ListedJob): JobRow {
  const { ending, verdict } = job;
  return {
    id: job.id,
    lab: job.lab,
    node_id: job.nodeId,
    name: job.name,
    board: job.board,
    source: job.source,
    stage: job.stage,
    waits_for: job.done ? null : (stageAfter(job.stage) ?? null),
    done: job.done,
    set_aside: job.setAside,
    reason: job.reason?.text ?? null,
    reason_code: job.reason?.code ?? null,
    ending: ending === null ? null : { ...ending },
    tree: job.tree,
    branch: job.branch,
    commit: job.commitHash,
    build: job.build,
    result: job.result,
    rule: job.rule,
    layer: job.layer,
    lava_id: job.lavaId,
    device: job.device,
    tests: verdict?.tests ?? [],
    received: rfc3339(job.receivedAt),
    updated: rfc3339(job.updatedAt),
    stage_since: rfc3339(job.stageAt),
    next: job.done ? null : time(job.nextAt),
  };
}

function attemptView(attempt: AttemptRecord, definition: string): AttemptView {
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
    definition,
  };
}

export function deliveryView(delivery: DeliveryRecord): DeliveryView {
  return {
    id: delivery.id,
    destination: delivery.destination,
    kind: delivery.kind,
    state: delivery.state,
    required: delivery.required,
    tries: delivery.tries,
    error: delivery.error,
    next: delivery.doneAt === null ? time(delivery.nextAt) : null,
    done: time(delivery.doneAt),
  };
}

function timelineView(entry: TimelineRecord): TimelineView {
  return { at: rfc3339(entry.at), kind: entry.kind, code: entry.code, text: entry.text };
}

/** All that is known of a job. */
export async function jobDetail(job: ListedJob, store: Reader): Promise<JobDetail> {
  const attempts = await store.attempts(job.id);
  return {
    ...jobRow(job),
    attempts: await Promise.all(
      attempts.map(async (a) => attemptView(a, await store.definition(job.id, a.n))),
    ),
    deliveries: (await store.deliveries(job.id)).map(deliveryView),
    timeline: (await store.timeline(job.id)).map(timelineView),
    verdict: job.verdict && { ...job.verdict },
    request: { ...(await store.request(job.id)) },
  };
}

/** By its id, or by the node's where that is of one lab only. */
export async function findJob(
  id: string,
  store: Pick<Reader, 'job' | 'jobs'>,
): Promise<ListedJob | undefined> {
  const job = await store.job(id);
  if (job) return job;
  const { rows } = await store.jobs({ nodeId: id, limit: 2 });
  const [first, ...others] = rows;
  return others.length === 0 ? first : undefined;
}
