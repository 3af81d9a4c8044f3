// Finds work in Maestro. Events announce it soon; a slow listing of all open nodes is what makes sure: at the start, when
// Maestro was away, and now and then.
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { createRecentSet } from '../core/recent.ts';
import { HOUR, MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { MaestroClient, MaestroEvent } from '../maestro/client.ts';
import { createEventReader, type CursorStore } from '../maestro/event-reader.ts';
import { createNodeQueue, type Found, type NodeQueueOptions } from './node-queue.ts';
import { MaestroNode } from '../maestro/node.ts';
import type { AssemblerOptions } from './assemble.ts';
import { attempt, poll, type Bell, type FeedReason, type FeedState, type RoundResult } from './polling.ts';
import type { TakeIn } from './take-in.ts';
import type { Runtime, WorkSource } from './work.ts';

export type { Found } from './node-queue.ts';
export type { CursorStore } from '../maestro/event-reader.ts';

interface PollOptions {
  cursors: CursorStore;
  /** Called after the first round, and then when the state changes. */
  onState: (state: FeedState, why: FeedReason) => void;
  /**
   * Something is odd and was left out, or will be tried again; each message comes once, and what many nodes meet alike (a
   * system that is away) with the first of them. For the log.
   */
  onProblem: (message: string) => void;
  /** Milliseconds. */
  pollMs: number;
  /** Rings when there may be something before that. */
  bell?: Bell | undefined;
  clock?: Clock;
}

export interface FeedOptions extends PollOptions {
  client: Pick<MaestroClient, 'events' | 'findNodes' | 'getNode'>;
  runtimes: readonly Runtime[];
  claims: NodeQueueOptions['claims'];
  /** All open nodes were listed. */
  onListed?: () => void;
  /** Fetches a job definition, within the limits for what comes from outside. */
  fetch: AssemblerOptions['fetch'];
  takeIn: TakeIn;
  /** Stores what was found. May get a node again (after a restart); if it throws, it does. */
  receive: (found: Found) => Promise<void>;
  /** How often all open nodes are listed, milliseconds. */
  reconcileMs: number;
  /** How long after a failure a node is first tried again, milliseconds; 5 s if it is not there. */
  retryMs?: number;
}

export interface KbuildFeedOptions extends PollOptions {
  client: Pick<MaestroClient, 'events'>;
  /** Gets a build that has become `available`, as it is now. May get one again; if it throws, it does. */
  receive: (kbuild: MaestroNode) => Promise<void>;
}

export interface Feed {
  /** Runs until the signal fires, and ends within a second of it. Does not throw. */
  run: (signal: AbortSignal) => Promise<void>;
}

const OVERLAP = MINUTE;
const NODE_PAGE = 100;
const MAX_SAID = 1000;

// Few nodes of Maestro are `available` jobs, so they may come with their events. But every job of every lab is
// `running` for a while: of these, only ours are read.
const WORK: Record<WorkSource, { name: string; state: string; recursive: boolean }> = {
  pull_labs: { name: 'jobs-available', state: 'available', recursive: true },
  lava_pull: { name: 'jobs-running', state: 'running', recursive: false },
};

/** Finds PULL_LABS and LAVA-pull jobs for our runtimes. */
export function createFeed(options: FeedOptions): Feed {
  const {
    client,
    runtimes,
    cursors,
    reconcileMs,
    pollMs,
    bell,
    onState,
    onListed,
    clock = Date.now,
  } = options;
  const onProblem = once(options.onProblem);
  const nodes = createNodeQueue({ ...options, retryMs: options.retryMs ?? 5 * SECOND, onProblem, clock });
  const sources = (['pull_labs', 'lava_pull'] as const).filter((source) =>
    runtimes.some(({ accept }) => accept.includes(source)),
  );
  const readers = sources.map((source) => {
    const { name, state, recursive } = WORK[source];
    const filter = { channel: 'node', kind: 'job', state };
    return createEventReader({
      client,
      cursors,
      name,
      filter,
      recursive,
      overlapMs: OVERLAP,
      firstMs: HOUR,
      clock,
    });
  });
  let listAt = 0;

  async function handle(event: MaestroEvent): Promise<void> {
    if (event.node !== undefined && event.node !== null) considerRaw(event.node);
    else {
      const runtime = runtimes.find(({ name }) => name === runtimeOf(event));
      if (runtime !== undefined) nodes.considerId(event.data.id, runtime.name);
    }
  }

  function considerRaw(raw: unknown): void {
    const parsed = MaestroNode.safeParse(raw);
    if (parsed.success) nodes.consider(parsed.data);
    else nodes.considerOdd({ raw, message: `a node can't be read: ${firstIssue(parsed.error).text}` });
  }

  async function readEvents(signal: AbortSignal): Promise<void> {
    for (const reader of readers) {
      const { complete } = await reader.read(handle, ({ message }) => onProblem(message), signal);
      if (!complete) listAt = 0;
    }
  }

  async function list(signal: AbortSignal): Promise<void> {
    for (const source of sources) {
      for (const { name, accept } of runtimes) {
        if (accept.includes(source)) await listRuntime(name, WORK[source].state, signal);
      }
    }
  }

  async function listRuntime(runtime: string, state: string, signal: AbortSignal): Promise<void> {
    const filter = { kind: 'job', state, 'data.runtime': runtime };
    for (let offset = 0; ; offset += NODE_PAGE) {
      const page = await client.findNodes(filter, { limit: NODE_PAGE, offset, signal });
      page.nodes.forEach(nodes.consider);
      page.odd.forEach(nodes.considerOdd);
      if (page.count < NODE_PAGE) return;
    }
  }

  async function round(signal: AbortSignal): Promise<RoundResult> {
    const eventsLost = await attempt(() => readEvents(signal));
    if (eventsLost !== undefined || clock() >= listAt) {
      const failure = await attempt(() => list(signal));
      listAt = failure === undefined ? clock() + reconcileMs : 0;
      if (failure !== undefined) return { state: 'down', ...reasonOf(failure) };
      onListed?.();
    }
    return eventsLost === undefined
      ? { state: 'up', why: ALL_WELL }
      : { state: 'partly', ...reasonOf(eventsLost) };
  }

  return {
    run: async (signal) => {
      await Promise.all([poll({ round, everyMs: pollMs, bell, onState }, signal), nodes.drain(signal)]);
    },
  };
}

/** Finds builds that have become `available`: for labs that make their own jobs of them. */
export function createKbuildFeed(options: KbuildFeedOptions): Feed {
  const { client, cursors, receive, pollMs, bell, onState, clock = Date.now } = options;
  const onProblem = once(options.onProblem);
  const reader = createEventReader({
    client,
    cursors,
    name: 'kbuilds',
    filter: { channel: 'node', kind: 'kbuild', state: 'available' },
    recursive: true,
    overlapMs: OVERLAP,
    // At the very first start: builds from then on, not those of the past.
    firstMs: 0,
    clock,
  });

  async function handle({ data, node }: MaestroEvent): Promise<void> {
    // Later changes of an available build are no news.
    if (data.previous_state === 'available') return;
    const parsed = MaestroNode.safeParse(node);
    if (parsed.success) await receive(parsed.data);
    else onProblem(`the build ${data.id} can't be read: ${firstIssue(parsed.error).text}; it is left out`);
  }

  async function round(signal: AbortSignal): Promise<RoundResult> {
    const failure = await attempt(async () => {
      const { failures } = await reader.read(handle, ({ message }) => onProblem(message), signal);
      for (const each of failures) onProblem(`a build will be tried again: ${errorText(each)}`);
    });
    if (failure !== undefined) return { state: 'down', ...reasonOf(failure) };
    return { state: 'up', why: ALL_WELL };
  }

  return { run: (signal) => poll({ round, everyMs: pollMs, bell, onState }, signal) };
}

function runtimeOf({ data }: MaestroEvent): unknown {
  const inner = data['data'];
  return typeof inner === 'object' && inner !== null && 'runtime' in inner ? inner.runtime : undefined;
}

const ALL_WELL: FeedReason = { code: undefined, text: 'Maestro answers' };

function reasonOf(error: unknown): { why: FeedReason; retryAfterMs: number | undefined } {
  return {
    why: { code: error instanceof BridgeError ? error.code : 'internal', text: errorText(error) },
    retryAfterMs: error instanceof TemporaryError ? error.retryAfterMs : undefined,
  };
}

/** Passes on the first message of each reason, as long as that is remembered. Without a reason each is its own. */
function once(say: (message: string) => void): NodeQueueOptions['onProblem'] {
  const known = createRecentSet<string>(MAX_SAID);
  return (message, reason = message) => {
    if (known.has(reason)) return;
    known.add(reason);
    say(message);
  };
}
