// A stored job, as reports describe it.
import { compatibleOf } from '../catalog/compatible.ts';
import type { ReportedJob } from '../reporting/events.ts';
import type { JobRecord, Store } from '../store/index.ts';
import type { Boards } from '../catalog/boards.ts';
import { labOf, type LabPorts } from './labs.ts';

/** What describing a job uses. */
export type ReportedJobPorts = LabPorts & { store: Pick<Store, 'request'>; boards: Pick<Boards, 'find'> };

/** All that reports need of a job in addition to what happened to it. */
export async function reportedJob(job: JobRecord, ports: ReportedJobPorts): Promise<ReportedJob> {
  const { config } = labOf(ports, job.lab);
  const { id, lab, nodeId, name, board, source, receivedAt } = job;
  // A board that is registered for another lab, or shipped, is the same hardware.
  const known = ports.boards.find(board, lab) ?? ports.boards.find(board);
  return {
    job: { id, lab, nodeId, name, board, source, isClaimed: job.claimedAt !== null, receivedAt },
    request: await ports.store.request(id),
    lab: { origin: config.origin, lavaUrl: config.lava.url },
    compatible: known?.compatible ?? compatibleOf(board),
  };
}
