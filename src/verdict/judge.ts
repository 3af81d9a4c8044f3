// Judges what became of a LAVA job: which rule of the table fits, and what that makes of each of its tests.
import { PermanentError } from '../core/errors.ts';
import type { Crash } from './kernel-end.ts';
import type { Segment } from './segment.ts';
import { readOutline } from '../definition/definition-summary.ts';
import { findIssues } from './incidents.ts';
import { judgeLeaves } from './leaves.ts';
import { STATUSES } from './model.ts';
import type { ExpectedTests, Evidence, LeafVerdict, RootVerdict, Status, Verdict } from './model.ts';
import { judgeNode } from './judge-node.ts';
import { explain, giveReasons } from './reasons.ts';
import { findRules, missingRoots, type RootStatus, type Rule } from './rules.ts';
import { assess, type Situation } from './situation.ts';
import { arrangeSuites, type RootPlan, type SuiteRun } from './suites.ts';

export interface JudgeOptions {
  /** The status of an infrastructure failure: ERROR as KernelCI's maintainers want it, or MISS as the guide says. */
  infrastructureStatus: 'ERROR' | 'MISS';
  /** The board's type, if the job's definition is not at hand to say it. */
  deviceType?: string | undefined;
}

/**
 * The job ran on a device to its end, but its results are not here. They must be fetched before anything can be
 * told; `judge` throws on such evidence.
 */
export function lacksResults({ lava, complete }: Evidence): boolean {
  return (
    lava?.state === 'Finished' && lava.device !== undefined && lava.cases.length === 0 && complete !== true
  );
}

/**
 * The verdict on a job that ended. `expected` is what was asked for; without it the job's own definition is. Throws
 * PermanentError `no_results`, `not_finished` (LAVA does not say Finished, nor our record that it is over) and
 * `no_evidence`.
 */
export function judge(
  evidence: Evidence,
  expected: ExpectedTests | undefined,
  options: JudgeOptions,
): Verdict {
  requireEnd(evidence);
  const outline = readOutline(evidence.lava?.definition);
  const suites = arrangeSuites(evidence.lava, evidence.console, expected, outline);
  const s = assess(evidence, suites, outline);
  const { rule, rootRule } = findRules(s);
  const judgement: Judgement = { s, rule, rootRule, infra: options.infrastructureStatus, taken: new Set() };
  judgement.taken.add(suites.boot.path);
  for (const root of suites.roots) judgement.taken.add(root.path);

  const boot = judgeBoot(judgement);
  const roots = suites.roots.map((root) => judgeRoot(judgement, root));
  giveReasons(s, rule, rootRule, boot, roots);
  const issues = findIssues(s, rule, rootRule, [boot, ...roots], options.deviceType ?? outline.deviceType);
  return {
    rule: rule.name,
    labFailed: rule.labFailed === true,
    canceled: rule.canceled === true,
    why: explain(s, rule, rootRule),
    reached: s.reached,
    boot,
    roots,
    issues,
    node: judgeNode(s, rule, boot, roots),
  };
}

function requireEnd(evidence: Evidence): void {
  const { lava, ending } = evidence;
  if (lava === undefined && ending === undefined) {
    throw new PermanentError(
      'no_evidence',
      'nothing is known of the job: neither LAVA nor our record says how it ended',
    );
  }
  if (lava !== undefined && lava.state !== 'Finished' && ending === undefined) {
    throw new PermanentError(
      'not_finished',
      `LAVA job ${lava.id} is ${lava.state}: nothing is reported before LAVA says Finished`,
    );
  }
  if (lava !== undefined && lacksResults(evidence)) {
    throw new PermanentError(
      'no_results',
      `LAVA job ${lava.id} ended on ${lava.device ?? 'a device'}, but its results are not here: fetch results and log, or have LAVA call back with dataset "all"`,
    );
  }
}

interface Judgement {
  s: Situation;
  rule: Rule;
  /** The rule that speaks for the roots. */
  rootRule: Rule;
  infra: Status;
  /** The paths of the job's tests. */
  taken: Set<string>;
}

function judgeBoot(judgement: Judgement): RootVerdict {
  const { s, rule } = judgement;
  const { boot } = s.suites;
  const status = bootStatus(rule, s, judgement.infra);
  const own = runsOf(judgement, boot);
  const ran = s.bootSegments.filter((segment) => segment.spoke);
  const first = ran.findLast((segment) => segment.kernel) ?? ran[0];
  const last = ran.at(-1);
  const startedAt = first?.startedAt ?? s.evidence.lava?.startedAt;
  const endedAt = (s.loginReached ? s.evidence.console?.loginAt : undefined) ?? last?.endedAt;
  const verdict: RootVerdict = {
    path: boot.path,
    status,
    reason: undefined,
    startedAt,
    duration: spanOf(first?.startedAt, endedAt),
    startLine: first?.firstLine,
    endLine: last?.lastLine,
    excerpt: excerptOf(s, status, ran, s.bootCrash ?? s.earlierCrash, []),
    leaves: [],
    misc: {},
  };
  if (own.length === 0) return verdict;
  // What a request calls boot is the boot test itself: one test, with the worse of both statuses.
  const asRoot = judgeRoot(judgement, boot);
  const counts = own.some((run) => run.cases.length > 0) || !s.complete;
  const merged = counts ? worse(status, asRoot.status) : status;
  const decided = merged !== status;
  return {
    ...verdict,
    status: merged,
    excerpt: decided ? asRoot.excerpt : verdict.excerpt,
    endLine: asRoot.endLine ?? verdict.endLine,
    leaves: asRoot.leaves,
  };
}

function bootStatus({ boot, roots }: Rule, s: Situation, infra: Status): Status {
  // A job that only goes into a boot loader says nothing of a kernel's boot.
  if (!s.outline.bootsKernel && roots !== 'never') return 'SKIP';
  if (boot === 'infra') return infra;
  if (boot !== 'login?infra' && boot !== 'login?MISS') return boot;
  if (s.loginReached) return 'PASS';
  return boot === 'login?infra' ? infra : 'MISS';
}

function judgeRoot(judgement: Judgement, root: RootPlan): RootVerdict {
  const { s, rootRule } = judgement;
  const runs = runsOf(judgement, root);
  const crash = s.suiteCrashes.find((c) => c.root === root)?.crash;
  const failAs = root === s.there && rootRule.leavesFailAs === 'infra' ? judgement.infra : undefined;
  const leaves = judgeLeaves(root, runs, {
    failAs,
    console: s.evidence.console,
    taken: judgement.taken,
  });
  const segments = runs.flatMap((run) => run.segments);
  const status = rootStatus(judgement, root, runs, leaves);
  const startedAt = segments[0]?.startedAt ?? leaves[0]?.startedAt;
  const stage = runs.reduce((sum, run) => sum + (run.stage?.measurement ?? 0), 0);
  return {
    path: root.path,
    status,
    reason: undefined,
    startedAt,
    duration:
      spanOf(segments[0]?.startedAt, segments.at(-1)?.endedAt) ?? (stage > 0 ? stage * 1000 : undefined),
    startLine: segments[0]?.firstLine,
    endLine: segments.at(-1)?.lastLine,
    excerpt: excerptOf(s, status, segments, crash, leaves),
    leaves,
    misc: {},
  };
}

/** How far a root got decides in which column of the table it stands. */
function rootStatus(judgement: Judgement, root: RootPlan, runs: SuiteRun[], leaves: LeafVerdict[]): Status {
  const { s, rootRule } = judgement;
  const own = highest(leaves);
  const columns = rootRule.roots;
  if (columns === 'each') return missingRoots(s).includes(root) ? 'ERROR' : (own ?? 'PASS');
  // Of a job that never ran to its end in LAVA too little is known to report it.
  if (columns === 'never' || columns === 'next') return 'MISS';
  if (columns.crashed !== undefined && s.suiteCrashes.some((c) => c.root === root)) {
    return fromColumn(columns.crashed, judgement.infra, own);
  }
  if (root === s.there) return cutStatus(judgement, columns.there, own);
  const after = fromColumn(columns.after, judgement.infra, own);
  const started = runs.filter((run) => run.started);
  if (started.length === 0) return after;
  // It ended, and nothing is wrong with it but that it had no case: its own fault. So it is if it did not end by itself.
  const done = own ?? (root.isBoot ? 'PASS' : 'ERROR');
  const status = started.every((run) => run.ended) ? done : worse(done, 'ERROR');
  // A definition of it that never ran leaves it unfinished, whatever the others say.
  return started.length === runs.length ? status : worse(status, after);
}

/** By the guide's order FAIL stands above ERROR; not where a dying connection made tests fail. */
function cutStatus({ rootRule, infra }: Judgement, column: RootStatus, own: Status | undefined): Status {
  const status = fromColumn(column, infra, own);
  return rootRule.failOverError === true && status === 'ERROR' && own === 'FAIL' ? 'FAIL' : status;
}

function fromColumn(column: RootStatus, infra: Status, own: Status | undefined): Status {
  if (column === 'infra') return infra;
  return column === 'own' ? (own ?? 'MISS') : column;
}

function runsOf({ s }: Judgement, root: RootPlan): SuiteRun[] {
  return s.suites.runs.filter((run) => run.root === root);
}

/** The worst status of the leaves; undefined if there are none. */
function highest(leaves: LeafVerdict[]): Status | undefined {
  const found = new Set(leaves.map((leaf) => leaf.status));
  return STATUSES.find((status) => found.has(status));
}

function worse(a: Status, b: Status): Status {
  return STATUSES.indexOf(a) <= STATUSES.indexOf(b) ? a : b;
}

function spanOf(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined || to < from ? undefined : to - from;
}

/** The part of the log that shows why a test has its status, not merely the end of the log. */
function excerptOf(
  s: Situation,
  status: Status,
  segments: Segment[],
  crash: Crash | undefined,
  leaves: LeafVerdict[],
): string | undefined {
  const tail = segments.at(-1)?.tail;
  if (status === 'PASS' || status === 'SKIP' || status === 'DONE') return tail;
  if (status === 'FAIL') {
    const report = segments.flatMap((segment) => segment.findings).find((finding) => finding.issue)?.report;
    return crash?.excerpt ?? (report || leaves.find((leaf) => leaf.excerpt)?.excerpt || tail);
  }
  // What LAVA says of its own failure stands in no console.
  return [tail, s.evidence.console?.lavaErrors].filter(Boolean).join('\n');
}
