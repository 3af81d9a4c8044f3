// A stored job, as reports tell of it.
import { compatibleOf } from '../catalog/compatible.ts';
import type { ReportedJob } from '../reporting/events.ts';
import type { JobRecord } from '../store/index.ts';
import type { Context } from './context.ts';
import { labOf } from './labs.ts';

/** All that reports need of a job beside what happened to it. */
export async function reportedJob(job: JobRecord, ctx: Context): Promise<ReportedJob> {
  const { config } = labOf(ctx, job.lab);
  const { id, lab, nodeId, name, board, source, receivedAt } = job;
  // A board that is registered for another lab, or shipped, is the same hardware.
  const known = ctx.boards.find(board, lab) ?? ctx.boards.find(board);
  return {
    job: { id, lab, nodeId, name, board, source, isClaimed: job.claimedAt !== null, receivedAt },
    request: await ctx.store.request(id),
    lab: { origin: config.origin, lavaUrl: config.lava.url },
    compatible: known?.compatible ?? compatibleOf(board),
  };
}
