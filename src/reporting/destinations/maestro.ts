// Writes to Maestro what is due: LAVA's job number after submission, and the end of the job node, once.
//
// Where we report the run to KCIDB, Maestro's own bridge to KCIDB must not. It looks at a node when it hears an event, and
// in a scan of all nodes whose flag `processed_by_kcidb_bridge` is false; a PATCH that changes the state clears the flag,
// also when it carries it. So the node is closed without an event, and then the flag is set by itself (measured on
// kernelci-api 95acafc and kernelci-pipeline e81bdeb, August 2026). What job_retry tries again is closed with its event,
// which job_retry needs: Maestro's bridge leaves these out.
import { z } from 'zod';
import { actingUnder } from '../../core/acting.ts';
import { PermanentError, TemporaryError } from '../../core/errors.ts';
import { HOUR, SECOND, type Clock } from '../../core/time.ts';
import { naiveUtc, writableArtifacts, type NodeTree } from '../../maestro/changes.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { MaestroNode } from '../../maestro/node.ts';
import { ERROR_CODES, NODE_RESULTS } from '../../verdict/node-result.ts';
import { buildHierarchy, closingPatch, type ClosingPatch } from '../node-tree.ts';
import type { Sent } from '../../engine/outbox-ports.ts';
import { kcidbReporter } from '../audience.ts';
import type { JobEvent, JudgedEvent } from '../events.ts';
import { isTriedAgain } from '../job-retry.ts';
import { NO_REPORTS, type Destination, type Finding, type Parts, type Reports } from './destination.ts';

const LOST_ANSWER_REST = 30 * SECOND;

const JobIdBody = z.strictObject({ nodeId: z.string(), jobId: z.string() });

/** A node below the job's, as Maestro takes it. */
const Child: z.ZodType<NodeTree> = z.lazy(() =>
  z.object({
    node: z.looseObject({
      name: z.string(),
      kind: z.string(),
      path: z.array(z.string()),
      state: z.literal('done'),
      result: z.enum(NODE_RESULTS),
      data: z.looseObject({ error_code: z.enum(ERROR_CODES).optional() }).optional(),
    }),
    child_nodes: z.array(Child),
  }),
);

/** How a job node is to end. */
const CloseBody = z.strictObject({
  nodeId: z.string(),
  end: z.strictObject({
    result: z.enum(NODE_RESULTS),
    errorCode: z.enum(ERROR_CODES).optional(),
    errorMsg: z.string().optional(),
  }),
  jobId: z.string().optional(),
  device: z.string().optional(),
  artifacts: z.record(z.string(), z.string()),
  /** Whether KCIDB has the results from us, so that Maestro's bridge must not send them. */
  kcidbIsOurs: z.boolean(),
  /** A user of Maestro waits for this job's end (report.with_event). */
  withEvent: z.boolean(),
  /** What the node carries while it is ours: our mark, or a LAVA number of ours. */
  ours: z.array(z.string()),
  /** Nothing was found out about the kernel: a time-out of the node stays. */
  empty: z.boolean(),
  /** The result that we ended the node with, where that is corrected. */
  corrects: z.enum(NODE_RESULTS).optional(),
  /** The results below the node (report.maestro: hierarchy). */
  children: z.array(Child).optional(),
});
type CloseBody = z.infer<typeof CloseBody>;

/** The end of a node, its correction (at a time), and the number of its LAVA job. */
type MaestroKind = 'close' | `correction ${string}` | `job_id ${number}`;
const JOB_ID = /^job_id /;

/** The name of this destination. */
export const MAESTRO = 'maestro';

export function openMaestro({ config, maestro, instanceId, now }: Parts): Destination | { off: string } {
  if (maestro === undefined) return { off: 'none is configured; requests come by push or by hand' };
  return {
    name: MAESTRO,
    need: 'required',
    reports: (event) => reportsOn(event, config, instanceId),
    async send({ kind, body }) {
      if (JOB_ID.test(kind)) return sendJobId(maestro, JobIdBody.parse(body));
      const { note } = await close(maestro, CloseBody.parse(body), now);
      return { kind: 'done', note };
    },
    check: () => check(maestro, config),
  };
}

function reportsOn(event: JobEvent, config: Parts['config'], instanceId: string): Reports {
  const { job } = event;
  if (event.kind === 'submitted' && job.isClaimed) {
    // Maestro's users find the LAVA job by this number; it takes our mark's place.
    const body = { nodeId: job.nodeId, jobId: String(event.lavaId) };
    return { deliveries: [{ kind: `job_id ${event.lavaId}` satisfies MaestroKind, body }] };
  }
  if (event.kind !== 'judged' || config.report.maestro === 'off' || job.source === 'trigger')
    return NO_REPORTS;
  const { attempts, logs, correction } = event;
  const body = closeBody(event, attempts, logs.artifacts, config, instanceId);
  if (correction === undefined) return { deliveries: [{ kind: 'close' satisfies MaestroKind, body }] };
  const kind: MaestroKind = `correction ${correction.at}`;
  return { deliveries: [{ kind, body: { ...body, corrects: correction.corrects } satisfies CloseBody }] };
}

function closeBody(
  event: JudgedEvent,
  attempts: JudgedEvent['attempts'],
  artifacts: Record<string, string>,
  config: Parts['config'],
  instanceId: string,
): CloseBody {
  const { job, request, attempt, verdict, evidence } = event;
  const { result, errorCode, errorMsg } = verdict.node;
  const { report } = config;
  const ids = attempts.flatMap((a) => (a.lavaId === null ? [] : [String(a.lavaId)]));
  const jobId = attempt === undefined || attempt.lavaId === null ? undefined : String(attempt.lavaId);
  const device = attempt?.device ?? undefined;
  return {
    nodeId: job.nodeId,
    end: {
      result,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(errorMsg === undefined ? {} : { errorMsg }),
    },
    ...(jobId === undefined ? {} : { jobId }),
    ...(device === undefined ? {} : { device }),
    artifacts,
    kcidbIsOurs: kcidbReporter(request, config).kind === 'ours',
    withEvent: report.with_event.includes(job.name),
    ours: [`${instanceId}:${job.nodeId}`, ...ids],
    empty: evidence.lava === undefined || verdict.canceled,
    ...(report.maestro === 'hierarchy' && evidence.lava
      ? { children: buildHierarchy(verdict, evidence.lava, request.node) }
      : {}),
  };
}

async function sendJobId(client: MaestroClient, { nodeId, jobId }: z.infer<typeof JobIdBody>): Promise<Sent> {
  await client.updateNode(
    nodeId,
    (node) => (node.state === 'done' || node.data.job_id === jobId ? undefined : { data: { job_id: jobId } }),
    { noevent: true },
  );
  return { kind: 'done' };
}

interface Closed {
  isClosed: boolean;
  /** For the timeline. */
  note: string;
}

async function close(client: MaestroClient, body: CloseBody, now: Clock): Promise<Closed> {
  const found = await readToClose(client, body.nodeId);
  if (found === 'odd') return closeOdd(client, body);
  if (!found) return { isClosed: false, note: 'Maestro has no such node' };
  // One that Maestro does not take must not keep the node from its end.
  const { artifacts, leftOut } = writableArtifacts(found.artifacts);
  const { isClosed, note } = await closeNode(client, body, { ...found, artifacts }, now);
  if (!isClosed || leftOut.length === 0) return { isClosed, note };
  return { isClosed, note: `${note}; without artifacts that are no http(s) URL: ${namesOf(leftOut)}` };
}

async function closeNode(
  client: MaestroClient,
  body: CloseBody,
  node: MaestroNode,
  now: Clock,
): Promise<Closed> {
  const { result } = body.end;
  if (isOurEnd(node, body)) {
    // An answer was lost: the flag may not be set yet.
    await setFlag(client, node, body);
    return { isClosed: true, note: `the node has ${result} already` };
  }
  const stop = whyNot(node, body);
  if (stop !== undefined) return { isClosed: false, note: stop };
  const { children } = body;
  const patch = patchOf(body, node);
  const end = (): Promise<unknown> => client.patchNode(node.id, patch, { noevent: !needsEvent(node, body) });
  if (
    body.corrects === undefined &&
    children !== undefined &&
    (await client.childrenOf(node.id)).length === 0
  ) {
    const tree = treeOf(node, patch, children, body, now());
    await client.putHierarchy(node.id, tree).catch(letItFinish);
    if (tree.node['state'] === 'done')
      return { isClosed: true, note: `${result}, with its results below it` };
    // It runs again by our own call: we end it, even if its job is another daemon's by now.
    await actingUnder(() => undefined, end);
  } else {
    await end();
  }
  await setFlag(client, node, body);
  return { isClosed: true, note: children === undefined ? result : `${result}, with its results below it` };
}

const MOST_NAMES = 10;

/** Names that others gave, for the timeline. */
function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name.slice(0, 100).toWellFormed()));
  return names.length > MOST_NAMES
    ? `${shown.join(', ')} and ${names.length - MOST_NAMES} more`
    : shown.join(', ');
}

function patchOf({ end, jobId, device, artifacts }: CloseBody, node: MaestroNode): ClosingPatch {
  const verdict = { node: { errorCode: undefined, errorMsg: undefined, ...end } };
  return closingPatch(verdict, node, { jobId, device, artifacts });
}

async function readToClose(client: MaestroClient, id: string): Promise<MaestroNode | 'odd' | undefined> {
  try {
    return await client.getNode(id);
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'maestro_odd_node') return 'odd';
    throw error;
  }
}

/** A node that can't be read as a whole is ended all the same; what is in it stays. */
async function closeOdd(client: MaestroClient, body: CloseBody): Promise<Closed> {
  let stop: string | undefined;
  const node = await client.updateNode(
    body.nodeId,
    (found) => {
      stop = isOurEnd(found, body) ? undefined : whyNot(found, body);
      const { artifacts } = writableArtifacts(found.artifacts);
      return stop === undefined ? patchOf(body, { ...found, artifacts }) : undefined;
    },
    { noevent: body.corrects !== undefined || (body.kcidbIsOurs && !body.withEvent) },
  );
  if (node === undefined) return { isClosed: false, note: 'Maestro has no such node' };
  if (stop !== undefined) return { isClosed: false, note: stop };
  await setFlag(client, node, body);
  return { isClosed: true, note: `${body.end.result}; the node cannot be read as a whole` };
}

/** Whether the node was ended by us, with this result. */
function isOurEnd({ state, result, data }: MaestroNode, { end, ours }: CloseBody): boolean {
  const isOurs = typeof data.job_id !== 'string' || data.job_id === '' || ours.includes(data.job_id);
  const isTimeout = data.error_code === 'node_timeout' && end.errorCode !== 'node_timeout';
  return state === 'done' && result === end.result && isOurs && !isTimeout;
}

/** Why the node is not to be written; undefined if it is. */
function whyNot(node: MaestroNode, { ours, empty, corrects }: CloseBody): string | undefined {
  const holder = node.data.job_id;
  if (typeof holder === 'string' && holder !== '' && !ours.includes(holder)) {
    return `left alone: the node belongs to ${holder}`;
  }
  if (node.state !== 'done' && node.state !== 'closing') return undefined;
  if (node.state === 'done' && node.result === corrects && node.data.error_code !== 'node_timeout')
    return undefined;
  // Maestro's time-out says nothing about the kernel; what a person, or the end of the build, decided stays.
  if (node.state === 'done' && node.data.error_code === 'node_timeout' && !empty) return undefined;
  return `left alone: Maestro ended the node (${node.state}, ${node.result ?? 'no result'})`;
}

/** Whether the end is announced with an event. */
function needsEvent(node: MaestroNode, { end, kcidbIsOurs, withEvent, corrects }: CloseBody): boolean {
  // Its end was announced; job_retry would try it once more for a second event.
  if (corrects !== undefined) return false;
  if (isTriedAgain(node.name, end.result, node.retry_counter ?? 0)) {
    // If the node had timed out, job_retry has heard of that, and would try it once more for a second event.
    return node.state !== 'done';
  }
  return !kcidbIsOurs || withEvent;
}

async function setFlag(client: MaestroClient, node: MaestroNode, { kcidbIsOurs }: CloseBody): Promise<void> {
  if (kcidbIsOurs) await client.patchNode(node.id, { processed_by_kcidb_bridge: true }, { noevent: true });
}

/**
 * The tree for `PUT /nodes/{id}`. Children are made again by every call, so they are looked for before it: the answer to
 * an earlier one may be lost. The call always sends an event: where Maestro's bridge is to take the results from there,
 * the root is closed with it; where it must not, the root still runs, which it does not act on.
 */
function treeOf(
  node: MaestroNode,
  patch: ClosingPatch,
  children: NodeTree[],
  { kcidbIsOurs }: CloseBody,
  now: number,
): NodeTree {
  if (!kcidbIsOurs) return { node: { ...node, ...patch }, child_nodes: children };
  // A node that timed out runs again until it is closed, a moment later: its time-out must not strike once more.
  const open = node.state === 'done' ? { state: 'running', result: null, timeout: naiveUtc(now + HOUR) } : {};
  return { node: { ...node, ...open }, child_nodes: children.map(flagged) };
}

/** The children that KCIDB has from us. */
function flagged({ node, child_nodes }: NodeTree): NodeTree {
  return { node: { ...node, processed_by_kcidb_bridge: true }, child_nodes: child_nodes.map(flagged) };
}

/** Maestro may still be at work on a call whose answer was lost: its children are not counted before that is over. */
function letItFinish(error: unknown): never {
  if (!(error instanceof TemporaryError)) throw error;
  const retryAfterMs = Math.max(LOST_ANSWER_REST, error.retryAfterMs ?? 0);
  throw new TemporaryError(error.code, error.message, { cause: error, retryAfterMs });
}

/** Whether the token is good, and its user may end the nodes of our labs. */
async function check(client: MaestroClient, { maestro, labs }: Parts['config']): Promise<Finding[]> {
  const me = await client.whoami();
  const found: Finding[] = [{ state: 'ok', text: `${maestro?.url ?? ''}, as ${me.username}` }];
  if (me.is_superuser === true || me.groups.includes('node:edit:any')) return found;
  for (const lab of labs) {
    const wanted = [`runtime:${lab.name}:node-editor`, `runtime:${lab.name}:node-admin`];
    if (wanted.some((group) => me.groups.includes(group))) continue;
    found.push({
      state: 'failed',
      text: `${me.username} is not in the group ${wanted[0] ?? ''}: it may not end nodes of ${lab.name}; ask KernelCI's admins`,
    });
  }
  return found;
}
