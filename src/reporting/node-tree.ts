// How a verdict is written to Maestro: the PATCH that closes the job node, or the tree of nodes for `PUT /nodes/{id}`,
// under the names that Maestro itself gives (kernelci-core kernelci/runtime/lava.py, August 2026).
import type { LavaCase, LavaJob } from '../lava/model.ts';
import type { LeafVerdict, RootVerdict, Status, Verdict } from '../verdict/model.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { ErrorCode, NodeResult } from '../verdict/node-result.ts';

/** What of the run goes to the node in addition to the verdict. */
export interface NodeOutcome {
  /** LAVA's job id; undefined if it never got one, then the node keeps what it has. */
  jobId: string | undefined;
  device: string | undefined;
  /** Files to name on the node: `lava_log` (gzip text) or `test_log`, and others. http or https URLs. */
  artifacts: Record<string, string>;
}

/**
 * The body of the closing `PATCH /node/{id}`. It replaces `data` and `artifacts` as a whole, so `node` must be as just
 * read.
 */
export interface ClosingPatch {
  state: 'done';
  result: NodeResult;
  artifacts: Record<string, string>;
  data: Record<string, unknown>;
}

/** What is changed in the node so that it is done, with its result and the links to its logs. */
export function closingPatch(
  verdict: Pick<Verdict, 'node'>,
  node: MaestroNode,
  outcome: NodeOutcome,
): ClosingPatch {
  const { result, errorCode, errorMsg } = verdict.node;
  return {
    state: 'done',
    result,
    artifacts: { ...node.artifacts, ...outcome.artifacts },
    data: {
      ...node.data,
      ...(outcome.device === undefined ? {} : { device: outcome.device }),
      ...(outcome.jobId === undefined ? {} : { job_id: outcome.jobId }),
      ...errorFields(errorCode, errorMsg, node),
    },
  };
}

/** An error of an earlier end (a node time-out) does not stay behind. */
function errorFields(
  code: ErrorCode | undefined,
  message: string | undefined,
  { data }: MaestroNode,
): Record<string, string | null> {
  const stale = data.error_code !== undefined || data.error_msg !== undefined;
  if (code === undefined && message === undefined && !stale) return {};
  return {
    error_code: code ?? null,
    error_msg: message === undefined ? null : cut(message.replaceAll('\0', '').toWellFormed()),
  };
}

const LONGEST_MESSAGE = 1024;

function cut(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : message.slice(0, LONGEST_MESSAGE).toWellFormed();
}

export interface HierarchyNode {
  node: Record<string, unknown>;
  child_nodes: HierarchyNode[];
}

/** The nodes below a job's: `setup` with the boot's cases, and each suite with its cases. */
export function buildHierarchy(
  verdict: Verdict,
  lava: LavaJob | undefined,
  node: MaestroNode,
): HierarchyNode[] {
  const child = childMaker(node);
  const setup = setupOf(lava?.cases ?? [], [...node.path], child);
  const suites = [verdict.boot, ...verdict.roots].flatMap((root) => suitesOf(root, verdict, node, child));
  return [...setup, ...suites];
}

type ChildMaker = (
  kind: 'job' | 'test',
  path: string[],
  result: NodeResult,
  children: HierarchyNode[],
  errorCode?: ErrorCode,
) => HierarchyNode;

// What Maestro copies from a job to its results (kernelci-core kernelci/api/helper.py).
const INHERITED = [
  'kernel_revision',
  'kernel_type',
  'arch',
  'defconfig',
  'config_full',
  'compiler',
  'platform',
  'runtime',
] as const;

function childMaker(node: MaestroNode): ChildMaker {
  const inherited = Object.fromEntries(
    INHERITED.flatMap((key) => (node.data[key] === undefined ? [] : [[key, node.data[key]]])),
  );
  return (kind, path, result, children, errorCode) => ({
    node: {
      name: path.at(-1) ?? '',
      kind,
      path,
      group: node.name,
      state: 'done',
      result,
      data: { ...inherited, ...(errorCode === undefined ? {} : { error_code: errorCode }) },
    },
    child_nodes: children,
  });
}

/** `setup`, only if LAVA came as far as a login or the kernel's messages. One login that passed is enough. */
function setupOf(cases: LavaCase[], path: string[], child: ChildMaker): HierarchyNode[] {
  const own = cases.filter((c) => c.suite === 'lava');
  const logins = own.filter((c) => c.name === 'login-action' || c.name === 'auto-login-action');
  const messages = own.filter((c) => c.name === 'kernel-messages');
  const tests: [string, NodeResult][] = [];
  if (logins.length > 0) tests.push(['login', logins.some((c) => c.result === 'pass') ? 'pass' : 'fail']);
  if (messages.length > 0) {
    tests.push(['kernelmsg', messages.some((c) => c.result === 'fail') ? 'fail' : 'pass']);
  }
  if (tests.length === 0) return [];
  const result = tests.some(([, r]) => r === 'fail') ? 'fail' : 'pass';
  const below = [...path, 'setup'];
  return [
    child(
      'job',
      below,
      result,
      tests.map(([name, r]) => child('test', [...below, name], r, [])),
    ),
  ];
}

/** A node for each LAVA suite of a root that left a case; a suite is called without LAVA's number. */
function suitesOf(
  root: RootVerdict,
  verdict: Verdict,
  node: MaestroNode,
  child: ChildMaker,
): HierarchyNode[] {
  const code = verdict.node.errorCode ?? 'Test';
  const groups = [...Map.groupBy(root.leaves, (leaf) => leaf.lava.suite.replace(/^\d+_/, ''))];
  return groups.map(([suite, leaves], i) => {
    const path = [...node.path, nodeName(suite)];
    const sets = [
      ...Map.groupBy(
        leaves.filter((leaf) => leaf.lava.set !== undefined),
        (l) => l.lava.set ?? '',
      ),
    ];
    const plain = leaves.filter((leaf) => leaf.lava.set === undefined);
    // What became of the root (a crash, a time-out) came about in the last of its suites: it is never `pass`.
    const last = i === groups.length - 1;
    const status = worst([...leaves.map((leaf) => leaf.status), ...(last ? [root.status] : [])]);
    return job(child, path, status, code, [
      ...plain.map((leaf) => test(child, path, leaf, code)),
      ...sets.map(([set, inSet]) => {
        const below = [...path, nodeName(set)];
        const tests = inSet.map((leaf) => test(child, below, leaf, code));
        return job(child, below, worst(inSet.map((leaf) => leaf.status)), code, tests);
      }),
    ]);
  });
}

function job(
  child: ChildMaker,
  path: string[],
  status: Status,
  code: ErrorCode,
  children: HierarchyNode[],
): HierarchyNode {
  const result = resultOf(status);
  return child('job', path, result, children, result === 'incomplete' ? code : undefined);
}

function test(child: ChildMaker, path: string[], leaf: LeafVerdict, code: ErrorCode): HierarchyNode {
  const result = resultOf(leaf.status);
  const own = [...path, nodeName(leaf.lava.name)];
  return child('test', own, result, [], result === 'incomplete' ? code : undefined);
}

const ORDER: readonly Status[] = ['FAIL', 'ERROR', 'MISS', 'PASS', 'DONE', 'SKIP'];

function worst(statuses: Status[]): Status {
  return ORDER.find((status) => statuses.includes(status)) ?? 'PASS';
}

/** Maestro knows four words; LAVA's `unknown` would make it refuse the whole tree. */
function resultOf(status: Status): NodeResult {
  if (status === 'FAIL') return 'fail';
  if (status === 'SKIP') return 'skip';
  return status === 'PASS' || status === 'DONE' ? 'pass' : 'incomplete';
}

function nodeName(name: string): string {
  const clean = name.replaceAll('\0', '').toWellFormed();
  return clean === '' ? '_' : clean;
}
