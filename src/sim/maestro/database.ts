// The database of the simulated Maestro: nodes, the history of events, and the writes with their real effects.
import type { NodeState } from '../../maestro/node.ts';
import {
  ApiError,
  checkTransition,
  modelledData,
  naiveTime,
  printNode,
  type NodeBody,
  type SimNode,
  type TreeBody,
} from './model.ts';

/** An entry of the event history. */
export interface SimEvent {
  id: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  sequence_id: number;
  channel: string;
  owner: string | null;
  data: Record<string, unknown>;
}

/** A change of a node's state. */
interface Transition {
  id: string;
  from: NodeState;
  to: NodeState;
}

export interface Database {
  nodes: ReadonlyMap<string, SimNode>;
  /** All that there were, with or without an event, in their order. */
  transitions: readonly Transition[];
  /** In the order in which they happened; the API gives them in another. */
  events: readonly SimEvent[];
  /** Calls the listener with each event, when it has happened. */
  onEvent: (listener: (event: SimEvent) => void) => void;
  get: (id: string) => SimNode | undefined;
  children: (id: string) => SimNode[];
  create: (body: NodeBody, owner: string) => SimNode;
  replace: (id: string, body: NodeBody, noevent: boolean) => SimNode;
  change: (id: string, changes: Partial<SimNode>, noevent: boolean) => SimNode;
  hierarchy: (id: string, tree: TreeBody, user: string) => SimNode[];
  /** An event that is no node's, as anybody may publish. */
  publish: (channel: string, owner: string, data: Record<string, unknown>) => SimEvent;
}

export function createDatabase(clock: () => number): Database {
  const nodes = new Map<string, SimNode>();
  const below = new Map<string, Set<string>>();
  const events: SimEvent[] = [];
  const transitions: Transition[] = [];
  const listeners: ((event: SimEvent) => void)[] = [];
  let counter = 0;

  function newId(): string {
    counter++;
    const seconds = Math.floor(clock() / 1000)
      .toString(16)
      .padStart(8, '0')
      .slice(-8);
    return seconds + counter.toString(16).padStart(16, '0');
  }

  function need(id: string): SimNode {
    const node = nodes.get(id);
    if (node === undefined) throw new ApiError(404, `Node not found with id: ${id}`);
    return node;
  }

  function publish(channel: string, owner: string | null, data: Record<string, unknown>): SimEvent {
    const event = {
      id: newId(),
      timestamp: clock(),
      sequence_id: events.length + 1,
      channel,
      owner,
      data,
    };
    events.push(event);
    for (const listener of listeners) listener(event);
    return event;
  }

  function publishChange(
    op: 'created' | 'updated',
    node: SimNode,
    before?: SimNode,
    isHierarchy = false,
  ): void {
    const { id, kind, name, path, group, state, result, owner, data } = node;
    publish('node', owner, {
      op,
      id,
      kind,
      name,
      path,
      group,
      state,
      result,
      owner,
      data,
      is_hierarchy: isHierarchy,
      ...(before === undefined ? {} : { previous_state: before.state, previous_result: before.result }),
    });
  }

  function store(node: SimNode): SimNode {
    const before = nodes.get(node.id);
    if (before !== undefined && before.state !== node.state) {
      transitions.push({ id: node.id, from: before.state, to: node.state });
    }
    const parentBefore = before?.parent ?? null;
    if (parentBefore !== null && parentBefore !== node.parent) below.get(parentBefore)?.delete(node.id);
    if (node.parent !== null) {
      const siblings = below.get(node.parent) ?? new Set();
      below.set(node.parent, siblings.add(node.id));
    }
    nodes.set(node.id, node);
    return node;
  }

  function insertBelow(parent: SimNode, trees: TreeBody[], user: string): SimNode[] {
    return trees.flatMap(({ node: body, child_nodes }) => {
      const node = store({
        ...body,
        id: newId(),
        data: modelledData(body.kind, body.data),
        parent: parent.id,
        owner: body.owner ?? user,
        submitter: parent.submitter,
        treeid: parent.treeid,
        updated: clock(),
      });
      return [node, ...insertBelow(node, child_nodes, user)];
    });
  }

  return {
    onEvent: (listener) => void listeners.push(listener),
    nodes,
    transitions,
    events,
    get: (id) => nodes.get(id),
    children: (id) =>
      [...(below.get(id) ?? [])].map((child) => nodes.get(child)).filter((child) => child !== undefined),
    publish,

    create: (body, owner) => {
      if (body.id !== undefined && body.id !== null)
        throw new ApiError(400, 'Node cannot be created with an id');
      modelledData(body.kind, body.data);
      if (body.parent !== null && !nodes.has(body.parent)) {
        throw new ApiError(404, `Parent not found with id: ${body.parent}`);
      }
      const node = store({ ...body, id: newId(), owner, updated: clock() });
      publishChange('created', node);
      return node;
    },

    replace: (id, body, noevent) => {
      const before = need(id);
      checkTransition(before.state, body.state);
      modelledData(body.kind, body.data);
      const { owner, submitter, user_groups } = before;
      const node = store({
        ...body,
        id,
        owner,
        submitter,
        user_groups,
        processed_by_kcidb_bridge: body.processed_by_kcidb_bridge && !before.processed_by_kcidb_bridge,
        updated: clock(),
      });
      if (!noevent) publishChange('updated', node, before);
      return node;
    },

    change: (id, changes, noevent) => {
      const before = need(id);
      if (changes.state !== undefined) checkTransition(before.state, changes.state);
      if (changes.data !== undefined) modelledData(before.kind, changes.data);
      // A change of the state clears the flag, also when the request carries it (measured on 95acafc).
      const isMove = changes.state !== undefined && changes.state !== before.state;
      const node = store({
        ...before,
        ...changes,
        processed_by_kcidb_bridge: !isMove && changes.processed_by_kcidb_bridge === true,
        updated: clock(),
      });
      if (!noevent) publishChange('updated', node, before);
      return node;
    },

    // No transition check, and no transaction: what stands before a node that is refused stays written.
    hierarchy: (id, { node: body, child_nodes }, user) => {
      const before = need(id);
      const { submitter, treeid } = before;
      const root = store({
        ...body,
        id,
        submitter,
        treeid,
        owner: body.owner ?? user,
        data: modelledData(body.kind, body.data),
        updated: clock(),
      });
      const written = [root, ...insertBelow(root, child_nodes, user)];
      publishChange('updated', root, before, true);
      return written;
    },
  };
}

/** An event as the API prints it; with the node as it is now, if that is wanted. */
export function printEvent(event: SimEvent, nodes?: ReadonlyMap<string, SimNode>): Record<string, unknown> {
  const printed = { ...event, timestamp: naiveTime(event.timestamp) };
  if (nodes === undefined) return printed;
  const id = event.data['id'];
  // The API takes the key for granted: an event without it breaks the whole answer.
  if (typeof id !== 'string') throw new ApiError(500, 'Internal server error, check container logs');
  const node = nodes.get(id);
  return { ...printed, node: node === undefined ? null : printNode(node) };
}

/** The three loops of Maestro's own timeout service, once; `owner` is the user that it runs as. */
export function runTimeoutService(database: Database, owner: string, now: number): void {
  const open = [...database.nodes.values()].filter((node) => node.state !== 'done');
  for (const node of open) {
    if (node.timeout < now && node.owner === owner) {
      const timedOut = { error_code: 'node_timeout', error_msg: 'Node timed-out' };
      database.change(
        node.id,
        node.result === null
          ? { state: 'done', result: 'incomplete', data: { ...node.data, ...timedOut } }
          : { state: 'done' },
        false,
      );
    } else if (node.state === 'available' && node.holdoff !== null && node.holdoff < now) {
      move(database, node, hasPending(database, node) ? 'closing' : 'done');
    } else if (node.state === 'closing' && !hasPending(database, node)) {
      move(database, node, 'done');
    }
  }
}

function move(database: Database, node: SimNode, state: NodeState): void {
  database.change(node.id, { state }, false);
}

function hasPending(database: Database, node: SimNode): boolean {
  return database.children(node.id).some((child) => child.state !== 'done' || hasPending(database, child));
}
