// On which of a job's tests the issues stand that explain them, and which issues these are, by the rule that decided.
import type { Crash } from './kernel-end.ts';
import type { Segment } from './segment.ts';
import { HARNESS, kernelIssues, lavaIssue, TOOL } from './issues.ts';
import type { IssueVerdict, RootVerdict, Status } from './model.ts';
import { missingRoots, noResult, type IncidentPlace, type IssueText, type Rule } from './rules.ts';
import type { Situation } from './situation.ts';
import type { RootPlan } from './suites.ts';

const NEED_NONE: readonly Status[] = ['PASS', 'SKIP', 'DONE'];

/** The issues of a job, each once per test. `rootRule` is the rule that spoke for the roots. */
export function findIssues(
  s: Situation,
  rule: Rule,
  rootRule: Rule,
  tests: RootVerdict[],
  deviceType: string | undefined,
): IssueVerdict[] {
  const unexplained = new Set(tests.filter((t) => !NEED_NONE.includes(t.status)).map((t) => t.path));
  const boot = s.suites.boot.path;
  const issues = [
    ...issuesOf(s, rule, tests, deviceType),
    // The boot test is explained by its own rule already.
    ...(rootRule === rule ? [] : issuesOf(s, rootRule, tests, deviceType).filter((i) => i.testPath !== boot)),
  ];
  for (const root of s.suites.roots.filter((r) => r !== s.there && endedWithoutCase(s, r)))
    issues.push(lavaIssue(root.path, TOOL, s, noResult(root), deviceType));
  // Reports that the kernel survived are added to each test that is not well.
  for (const root of [s.suites.boot, ...s.suites.roots]) {
    if (!unexplained.has(root.path)) continue;
    const { segments } = root.isBoot ? bootTarget(s) : target(s, root);
    issues.push(...kernelIssues(root.path, segments, undefined));
  }
  const seen = new Set<string>();
  return issues.filter(({ testPath, signature }) => {
    const key = `${testPath} ${signature}`;
    if (seen.has(key) || !unexplained.has(testPath)) return false;
    seen.add(key);
    return true;
  });
}

/** Also in a job that was cut short later. */
function endedWithoutCase({ suites }: Situation, root: RootPlan): boolean {
  const own = suites.runs.filter((run) => run.root === root);
  return own.length > 0 && own.every((run) => run.ended && run.cases.length === 0);
}

const CULPRITS = { harness: HARNESS, tool: TOOL, unknown: undefined } as const;

function issuesOf(
  s: Situation,
  rule: Rule,
  tests: RootVerdict[],
  deviceType: string | undefined,
): IssueVerdict[] {
  const { on, kernel, blame } = rule.incident;
  return PLACES[on](s, tests).flatMap(({ root, segments, crash }) => {
    const found = kernel ? kernelIssues(root.path, segments, crash) : [];
    if (found.length > 0 || blame === undefined) return found;
    return [lavaIssue(root.path, CULPRITS[blame], s, whatHappened(s, rule, root), deviceType)];
  });
}

interface Target {
  root: RootPlan;
  /** The stretches of the console in which its reports stand. */
  segments: Segment[];
  crash: Crash | undefined;
}

const PLACES: Record<IncidentPlace, (s: Situation, tests: RootVerdict[]) => Target[]> = {
  none: () => [],
  boot: (s) => (isCancel(s) ? [] : [bootTarget(s)]),
  there: (s) => (s.there ? [target(s, s.there)] : []),
  'there|boot': (s) => [s.there ? target(s, s.there) : bootTarget(s)],
  crashed: (s) => s.suiteCrashes,
  missing: (s) => missingRoots(s).map((root) => target(s, root)),
  failed: (s, tests) =>
    [s.suites.boot, ...s.suites.roots]
      .filter((root) => tests.some((t) => t.path === root.path && t.status === 'FAIL'))
      .map((root) => target(s, root)),
};

function bootTarget(s: Situation): Target {
  return { root: s.suites.boot, segments: s.bootSegments, crash: s.bootCrash ?? s.earlierCrash };
}

function target(s: Situation, root: RootPlan): Target {
  const own = s.suites.runs.filter((run) => run.root === root).flatMap((run) => run.segments);
  return { root, segments: root.isBoot ? [...s.bootSegments, ...own] : own, crash: undefined };
}

/**
 * A job that never ran because it was canceled. A callback alone does not distinguish a cancel from a time-out in the
 * queue: then nothing is blamed.
 */
function isCancel(s: Situation): boolean {
  return s.ending === undefined ? !s.onDevice && s.canceled : s.ending.kind === 'canceled';
}

/** What an issue is about, in LAVA's words or, where it has none, in ours. */
function whatHappened(s: Situation, rule: Rule, root: RootPlan): IssueText {
  const text = rule.incident.text?.(s, root);
  if (text) return text;
  const { lava } = s.evidence;
  return {
    type: s.errorType,
    message: s.errorMsg || lava?.failureComment || 'LAVA left no failure metadata',
  };
}
