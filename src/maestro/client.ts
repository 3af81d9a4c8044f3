// Maestro's API as the bridge uses it: reading nodes and events, and writing back with PATCH. A replacing PUT would
// reset what it does not name, so it is used only for the one hierarchy, with the whole root. Nothing is tried again
// here: a lost answer leaves it open whether the call was done, and only the caller knows how to find out.
import { z } from 'zod';
import { PermanentError, TemporaryError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { callMaestro, type Call, type MaestroAccess, type QueryValue } from './answers.ts';
import {
  checkTree,
  naiveUtc,
  patchBody,
  writableArtifacts,
  type NodeChanges,
  type NodeTree,
} from './changes.ts';
import { isWithinDepth } from '../core/parse/depth.ts';
import { createPubSub, type PubSub } from './pub-sub.ts';
import { MaestroNode, salvageNode } from './node.ts';
import type { TelemetryEvent } from './telemetry.ts';

const Whoami = z.looseObject({
  username: z.string(),
  is_superuser: z.boolean().nullish(),
  groups: z
    .array(z.looseObject({ name: z.string() }))
    .nullish()
    .transform((groups) => (groups ?? []).map((group) => group.name)),
});
type Whoami = z.infer<typeof Whoami>;

/** One event of Maestro's history. `node` is there with `recursive`: the node as it is now, not as it was. */
export const MaestroEvent = z.looseObject({
  id: z.string(),
  /** UTC without a zone. */
  timestamp: z.string(),
  data: z.looseObject({
    id: z.string(),
    op: z.string().nullish(),
    state: z.string().nullish(),
    previous_state: z.string().nullish(),
  }),
  node: z.unknown().optional(),
});
export type MaestroEvent = z.infer<typeof MaestroEvent>;

/** Something in a list that is not what it should be; the rest of the list is good. */
export interface OddItem {
  raw: unknown;
  message: string;
}

interface NodePage {
  nodes: MaestroNode[];
  odd: OddItem[];
  /** How many the server gave on this page, the odd ones among them. */
  count: number;
  /** How many there are in all. */
  total: number;
}

interface EventPage {
  events: MaestroEvent[];
  odd: OddItem[];
  /** How many the server gave on this page, the odd ones among them. */
  count: number;
}

export interface EventQuery {
  /** Milliseconds since the epoch; events at exactly that time are not among the answer. */
  from: number;
  /** Equality on the event's fields: kind, state, op, … */
  filter: Record<string, QueryValue>;
  /** At most 1000 with `recursive`. */
  limit: number;
  offset?: number;
  /** With each event the node as it is now. */
  recursive?: boolean;
  signal?: AbortSignal | undefined;
}

interface WriteOptions {
  /** Maestro publishes no event of the change. */
  noevent?: boolean;
}

interface Paging {
  limit?: number;
  offset?: number;
  signal?: AbortSignal | undefined;
}

/** Maestro's API, as far as the bridge uses it. Throws as callMaestro does; `maestro_odd_node`: a node cannot be read. */
export interface MaestroClient {
  pubSub: PubSub;
  /** Who the token is, and in which groups. */
  whoami: () => Promise<Whoami>;
  /** undefined: Maestro knows no such node. */
  getNode: (id: string, signal?: AbortSignal) => Promise<MaestroNode | undefined>;
  /** A page of the nodes whose fields (dotted paths, operators as `created__gt`) match; unsorted. */
  findNodes: (filter: Record<string, QueryValue>, paging?: Paging) => Promise<NodePage>;
  /** A page of events, in no order. */
  events: (query: EventQuery) => Promise<EventPage>;
  /** Changes what is named. `data` and `artifacts` are replaced as a whole; see updateNode. */
  patchNode: (id: string, changes: NodeChanges, options?: WriteOptions) => Promise<MaestroNode>;
  /**
   * Reads the node, asks `change` what is to be changed (undefined: nothing), merges its `data` and `artifacts` into
   * the node's, and writes. Gives the node as it is then, or undefined if Maestro knows no such node. Of a node that can't
   * be read as a whole, what can be read is enough.
   */
  updateNode: (
    id: string,
    change: (node: MaestroNode) => NodeChanges | undefined,
    options?: WriteOptions,
  ) => Promise<MaestroNode | undefined>;
  /**
   * Writes a node and makes all nodes below it. Every call creates the children again: callMaestro childrenOf before a resend.
   * Gives the written nodes, the root first.
   */
  putHierarchy: (id: string, tree: NodeTree) => Promise<MaestroNode[]>;
  /** All nodes whose parent this one is. */
  childrenOf: (id: string) => Promise<MaestroNode[]>;
  /** Gives how many were taken: all, or an error. */
  telemetry: (events: readonly TelemetryEvent[]) => Promise<number>;
}

const Page = z.looseObject({ items: z.array(z.unknown()), total: z.number().int() });
const CHILD_PAGE = 500;
// Maestro's reverse proxy takes no larger body (kernelci-api kube/aks/ingress.yaml).
const MAX_BODY = 32 * 1024 * 1024;

/**
 * The client of one Maestro. All calls throw TemporaryError for what may pass (network, 5xx, 429) and PermanentError
 * for what won't: `maestro_auth` (the token), `maestro_forbidden` (the token's user and this node), `maestro_refused`,
 * `not_found`, `maestro_invalid` (not even sent).
 */
export function createMaestroClient(access: MaestroAccess): MaestroClient {
  const call = (request: Call): Promise<unknown> => callMaestro(access, request);

  /** Maestro answers 401 to a bad token as well as to a good one that may not edit the node. */
  async function write(request: Call): Promise<unknown> {
    try {
      return await call(request);
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== 'maestro_auth') throw error;
      await call({ path: '/whoami' }); // throws the same if it is the token
      throw new PermanentError('maestro_forbidden', error.message, { cause: error });
    }
  }

  async function rawNode(id: string, signal?: AbortSignal): Promise<unknown> {
    return (await call({ path: `/node/${encodeURIComponent(id)}`, signal })) ?? undefined;
  }

  async function patch(id: string, changes: NodeChanges, options: WriteOptions = {}): Promise<MaestroNode> {
    const body = patchBody(changes);
    const query = options.noevent === true ? { noevent: 'true' } : {};
    return readSome(await write({ method: 'PATCH', path: `/node/${encodeURIComponent(id)}`, query, body }));
  }

  async function findNodes(filter: Record<string, QueryValue>, paging: Paging = {}): Promise<NodePage> {
    const { limit = 100, offset = 0, signal } = paging;
    const answer = await call({ path: '/nodes', query: { ...filter, limit, offset }, signal });
    const page = read(Page, answer, 'a page of nodes');
    const { good, odd } = sift(MaestroNode, page.items);
    return { nodes: good, odd, count: page.items.length, total: page.total };
  }

  return {
    pubSub: createPubSub(access),

    whoami: async () => read(Whoami, await call({ path: '/whoami' }), 'whoami'),

    getNode: async (id, signal) => {
      const raw = await rawNode(id, signal);
      return raw === undefined ? undefined : readNode(raw);
    },

    findNodes,

    events: async ({ from, filter, limit, offset, recursive, signal }) => {
      // Any value of `recursive` counts as true, so it is sent only when it is meant.
      const query = {
        ...filter,
        from: naiveUtc(from),
        limit,
        offset,
        recursive: recursive === true ? 'true' : undefined,
      };
      const items = read(z.array(z.unknown()), await call({ path: '/events', query, signal }), 'events');
      const { good, odd } = sift(MaestroEvent, items);
      return { events: good, odd, count: items.length };
    },

    patchNode: patch,

    updateNode: async (id, change, options) => {
      const raw = await rawNode(id);
      if (raw === undefined) return undefined;
      const node = readSome(raw);
      const changes = change(node);
      if (changes === undefined) return node;
      return patch(id, merged(raw, changes), options);
    },

    putHierarchy: async (id, tree) => {
      checkTree(id, tree);
      const size = Buffer.byteLength(JSON.stringify(tree));
      if (size > MAX_BODY) {
        throw new PermanentError(
          'too_large',
          `the results of node ${id} have ${size} bytes; Maestro takes ${MAX_BODY}`,
        );
      }
      const answer = await write({ method: 'PUT', path: `/nodes/${encodeURIComponent(id)}`, body: tree });
      return read(z.array(z.unknown()), answer, 'the written nodes').map(readNode);
    },

    childrenOf: async (id) => {
      const nodes: MaestroNode[] = [];
      for (let offset = 0; ; offset += CHILD_PAGE) {
        const page = await findNodes({ parent: id }, { limit: CHILD_PAGE, offset });
        // An unreadable child is a child: who asks wants to know whether the children were made.
        const [odd] = page.odd;
        if (odd !== undefined) throw new PermanentError('maestro_odd_node', odd.message);
        nodes.push(...page.nodes);
        if (page.count < CHILD_PAGE) return nodes;
      }
    },

    telemetry: async (events) => {
      const body = events.map(({ at, ...event }) => ({ ...event, ts: naiveUtc(at) }));
      const answer = await call({ method: 'POST', path: '/telemetry', body });
      return read(z.looseObject({ inserted: z.number() }), answer, 'the answer to telemetry').inserted;
    },
  };
}

const Mergeable = z.looseObject({
  data: z.record(z.string(), z.unknown()).nullish(),
  artifacts: z.record(z.string(), z.unknown()).nullish(),
});

/** What is nested deeper than this cannot be written again: JSON is made on the stack. */
const WRITABLE_DEPTH = 1000;

// Merged with the node as it came, not as it was parsed: what is not ours goes back exactly as it was.
function merged(raw: unknown, changes: NodeChanges): NodeChanges {
  const { data, artifacts } = read(Mergeable, raw, 'a node');
  const old = z
    .record(z.string(), z.string())
    .catch({})
    .parse(artifacts ?? {});
  return {
    ...changes,
    ...(changes.data === undefined ? {} : { data: { ...writable(data), ...changes.data } }),
    ...(changes.artifacts === undefined
      ? {}
      : { artifacts: { ...writableArtifacts(old).artifacts, ...changes.artifacts } }),
  };
}

function writable(data: Record<string, unknown> | null | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data ?? {}).filter(([, value]) => isWithinDepth(value, WRITABLE_DEPTH)),
  );
}

/** A node, or as much of it as can be read. */
function readSome(raw: unknown): MaestroNode {
  const parsed = MaestroNode.safeParse(raw);
  return parsed.success ? parsed.data : (salvageNode(raw) ?? readNode(raw));
}

function readNode(raw: unknown): MaestroNode {
  const parsed = MaestroNode.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new PermanentError(
    'maestro_odd_node',
    `${nameOf(raw)} can't be read: ${firstIssue(parsed.error).text}`,
  );
}

function read<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TemporaryError(
    'maestro_odd_answer',
    `Maestro's answer is not ${what}: ${firstIssue(parsed.error).text}`,
  );
}

function sift<S extends z.ZodType>(schema: S, items: unknown[]): { good: z.output<S>[]; odd: OddItem[] } {
  const good: z.output<S>[] = [];
  const odd: OddItem[] = [];
  for (const raw of items) {
    const parsed = schema.safeParse(raw);
    if (parsed.success) good.push(parsed.data);
    else odd.push({ raw, message: `${nameOf(raw)} can't be read: ${firstIssue(parsed.error).text}` });
  }
  return { good, odd };
}

function nameOf(raw: unknown): string {
  const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined;
  return typeof id === 'string' ? `${id.slice(0, 40)} of Maestro` : 'something of Maestro';
}
