// Watches Maestro's node while the job is on its way or in LAVA: pushes its time-out forward, so that a job that merely
// waits for a board does not count as timed out, and notices when Maestro ended the node, so that no board is kept in
// vain.
import { TemporaryError } from '../core/errors.ts';
import { HOUR, MINUTE, parseTime, rfc3339, type Clock } from '../core/time.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { Entry, JobRecord, Store } from '../store/index.ts';
import type { MaestroClient } from '../maestro/client.ts';

/** What watching Maestro's node uses. */
export interface NodeWatchPorts {
  maestro: Pick<MaestroClient, 'updateNode'> | undefined;
  store: Pick<Store, 'record'>;
  now: Clock;
}

const LOOK_EVERY = 10 * MINUTE;
/** Maestro gives a node six hours; it gets more when less than this is left. */
const LEAST_LEFT = HOUR;
const PUSH_BY = 2 * HOUR;

/**
 * Looks at the node, at most every ten minutes. Returns why the job is not wanted any more, if Maestro ended the node.
 * A Maestro that is away changes nothing.
 */
export async function whyNotWanted(job: JobRecord, ports: NodeWatchPorts): Promise<string | undefined> {
  if (!ports.maestro || job.claimedAt === null) return undefined;
  if (job.nodeSeenAt !== null && ports.now() - job.nodeSeenAt < LOOK_EVERY) return undefined;
  try {
    let pushed: number | undefined;
    let ended: string | undefined;
    const node = await ports.maestro.updateNode(
      job.nodeId,
      (n) => {
        ended = endedBy(n);
        pushed = ended === undefined ? newTimeout(n, ports.now()) : undefined;
        return pushed === undefined ? undefined : { timeout: pushed };
      },
      { noevent: true },
    );
    if (node === undefined) return 'Maestro has no such node any more';
    if (ended !== undefined) return ended;
    const entries: Entry[] =
      pushed === undefined
        ? []
        : [{ kind: 'note', code: 'node_timeout_moved', text: `node's time-out moved to ${rfc3339(pushed)}` }];
    await ports.store.record(job.id, { job: { nodeSeenAt: ports.now() }, entries });
    return undefined;
  } catch (error) {
    if (error instanceof TemporaryError) return undefined;
    throw error;
  }
}

function endedBy(node: MaestroNode): string | undefined {
  if (node.state !== 'done' && node.state !== 'closing') return undefined;
  const why = [node.result, node.data.error_code].filter((v) => typeof v === 'string').join(', ');
  return `Maestro ended the node: ${node.state}${why === '' ? '' : ` (${why})`}`;
}

function newTimeout(node: MaestroNode, now: number): number | undefined {
  const timeout = parseTime(node.timeout);
  return timeout !== undefined && timeout - now < LEAST_LEFT ? now + PUSH_BY : undefined;
}
