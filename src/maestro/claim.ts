// Claiming a node. Maestro has no claim: `available` can't become `running` again, and there is no compare-and-set. So
// the claim is our mark in `data.job_id`, and a second look after a while tells whether somebody wrote over it. That is
// narrow but not closed; bridges on one runtime are split by platform.
import { sleep as realSleep, SECOND } from '../base/time.ts';
import type { MaestroClient } from './client.ts';
import type { MaestroNode } from './node.ts';

/** `claimed`: ours. `taken`: another's, `ended`: nobody's any more, `gone`: unknown to Maestro. `detail` is for people. */
export interface Claim {
  outcome: 'claimed' | 'taken' | 'ended' | 'gone';
  detail: string;
}

export interface ClaimOptions {
  /** How long after the write the node is read again, milliseconds. */
  waitMs?: number;
  sleep?: (ms: number) => Promise<void>;
}

/**
 * Claims a node with our mark; may be repeated. Throws what the client throws; the claim is then open, and is to be
 * tried again.
 */
export async function claim(
  client: Pick<MaestroClient, 'getNode' | 'updateNode'>,
  nodeId: string,
  mark: string,
  options: ClaimOptions = {},
): Promise<Claim> {
  const { waitMs = 2 * SECOND, sleep = realSleep } = options;
  let refusal: Claim | undefined;
  const written = await client.updateNode(
    nodeId,
    (node) => {
      refusal = judge(node, mark);
      return refusal === undefined && node.data.job_id !== mark ? { data: { job_id: mark } } : undefined;
    },
    { noevent: true },
  );
  if (written === undefined) return gone(nodeId);
  if (refusal !== undefined) return refusal;
  await sleep(waitMs);
  const node = await client.getNode(nodeId);
  if (node === undefined) return gone(nodeId);
  if (node.data.job_id !== mark) {
    return judge(node, mark) ?? { outcome: 'taken', detail: `our mark on node ${nodeId} was overwritten` };
  }
  return judge(node, mark) ?? { outcome: 'claimed', detail: `node ${nodeId} carries our mark ${mark}` };
}

function judge(node: MaestroNode, mark: string): Claim | undefined {
  if (node.state === 'done' || node.state === 'closing') {
    return { outcome: 'ended', detail: `node ${node.id} is ${node.state} (${node.result ?? 'no result'})` };
  }
  const holder = node.data.job_id;
  if (typeof holder === 'string' && holder !== '' && holder !== mark) {
    return { outcome: 'taken', detail: `node ${node.id} belongs to ${holder}` };
  }
  return undefined;
}

function gone(nodeId: string): Claim {
  return { outcome: 'gone', detail: `Maestro knows no node ${nodeId}` };
}
