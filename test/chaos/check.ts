// Holds what LAVA, Maestro and KCIDB have at the end against what was asked for. Nothing that the daemon says of itself is
// believed here.
import { z } from 'zod';
import type { KcidbObject } from '../../src/sim/kcidb/database.ts';
import type { Status } from '../../src/verdict/model.ts';
import { wantedTests, type Kind } from './kinds.ts';
import type { LavaJob } from './lab.ts';

/** One request that was published. */
export interface Wanted {
  nodeId: string;
  kind: Kind;
}

/** A node as Maestro has it. */
export interface EndNode {
  name: string;
  path: string[];
  state: string;
  result: string | null;
  data: Record<string, unknown> | null;
}

/** All that is there at the end. */
export interface End {
  lavaJobs: readonly LavaJob[];
  node: (id: string) => EndNode | undefined;
  /** All nodes below one. */
  below: (id: string) => EndNode[];
  /** KCIDB's tests, each id once. */
  tests: readonly KcidbObject[];
  /** All tests that were ever sent to KCIDB, resent ones again. */
  sentTests: readonly KcidbObject[];
  /** Whether results stand below the nodes in Maestro. */
  hierarchy: boolean;
}

export interface Finding {
  what: 'lost' | 'doubled' | 'wrong';
  nodeId: string;
  text: string;
}

/** Every finding; none is what must come of a run. */
export function checkEnd(requests: readonly Wanted[], end: End): Finding[] {
  const jobs = Map.groupBy(end.lavaJobs, (job) => markOf(job)?.nodeId ?? '');
  const tests = Map.groupBy(end.tests.map(readTest), ({ nodeId }) => nodeId);
  const known = new Set(requests.map(({ nodeId }) => nodeId));
  const strange = [...jobs, ...tests]
    .filter(([nodeId]) => !known.has(nodeId))
    .map(([nodeId]): Finding => ({ what: 'wrong', nodeId, text: 'no request asked for it' }));
  return [
    ...strange,
    ...toldTwice(end.sentTests),
    ...requests.flatMap(({ nodeId, kind }) => {
      const own = jobs.get(nodeId) ?? [];
      const found = [
        ...checkJobs(kind, own),
        ...checkNode(kind, own, end.node(nodeId)),
        ...checkTests(kind, tests.get(nodeId) ?? []),
        ...(end.hierarchy ? checkChildren(kind, end.node(nodeId), end.below(nodeId)) : []),
      ];
      return found.map(([what, text]): Finding => ({ what, nodeId, text: `${text} (${kind.name})` }));
    }),
  ];
}

type Told = [what: Finding['what'], text: string];

/** What the daemon puts at the end of each LAVA job's name: store, node and number of the attempt. */
export function markOf(job: LavaJob): { nodeId: string; attempt: number } | undefined {
  const [, nodeId, attempt] = /\.([0-9a-f]{24})\.(\d+)$/.exec(job.name) ?? [];
  return nodeId === undefined ? undefined : { nodeId, attempt: Number(attempt) };
}

function checkJobs(kind: Kind, jobs: LavaJob[]): Told[] {
  const attempts = Map.groupBy(jobs, (job) => markOf(job)?.attempt ?? 0);
  const ids = jobs.map(({ id }) => id).join(', ');
  const told: Told[] = [...attempts].flatMap(([n, same]): Told[] =>
    same.length > 1
      ? [['doubled', `attempt ${n} is in LAVA as ${same.map(({ id }) => id).join(' and ')}`]]
      : [],
  );
  if (attempts.size < kind.attempts)
    told.push(['lost', `${attempts.size} of ${kind.attempts} attempts in LAVA (${ids})`]);
  if (attempts.size > kind.attempts)
    told.push(['doubled', `${attempts.size} attempts in LAVA (${ids}), not ${kind.attempts}`]);
  const open = jobs.filter(({ state }) => state !== FINISHED);
  return [...told, ...open.map(({ id }): Told => ['wrong', `LAVA job ${id} has not ended`])];
}

const FINISHED = 5;

function checkNode(kind: Kind, jobs: LavaJob[], node: EndNode | undefined): Told[] {
  if (node?.state !== 'done') return [['lost', `its node is ${node?.state ?? 'gone'}`]];
  const told: Told[] = [];
  if (node.result !== kind.result) {
    const why = JSON.stringify(node.data?.['error_msg'] ?? null);
    told.push(['wrong', `its node has ${node.result} (${why}), not ${kind.result}`]);
  }
  const last = Math.max(0, ...jobs.map(({ id }) => id));
  if (last > 0 && node.data?.['job_id'] !== String(last)) {
    told.push(['wrong', `its node names LAVA job ${String(node.data?.['job_id'])}, not ${last}`]);
  }
  return told;
}

const Test = z.object({
  id: z.string(),
  path: z.string(),
  status: z.string(),
  misc: z.object({ maestro_viewer: z.string() }),
});

function readTest(test: KcidbObject): { nodeId: string; id: string; path: string; status: string } {
  const { id, path, status, misc } = Test.parse(test);
  return { nodeId: /node_id=(\w+)$/.exec(misc.maestro_viewer)?.[1] ?? '', id, path, status };
}

function checkTests(kind: Kind, tests: ReturnType<typeof readTest>[]): Told[] {
  if (tests.length === 0) return [['lost', 'KCIDB has no report']];
  return compare(
    'in KCIDB',
    wantedTests(kind),
    tests.map(({ path, status }) => [path, status]),
  );
}

/** KCIDB keeps the first value: a resent one that differs would never be seen. */
function toldTwice(sent: readonly KcidbObject[]): Finding[] {
  const tests = Map.groupBy(sent.map(readTest), ({ id }) => id);
  return [...tests].flatMap(([id, same]): Finding[] => {
    const statuses = new Set(same.map(({ status }) => status));
    const [first] = same;
    if (statuses.size === 1 || first === undefined) return [];
    return [
      { what: 'wrong', nodeId: first.nodeId, text: `${id} was sent as ${[...statuses].join(' and ')}` },
    ];
  });
}

const RESULTS: Partial<Record<Status, string>> = { PASS: 'pass', FAIL: 'fail', SKIP: 'skip', DONE: 'pass' };

/** Suites that left a case, and the cases, are nodes below the job's. */
function checkChildren(kind: Kind, node: EndNode | undefined, below: EndNode[]): Told[] {
  const wanted = new Map<string, string>();
  for (const [path, status] of wantedTests(kind)) {
    const [suite = '', leaf] = path.split('.');
    const root = wantedTests(kind).get(suite);
    if (leaf === undefined || root === undefined) continue;
    wanted.set(suite, RESULTS[root] ?? 'incomplete');
    wanted.set(path, RESULTS[status] ?? 'incomplete');
  }
  const depth = node?.path.length ?? 0;
  return compare(
    'below its node',
    wanted,
    below.map(({ path, result }) => [path.slice(depth).join('.'), String(result)]),
  );
}

/** Each that is wanted must be there once, with what is wanted of it, and no other. */
function compare(
  where: string,
  wanted: ReadonlyMap<string, string>,
  found: [path: string, value: string][],
): Told[] {
  const byPath = Map.groupBy(found, ([path]) => path);
  const told: Told[] = [];
  for (const [path, value] of wanted) {
    const same = byPath.get(path) ?? [];
    if (same.length === 0) told.push(['lost', `${where} is no ${path}`]);
    if (same.length > 1) told.push(['doubled', `${where} is ${path} ${same.length} times`]);
    for (const [, is] of same)
      if (is !== value) told.push(['wrong', `${path} ${where} is ${is}, not ${value}`]);
  }
  for (const path of byPath.keys()) {
    if (!wanted.has(path)) told.push(['wrong', `${where} is ${path}, which was not asked for`]);
  }
  return told;
}
