// Writes to Maestro what is due: LAVA's job number after submission, and the end of the job node, once.
import { z } from 'zod';
import { TemporaryError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import type { NodeTree } from '../../maestro/changes.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { MaestroNode } from '../../maestro/node.ts';
import { ERROR_CODES, NODE_RESULTS } from '../../verdict/node-result.ts';
import { closingPatch, type ClosingPatch } from '../node-tree.ts';
import type { DeliveryRecord } from '../../store/index.ts';
import type { Handler, Sent } from '../../engine/outbox.ts';

const LOST_ANSWER_REST = 30 * SECOND;

export const JobIdBody = z.strictObject({ nodeId: z.string(), jobId: z.string() });

/** A node below the job's, as Maestro takes it; the shape was made by us. */
const Child: z.ZodType<NodeTree> = z.lazy(() =>
  z.object({
    node: z.looseObject({
      name: z.string(),
      kind: z.string(),
      path: z.array(z.string()),
      state: z.literal('done'),
      result: z.enum(NODE_RESULTS),
    }),
    child_nodes: z.array(Child),
  }),
);

/** How a job node is to end. */
export const CloseBody = z.strictObject({
  nodeId: z.string(),
  end: z.strictObject({
    result: z.enum(NODE_RESULTS),
    errorCode: z.enum(ERROR_CODES).optional(),
    errorMsg: z.string().optional(),
  }),
  jobId: z.string().optional(),
  device: z.string().optional(),
  artifacts: z.record(z.string(), z.string()),
  /** Whether KCIDB has the results from us. */
  toldKcidb: z.boolean(),
  /** What the node carries while it is ours: our mark, or a LAVA number of ours. */
  ours: z.array(z.string()),
  /** Nothing was found out of the kernel: what Maestro decided meanwhile stays. */
  empty: z.boolean(),
  /** The results below the node (report.maestro: hierarchy). */
  children: z.array(Child).optional(),
});
export type CloseBody = z.infer<typeof CloseBody>;

export function createMaestroHandler(client: MaestroClient): Handler {
  return (delivery) => (delivery.kind === 'close' ? close(client, delivery) : jobId(client, delivery));
}

async function jobId(client: MaestroClient, delivery: DeliveryRecord): Promise<Sent> {
  const { nodeId, jobId: id } = JobIdBody.parse(JSON.parse(delivery.body));
  await client.updateNode(
    nodeId,
    (node) => (node.state === 'done' || node.data.job_id === id ? undefined : { data: { job_id: id } }),
    { noevent: true },
  );
  return { kind: 'done' };
}

async function close(client: MaestroClient, delivery: DeliveryRecord): Promise<Sent> {
  const body = CloseBody.parse(JSON.parse(delivery.body));
  const node = await client.getNode(body.nodeId);
  if (!node) return { kind: 'done', note: 'Maestro has no such node' };
  const stop = whyNot(node, body);
  if (stop !== undefined) return { kind: 'done', note: stop };
  const patch = closingPatch({ node: { errorCode: undefined, errorMsg: undefined, ...body.end } }, node, {
    jobId: body.jobId,
    device: body.device,
    artifacts: body.artifacts,
    toldKcidb: body.toldKcidb,
  });
  if (body.children !== undefined) return writeTree(client, node, patch, body.children);
  await client.patchNode(body.nodeId, patch);
  return { kind: 'done', note: patch.result };
}

/** Why the node is not to be written; undefined if it is. */
function whyNot(node: MaestroNode, body: CloseBody): string | undefined {
  const holder = node.data.job_id;
  if (typeof holder === 'string' && holder !== '' && !body.ours.includes(holder)) {
    return `left alone: the node belongs to ${holder}`;
  }
  if (node.state !== 'done') return undefined;
  if (node.result === body.end.result && node.data.error_code !== 'node_timeout') {
    return `the node has ${node.result} already`;
  }
  return body.empty ? `left alone: Maestro ended the node (${node.result ?? 'no result'})` : undefined;
}

/** Children are made anew by every call, so they are looked for first: the answer to an earlier one may be lost. */
async function writeTree(
  client: MaestroClient,
  node: MaestroNode,
  patch: ClosingPatch,
  children: NodeTree[],
): Promise<Sent> {
  if ((await client.childrenOf(node.id)).length === 0) {
    await client
      .putHierarchy(node.id, { node: { ...node, ...patch }, child_nodes: children })
      .catch(letItFinish);
    return { kind: 'done', note: `${patch.result}, with its results below it` };
  }
  if (node.state !== 'done') await client.patchNode(node.id, patch);
  return { kind: 'done', note: `${patch.result}; its results were there already` };
}

/** Maestro may still be at work on a call whose answer was lost: its children are not counted before that is over. */
function letItFinish(error: unknown): never {
  if (!(error instanceof TemporaryError)) throw error;
  const retryAfterMs = Math.max(LOST_ANSWER_REST, error.retryAfterMs ?? 0);
  throw new TemporaryError(error.code, error.message, { cause: error, retryAfterMs });
}
