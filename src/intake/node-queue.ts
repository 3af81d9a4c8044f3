// The nodes that were found, each worked on once and for itself: its definition is fetched, and what it is (a request, or
// a refusal with the reason) goes to the receiver. A failure that may pass is tried again, and the node read again then.
// A lab has places of its own, and a file server has few of them, so that neither keeps the others waiting.
import { errorText, PermanentError, type RequestError } from '../core/errors.ts';
import { createWorkPool, type Share } from '../engine/work-pool.ts';
import { createRecentSet } from '../core/recent.ts';
import type { Clock } from '../core/time.ts';
import type { EarlierRuns } from '../lifecycle/earlier-runs.ts';
import { hostOf } from './host-fetch.ts';
import { createAssembler, type AssemblerOptions } from './assemble.ts';
import type { OddItem } from '../maestro/client.ts';
import { salvageNode, type MaestroNode } from '../maestro/node.ts';
import { stubOf } from './gate.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { TakeIn } from './take-in.ts';
import { workSource, type Runtime, type WorkSource } from './work.ts';

/** A node for us: the request that it is, or why it can't be one. */
export type Found =
  | { source: WorkSource; request: JobRequest }
  | { source: WorkSource; node: MaestroNode; refusal: PermanentError };

export interface NodeQueueOptions extends AssemblerOptions {
  runtimes: readonly Runtime[];
  /** Which nodes that somebody has taken are our own: the store may have lost them. */
  claims: Pick<EarlierRuns, 'mayBeOurs' | 'isOurs'>;
  takeIn: TakeIn;
  /** Stores what was found. May get a node again (after a restart); if it throws, it does. */
  receive: (found: Found) => Promise<void>;
  /** Something is odd and was left out, or will be tried again. `reason`: what other nodes may meet in the same words. */
  onProblem: (message: string, reason?: string) => void;
  /** How long after a failure a node is first tried again, milliseconds. */
  retryMs: number;
  clock: Clock;
}

export interface NodeQueue {
  consider: (node: MaestroNode) => void;
  /** A node of which only the id and the runtime are known. */
  considerId: (id: string, runtime: string) => void;
  /** Something that is no readable node. */
  considerOdd: (odd: OddItem) => void;
  /** Works until the signal fires; gives when what was begun has ended. */
  drain: (signal: AbortSignal) => Promise<void>;
}

interface Candidate {
  id: string;
  /** As it was found; a second try reads it again, since it may have ended. */
  node: MaestroNode | undefined;
  refusal: PermanentError | undefined;
  runtime: string;
  /** Where its definition is; empty: not known yet. */
  host: string;
}

/** Nodes of one lab, and of one lab those whose definition is on one host, that are worked on at once. */
const OF_LAB = 4;
const OF_HOST = 2;
const MAX_WAITING = 10_000;
const MAX_KNOWN = 20_000;

export function createNodeQueue(options: NodeQueueOptions): NodeQueue {
  const { client, runtimes, claims, takeIn, receive, onProblem, retryMs, clock } = options;
  const assemble = createAssembler(options);
  const done = createRecentSet<string>(MAX_KNOWN);

  const pool = createWorkPool<Candidate>({
    sharesOf,
    maxWaiting: MAX_WAITING,
    retryMs,
    clock,
    work: async (candidate, signal) => {
      const { id, runtime: lab } = candidate;
      const isNew = await takeIn({ lab, id }, (refusal) => workOn(candidate, refusal, signal));
      if (!isNew) done.add(id);
    },
    onFailure: ({ id }, error) => {
      const reason = errorText(error);
      onProblem(`node ${id} will be tried again: ${reason}`, reason);
    },
  });

  async function workOn(
    candidate: Candidate,
    killed: RequestError | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const node = candidate.node ?? (await readNode(candidate.id, signal));
    candidate.node = undefined;
    candidate.host = definitionHost(node);
    const source = node === undefined ? undefined : workSource(node, runtimes, claims.mayBeOurs);
    if (node === undefined || source === undefined) return;
    if (!(await claims.isOurs(node))) {
      done.add(node.id);
      return;
    }
    await receive(
      killed === undefined
        ? await judge(node, source, candidate.refusal, signal)
        : { source, node: stubOf({ node }).node, refusal: killed },
    );
    done.add(node.id);
  }

  async function judge(
    node: MaestroNode,
    source: WorkSource,
    refusal: PermanentError | undefined,
    signal: AbortSignal,
  ): Promise<Found> {
    if (refusal !== undefined) return { source, node, refusal };
    try {
      return { source, request: await assemble(node, source, signal) };
    } catch (error) {
      if (error instanceof PermanentError) return { source, node, refusal: error };
      throw error;
    }
  }

  async function readNode(id: string, signal: AbortSignal): Promise<MaestroNode | undefined> {
    try {
      return await client.getNode(id, signal);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // The listing will show it, and then with all that can be read of it.
      onProblem(errorText(error));
      return undefined;
    }
  }

  function offer(candidate: Candidate): void {
    if (!done.has(candidate.id)) pool.offer(candidate.id, candidate);
  }

  return {
    consider: (node) => {
      if (workSource(node, runtimes, claims.mayBeOurs) !== undefined) offer(candidateOf(node, undefined));
    },
    considerId: (id, runtime) => offer({ id, node: undefined, refusal: undefined, runtime, host: '' }),
    considerOdd: ({ raw, message }) => {
      const node = salvageNode(raw);
      if (node === undefined) onProblem(`${message}; it is left out`);
      else if (workSource(node, runtimes, claims.mayBeOurs) !== undefined) {
        offer(candidateOf(node, new PermanentError('bad_node', message)));
      }
    },
    drain: pool.drain,
  };
}

function candidateOf(node: MaestroNode, refusal: PermanentError | undefined): Candidate {
  return { id: node.id, node, refusal, runtime: node.data.runtime ?? '', host: definitionHost(node) };
}

function definitionHost(node: MaestroNode | undefined): string {
  return hostOf(node?.artifacts['job_definition'] ?? '');
}

function sharesOf({ runtime, host }: Candidate): Share[] {
  return [
    { name: `lab ${runtime}`, places: OF_LAB },
    { name: `host ${host} of ${runtime}`, places: OF_HOST },
  ];
}
