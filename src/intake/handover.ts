// Hands over the nodes that were found, each once and each for itself: its definition is fetched, and what it is - a
// request, or a refusal with the reason - goes to the receiver. What may pass is tried again, with the node read anew.
import { errorText, PermanentError } from '../core/errors.ts';
import { createWorkPool } from '../engine/work-pool.ts';
import { createRecentSet } from '../core/recent.ts';
import type { Clock } from '../core/time.ts';
import { createAssembler, type AssemblerOptions } from './assemble.ts';
import type { OddItem } from '../maestro/client.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { JobRequest } from '../maestro/request.ts';
import { salvageNode, workSource, type Runtime, type WorkSource } from './work.ts';

/** A node for us: the request that it is, or why it can't be one. */
export type Found =
  | { source: WorkSource; request: JobRequest }
  | { source: WorkSource; node: MaestroNode; refusal: PermanentError };

export interface HandoverOptions extends AssemblerOptions {
  runtimes: readonly Runtime[];
  /** Stores what was found. May get a node again (after a restart); if it throws, it does. */
  receive: (found: Found) => Promise<void>;
  /** Something is odd and was left out, or will be tried again; told once. */
  onProblem: (message: string) => void;
  /** How long after a failure a node is first tried again, milliseconds. */
  retryMs: number;
  clock: Clock;
}

export interface Handover {
  consider: (node: MaestroNode) => void;
  /** A node of which only the id is known. */
  considerId: (id: string) => void;
  /** Something that is no readable node. */
  considerOdd: (odd: OddItem) => void;
  /** Works until the signal fires; gives when what was begun has ended. */
  drain: (signal: AbortSignal) => Promise<void>;
}

interface Candidate {
  id: string;
  /** As it was found; a second try reads it anew, for it may have ended. */
  node: MaestroNode | undefined;
  refusal: PermanentError | undefined;
}

const PARALLEL = 4;
const MAX_WAITING = 10_000;
const MAX_KNOWN = 20_000;

export function createHandover(options: HandoverOptions): Handover {
  const { client, runtimes, receive, onProblem, retryMs, clock } = options;
  const assemble = createAssembler(options);
  const handedOver = createRecentSet<string>(MAX_KNOWN);

  const intake = createWorkPool<Candidate>({
    parallel: PARALLEL,
    maxWaiting: MAX_WAITING,
    retryMs,
    clock,
    work: handOver,
    onFailure: ({ id }, error) => onProblem(`node ${id} will be tried again: ${errorText(error)}`),
  });

  async function handOver(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const node = candidate.node ?? (await readNode(candidate.id, signal));
    candidate.node = undefined;
    const source = node === undefined ? undefined : workSource(node, runtimes);
    if (node === undefined || source === undefined) return;
    await receive(await judge(node, source, candidate.refusal, signal));
    handedOver.add(node.id);
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
    if (!handedOver.has(candidate.id)) intake.offer(candidate.id, candidate);
  }

  return {
    consider: (node) => {
      if (workSource(node, runtimes) !== undefined) offer({ id: node.id, node, refusal: undefined });
    },
    considerId: (id) => offer({ id, node: undefined, refusal: undefined }),
    considerOdd: ({ raw, message }) => {
      const node = salvageNode(raw);
      if (node === undefined) onProblem(`${message}; it is left out`);
      else if (workSource(node, runtimes) !== undefined) {
        offer({ id: node.id, node, refusal: new PermanentError('bad_node', message) });
      }
    },
    drain: intake.drain,
  };
}
