// Jobs as the API shows them: our records in stable words, times in RFC 3339.
import { rfc3339 } from '../base/time.ts';
import type { AttemptRecord, DeliveryRecord, JobRecord, TimelineRecord } from '../store/index.ts';
import { StoredVerdict } from '../jobs/verdicts.ts';

const time = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));

/** A row of `jobs list`. */
export function jobRow(job: JobRecord): Record<string, unknown> {
  const verdict = job.verdict === null ? undefined : StoredVerdict.parse(JSON.parse(job.verdict));
  return {
    id: job.id,
    lab: job.lab,
    node_id: job.nodeId,
    name: job.name,
    board: job.board,
    source: job.source,
    stage: job.stage,
    done: job.done === 1,
    reason: job.reason,
    ending: job.ending === null ? null : JSON.parse(job.ending),
    result: verdict?.result ?? null,
    lava_id: verdict?.lavaId ?? null,
    device: verdict?.device ?? null,
    tests: verdict?.tests ?? [],
    received: time(job.receivedAt),
    updated: time(job.updatedAt),
    next: job.done === 1 ? null : time(job.nextAt),
  };
}

export function attemptView(attempt: AttemptRecord): Record<string, unknown> {
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

export function deliveryView(delivery: DeliveryRecord): Record<string, unknown> {
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

export function timelineView(entry: TimelineRecord): Record<string, unknown> {
  return { at: rfc3339(entry.at), kind: entry.kind, text: entry.text };
}
