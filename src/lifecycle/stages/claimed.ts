// Marks Maestro's node as ours. Maestro has no claim: the mark is written, and read again after a while, so that of
// two bridges that wrote at once both see whose mark stayed (reference: Maestro has no compare-and-set).
import { SECOND, type Clock } from '../../core/time.ts';
import { confirmMark, placeMark, type Claim } from '../../maestro/claim.ts';
import type { JobRecord, Reason, Store } from '../../store/index.ts';
import type { EarlierRuns } from '../earlier-runs.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { Reporting } from '../../reporting/reporting.ts';
import { orderedEnding, type Outcome, type Stage } from '../model.ts';
import { reportedJob, type ReportedJobPorts } from '../reported-job.ts';

/** What it uses. */
export type ClaimedPorts = ReportedJobPorts & {
  maestro: Pick<MaestroClient, 'getNode' | 'updateNode'> | undefined;
  store: Pick<Store, 'instanceId' | 'request'>;
  earlier: Pick<EarlierRuns, 'find'>;
  reporting: Reporting;
  now: Clock;
  /** How long another's write may take to show (ms); two seconds if it is not there. */
  claimSettle?: number | undefined;
};

const YIELDED = {
  claimed: 'claim',
  taken: 'node_taken',
  ended: 'node_ended',
  gone: 'node_gone',
} as const;

const CLAIM_SETTLE = 2 * SECOND;

export const claimed: Stage<ClaimedPorts> = { run };

async function run(job: JobRecord, ports: ClaimedPorts): Promise<Outcome> {
  const ending = orderedEnding(job);
  if (ending !== undefined) return { kind: 'end', ending };
  if (!ports.maestro) return { kind: 'done', note: 'no Maestro is configured' };
  if (job.source === 'trigger') return { kind: 'done', note: 'started here: Maestro has no node for it' };
  if (job.source === 'test') return { kind: 'done', note: 'a test of our own: Maestro has no node for it' };
  const settle = ports.claimSettle ?? CLAIM_SETTLE;
  const mark = `${ports.store.instanceId}:${job.nodeId}`;
  if (job.claimedAt === null) {
    const placed = await placeMark(ports.maestro, job.nodeId, mark);
    if (placed.outcome === 'taken' && (await isOwnRun(job, placed, ports))) {
      const claim = { claimedAt: ports.now(), nodeSeenAt: ports.now() };
      return { kind: 'done', note: 'the node has the number of our LAVA job', change: { job: claim } };
    }
    if (placed.outcome !== 'claimed') return yielded(job, placed, ports);
    return marked(ports.now(), ports.now() + settle);
  }
  const rest = job.claimedAt + settle - ports.now();
  if (rest > 0) return marked(job.claimedAt, ports.now() + rest);
  const kept = await confirmMark(ports.maestro, job.nodeId, mark);
  if (kept.outcome !== 'claimed') return yielded(job, kept, ports);
  return { kind: 'done', change: { job: { nodeSeenAt: ports.now() } } };
}

/** LAVA's number has taken our mark's place, and the store lost that it was us. */
async function isOwnRun(job: JobRecord, { holder }: Claim, ports: ClaimedPorts): Promise<boolean> {
  if (!/^\d+$/.test(holder ?? '')) return false;
  const { node } = await ports.store.request(job.id);
  return (await ports.earlier.find(job.lab, node)) !== undefined;
}

function marked(at: number, until: number): Outcome {
  const text = 'the node has our mark; another bridge may have written at the same time';
  return { kind: 'wait', until, reason: { code: 'claim', text }, change: { job: { claimedAt: at } } };
}

async function yielded(job: JobRecord, { outcome, detail }: Claim, ports: ClaimedPorts): Promise<Outcome> {
  const byHand = job.source === 'push' || job.source === 'hand';
  // For a node that this Maestro never had; the results go to KCIDB alone.
  if (outcome === 'gone' && byHand) {
    return { kind: 'done', note: 'Maestro has no such node', change: { job: { claimedAt: null } } };
  }
  const reason: Reason = { code: YIELDED[outcome], text: detail };
  if (outcome !== 'ended') return { kind: 'forget', reason };
  const reported = await reportedJob(job, ports);
  const { deliveries } = ports.reporting.reports({ ...reported, kind: 'not-wanted', why: detail });
  return { kind: 'forget', reason, change: { deliveries } };
}
