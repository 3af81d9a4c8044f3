// A judged run as the store keeps it: the verdict in short, and the rows of the run, its tests and its issues.
import type { AttemptRecord, JudgedRun, StoredVerdict, TestRecord } from '../store/index.ts';
import { layerOf, layerOfCulprit } from '../verdict/layers.ts';
import type { RootVerdict, Status, Verdict } from '../verdict/model.ts';
import type { Judgement } from './judging.ts';

/** Of what the log shows of a test, so much is stored with it (characters). */
const LONGEST_EXCERPT = 8000;

/** `counts`: it is the run that is reported. `attempt`: undefined if the job ended without one. */
export function judgedRun(
  { verdict, evidence }: Judgement,
  attempt: AttemptRecord | undefined,
  counts: boolean,
): JudgedRun {
  const { lava } = evidence;
  const submittedAt = lava?.submittedAt ?? attempt?.submittedAt ?? null;
  const startedAt = lava?.startedAt ?? attempt?.runningAt ?? null;
  const finishedAt = lava?.finishedAt ?? attempt?.finishedAt ?? null;
  return {
    n: attempt?.n ?? 0,
    counts,
    device: attempt?.device ?? '',
    lavaId: attempt?.lavaId ?? null,
    result: verdict.node.result,
    rule: verdict.rule,
    layer: layerOf(verdict),
    queueMs: span(submittedAt, startedAt ?? finishedAt),
    runMs: span(startedAt, finishedAt),
    bootMs: verdict.boot.status === 'PASS' ? (verdict.boot.duration ?? null) : null,
    startedAt,
    finishedAt,
    verdict: toStored(verdict),
    tests: counts ? rowsOf([verdict.boot, ...verdict.roots]) : [],
    issues: verdict.issues.map(({ signature, testPath, culprit, comment, finding }) => ({
      signature,
      test: testPath,
      layer: layerOfCulprit(culprit),
      comment,
      line: finding?.firstLine ?? null,
    })),
  };
}

/** Clocks of two machines may disagree: never less than nothing. */
function span(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : Math.max(0, to - from);
}

function toStored(verdict: Verdict): StoredVerdict {
  return {
    rule: verdict.rule,
    why: verdict.why,
    reached: verdict.reached,
    result: verdict.node.result,
    layer: layerOf(verdict),
    tests: [verdict.boot, ...verdict.roots].map(({ path, status, leaves }) => ({
      path,
      status,
      leaves: leaves.length,
      counts: countsOf(leaves),
    })),
    issues: verdict.issues.map((i) => ({ test: i.testPath, signature: i.signature, comment: i.comment })),
  };
}

function countsOf(leaves: readonly { status: Status }[]): Partial<Record<Status, number>> {
  const counts: Partial<Record<Status, number>> = {};
  for (const { status } of leaves) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Each root, followed by its leaves. */
function rowsOf(roots: readonly RootVerdict[]): TestRecord[] {
  const rows = roots.flatMap((root): Omit<TestRecord, 'pos'>[] => [
    {
      root: root.path,
      path: root.path,
      status: root.status,
      ms: root.duration ?? null,
      value: null,
      unit: null,
      startLine: root.startLine ?? null,
      endLine: root.endLine ?? null,
      reason: root.reason ?? null,
      excerpt: root.excerpt?.slice(0, LONGEST_EXCERPT) ?? null,
    },
    ...root.leaves.map((leaf) => ({
      root: root.path,
      path: leaf.path,
      status: leaf.status,
      ms: leaf.duration ?? null,
      value: leaf.number?.value ?? null,
      unit: leaf.number?.unit ?? null,
      startLine: leaf.startLine ?? null,
      endLine: leaf.endLine ?? null,
      reason: null,
      excerpt: null,
    })),
  ]);
  return rows.map((row, pos) => ({ pos, ...row }));
}
