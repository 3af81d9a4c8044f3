// What a stretch of a run took: how long from LAVA's Finished to the accepted report, and how many XML-RPC requests.
import { markOf, type Wanted } from './check.ts';
import type { LavaJob } from './lab.ts';
import type { World } from './world.ts';

export interface Stretch {
  requests: Wanted[];
  /** XML-RPC requests to LAVA in that time, answered or not, by method. */
  calls: ReadonlyMap<string, number>;
  startedAt: number;
  endedAt: number;
}

/** Does the work, and notes what was published and called meanwhile. */
export async function measure(world: World, work: () => Promise<void>): Promise<Stretch> {
  const startedAt = Date.now();
  const before = { requests: world.requests.length, calls: new Map(world.calls) };
  await work();
  return {
    requests: world.requests.slice(before.requests),
    calls: new Map([...world.calls].map(([method, n]) => [method, n - (before.calls.get(method) ?? 0)])),
    startedAt,
    endedAt: Date.now(),
  };
}

/** From the end of each request's last LAVA job to its accepted report (ms). */
export function latencies(
  stretch: Stretch,
  jobs: readonly LavaJob[],
  acceptedAt: ReadonlyMap<string, number>,
): number[] {
  const byNode = Map.groupBy(jobs, (job) => markOf(job)?.nodeId ?? '');
  return stretch.requests.flatMap(({ nodeId }) => {
    const finishedAt = Math.max(0, ...(byNode.get(nodeId) ?? []).map((job) => job.finishedAt ?? 0));
    const accepted = acceptedAt.get(nodeId);
    return finishedAt === 0 || accepted === undefined ? [] : [accepted - finishedAt];
  });
}

/** XML-RPC requests for each LAVA job of the stretch. */
export function callsPerJob(stretch: Stretch, jobs: readonly LavaJob[]): number {
  const ids = new Set(stretch.requests.map(({ nodeId }) => nodeId));
  const calls = [...stretch.calls.values()].reduce((sum, n) => sum + n, 0);
  return calls / Math.max(1, jobs.filter((job) => ids.has(markOf(job)?.nodeId ?? '')).length);
}
