// Claiming a node. Maestro has no claim: `available` can't become `running` again, and there is no compare-and-set. So
// the claim is our mark in `data.job_id`, and a second look after a while shows whether another bridge wrote over it. That is
// narrow but not closed; bridges on one runtime are split by platform.
import type { MaestroClient } from './client.ts';
import type { MaestroNode } from './node.ts';

/** `claimed`: ours. `taken`: another's, `ended`: no longer to be run, `gone`: unknown to Maestro. `detail` is for people. */
export interface Claim {
  outcome: 'claimed' | 'taken' | 'ended' | 'gone';
  detail: string;
  /** Whose it is, by its `data.job_id`, if it is another's. */
  holder?: string;
}

/**
 * The first half: puts our mark on a node that has none. May be repeated. Throws what the client throws; then it is
 * unknown whether the mark is there.
 */
export async function placeMark(
  client: Pick<MaestroClient, 'updateNode'>,
  nodeId: string,
  mark: string,
): Promise<Claim> {
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
  return refusal ?? { outcome: 'claimed', detail: `node ${nodeId} was given our mark ${mark}` };
}

/** The second half, when another's write has had the time to show: whether our mark is still there. */
export async function confirmMark(
  client: Pick<MaestroClient, 'getNode'>,
  nodeId: string,
  mark: string,
): Promise<Claim> {
  const node = await client.getNode(nodeId);
  if (node === undefined) return gone(nodeId);
  const refusal = judge(node, mark);
  if (refusal !== undefined) return refusal;
  return node.data.job_id === mark
    ? { outcome: 'claimed', detail: `node ${nodeId} carries our mark ${mark}` }
    : { outcome: 'taken', detail: `our mark on node ${nodeId} was overwritten` };
}

function judge(node: MaestroNode, mark: string): Claim | undefined {
  if (node.state === 'done' || node.state === 'closing') {
    return { outcome: 'ended', detail: `node ${node.id} is ${node.state} (${node.result ?? 'no result'})` };
  }
  const holder = node.data.job_id;
  if (typeof holder === 'string' && holder !== '' && holder !== mark) {
    return { outcome: 'taken', detail: `node ${node.id} belongs to ${holder}`, holder };
  }
  return undefined;
}

function gone(nodeId: string): Claim {
  return { outcome: 'gone', detail: `Maestro knows no node ${nodeId}` };
}
