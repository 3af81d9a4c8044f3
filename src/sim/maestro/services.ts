// Two of Maestro's services that act on ended nodes (kernelci-pipeline src/send_kcidb.py and src/job_retry.py, August
// 2026): the bridge to KCIDB, and the one that tries jobs again. Both hear events; the first also scans.
import type { Database, SimEvent } from './database.ts';
import type { SimNode } from './model.ts';

export interface MaestroServices {
  /** The nodes that the bridge to KCIDB has sent, in their order; one that was sent twice stands there twice. */
  sent: readonly string[];
  /** The nodes that job_retry has acted on; one for which it did so twice stands there twice. */
  retried: readonly string[];
  /** Both hear all events since the last time; then the bridge scans, as of `now` (milliseconds since the epoch). */
  run: (now: number) => void;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** The scan takes nodes that were left alone for so long. */
const SETTLED = 5 * MINUTE;
const CREATED_WITHIN = 4 * DAY;
const RETRIES = 3;
const TESTS = new Set(['job', 'test', 'process']);
const PIPELINE = 'service:pipeline';

export function createServices(database: Database): MaestroServices {
  const sent: string[] = [];
  const retried: string[] = [];
  let heard = 0;

  function flag(node: SimNode): void {
    database.change(node.id, { processed_by_kcidb_bridge: true }, true);
  }

  /** Sends one node; what it leaves out is flagged all the same. */
  function send(node: SimNode): void {
    if (node.submitter !== PIPELINE) return;
    if (!isLeftToRetry(node)) sent.push(node.id);
    flag(node);
  }

  function hear(event: SimEvent): void {
    const { op, id, kind, state, is_hierarchy: isHierarchy } = event.data;
    const node = database.get(String(id));
    if (event.channel !== 'node' || node === undefined || op !== 'updated') return;
    // On this way it does not look at the flag.
    if (state === 'done' && TESTS.has(String(kind))) {
      if (node.kind === 'job' && isLeftToRetry(node)) retried.push(node.id);
      send(node);
      if (isHierarchy === true && !isLeftToRetry(node))
        for (const leaf of leavesOf(database, node)) send(leaf);
    }
  }

  function scan(now: number): void {
    for (const node of database.nodes.values()) {
      const { state, processed_by_kcidb_bridge: isProcessed, created, updated } = node;
      if (state !== 'done' || isProcessed || !TESTS.has(node.kind)) continue;
      if (now - created > CREATED_WITHIN || now - updated <= SETTLED) continue;
      send(node);
    }
  }

  return {
    sent,
    retried,
    run(now) {
      for (const event of database.events.slice(heard)) hear(event);
      heard = database.events.length;
      scan(now);
    },
  };
}

/** What the bridge leaves out, because another try follows. */
function isLeftToRetry({ kind, name, result, retry_counter: tries }: SimNode): boolean {
  if (tries >= RETRIES) return false;
  return (result === 'incomplete' && kind === 'job') || (result === 'fail' && name.startsWith('baseline'));
}

function leavesOf(database: Database, node: SimNode): SimNode[] {
  return database
    .children(node.id)
    .flatMap((child) => (database.children(child.id).length === 0 ? [child] : leavesOf(database, child)));
}
