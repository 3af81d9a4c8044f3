// Which test suites a job had, in the order in which they run, whose test each one is, and how far each one came.
// There are three sources: the job's definition (what was to run), the results, and the console.
import type { LavaCase, LavaJob } from '../lava/model.ts';
import type { ConsoleFacts } from './console.ts';
import type { Segment } from './segment.ts';
import { withoutNumber, type JobOutline } from '../definition/definition-summary.ts';
import type { ExpectedTests } from './model.ts';
import { cleanPath, cleanSiblings } from './paths.ts';

/** A test that was asked for, or that a suite made necessary; the boot test among them. */
export interface RootPlan {
  path: string;
  isBoot: boolean;
  measurements: string[];
  /** The names, without LAVA's number, that this root goes by: a suite of that name adds no segment to a path. */
  names: string[];
}

/** One test definition's run. */
export interface SuiteRun {
  /** With LAVA's number, where LAVA gave one. */
  name: string;
  /** undefined: a helper that the template added. */
  root: RootPlan | undefined;
  started: boolean;
  /** It ran to its end. */
  ended: boolean;
  cases: LavaCase[];
  /** LAVA's own case of the run, the last one if it was retried. */
  stage: LavaCase | undefined;
  /** Its phase on the console. */
  segments: Segment[];
  /** The console has its ENDRUN. */
  endSeen: boolean;
}

export interface Suites {
  boot: RootPlan;
  /** The tests that were asked for, but for the boot test, in their order. */
  roots: RootPlan[];
  runs: SuiteRun[];
}

export function arrangeSuites(
  lava: LavaJob | undefined,
  console: ConsoleFacts | undefined,
  expected: ExpectedTests | undefined,
  outline: JobOutline,
): Suites {
  const seen = seenSuites(lava, console);
  const names = inRunOrder(plannedSuites(expected, outline), seen);
  const bySuite = Map.groupBy(lava?.cases ?? [], (c) => c.suite);
  const { boot, roots, rootOf } = expected
    ? plannedRoots(expected, (suite) => bySuite.has(suite))
    : impliedRoots(names, outline);
  const runs = names.map((name) => describeRun(name, rootOf(name), bySuite, console?.segments ?? []));
  findActionPhases(runs, console, outline);
  settleEnds(runs, lava?.health === 'Complete');
  return { boot, roots, runs };
}

/** The suites that left a trace: a signal on the console (in that order), a case, or LAVA's stage case. */
function seenSuites(lava: LavaJob | undefined, console: ConsoleFacts | undefined): string[] {
  const signalled = (console?.segments ?? []).flatMap((s) =>
    s.kind === 'suite' && s.suite ? [s.suite] : [],
  );
  const recorded = (lava?.cases ?? []).flatMap((c) => {
    if (c.suite !== 'lava') return [c.suite];
    return isStage(c) ? [c.name] : [];
  });
  return [...new Set([...signalled, ...recorded.toSorted()])];
}

/** LAVA's own case of a suite's run is called as the suite; no action of LAVA begins with a number. */
function isStage(c: LavaCase): boolean {
  return c.suite === 'lava' && /^\d+_/.test(c.name);
}

function plannedSuites(expected: ExpectedTests | undefined, outline: JobOutline): string[] {
  if (outline.suites.length > 0 || expected === undefined) return outline.suites.map(({ name }) => name);
  // Not those of the boot test: a template that has none for it says no less.
  return expected.roots.flatMap((root) => (isBootPath(root.path) ? [] : root.definitions));
}

/**
 * The planned suites in their order, each under the name that LAVA used if it ran; then those that were not planned, by
 * LAVA's number.
 */
function inRunOrder(planned: string[], seen: string[]): string[] {
  const left = new Set(seen);
  const exact = planned.map((name) => (left.delete(name) ? name : undefined));
  const names = planned.map((name, i) => {
    const match = exact[i] ?? [...left].find((s) => withoutNumber(s) === withoutNumber(name));
    if (match === undefined) return name;
    left.delete(match);
    return match;
  });
  const number = (name: string): number => Number(/^\d{1,9}(?=_)/.exec(name)?.[0] ?? Infinity);
  const rest = [...left].toSorted((a, b) => number(a) - number(b) || 0);
  return [...names, ...rest];
}

interface Roots {
  boot: RootPlan;
  roots: RootPlan[];
  rootOf: (suite: string) => RootPlan | undefined;
}

function plannedRoots(expected: ExpectedTests, hasCases: (suite: string) => boolean): Roots {
  const boot: RootPlan = {
    path: expected.bootPath,
    isBoot: true,
    measurements: [],
    names: ['boot', expected.bootPath],
  };
  if (expected.job !== undefined) boot.names.push(expected.job);
  const roots: RootPlan[] = [];
  const byDefinition = new Map<string, RootPlan>();
  for (const planned of expected.roots) {
    const path = cleanPath(planned.path);
    let root = isBootPath(path) ? boot : roots.find((known) => known.path === path);
    if (root === undefined) {
      root = { path, isBoot: false, measurements: [], names: [path] };
      if (expected.job !== undefined) root.names.push(expected.job);
      roots.push(root);
    }
    root.measurements.push(...planned.measurements);
    for (const name of planned.definitions) if (!byDefinition.has(name)) byDefinition.set(name, root);
  }
  // A suite without a plan belongs to the job's only test; where there are several it is a test of its own.
  const only = expected.roots.length === 1 ? (roots[0] ?? boot) : undefined;
  const rootOf = (suite: string): RootPlan | undefined => {
    const name = withoutNumber(suite);
    const named = byDefinition.get(suite) ?? byDefinition.get(name);
    if (named) return named;
    if (expected.helpers.includes(suite) || expected.helpers.includes(name)) return undefined;
    if (only) return only;
    // A suite without a plan and without cases is a helper too: it was not planned, so it cannot be missing.
    if (expected.roots.length > 0 && !hasCases(suite)) return undefined;
    const path = cleanPath(name.replaceAll('.', '_'));
    const own = isBootPath(path)
      ? boot
      : (roots.find((known) => known.path === path) ?? {
          path,
          isBoot: false,
          measurements: [],
          names: [path],
        });
    if (own !== boot && !roots.includes(own)) roots.push(own);
    byDefinition.set(name, own);
    return own;
  };
  return { boot, roots, rootOf };
}

/** A job without a request: its suites are its tests; two definitions of one name share one. */
function impliedRoots(names: string[], outline: JobOutline): Roots {
  const path = outline.nfs ? 'boot.nfs' : 'boot';
  const boot: RootPlan = { path, isBoot: true, measurements: [], names: ['boot', path] };
  const plain = names.map(withoutNumber);
  const paths = cleanSiblings(plain);
  const roots = new Map<string, RootPlan>();
  for (const name of plain) {
    if (name === 'boot' || roots.has(name)) continue;
    roots.set(name, { path: paths.get(name) ?? name, isBoot: false, measurements: [], names: [name] });
  }
  return { boot, roots: [...roots.values()], rootOf: (suite) => roots.get(withoutNumber(suite)) ?? boot };
}

function isBootPath(path: string): boolean {
  return path === 'boot' || path.startsWith('boot.');
}

function describeRun(
  name: string,
  root: RootPlan | undefined,
  bySuite: Map<string, LavaCase[]>,
  all: Segment[],
): SuiteRun {
  const cases = bySuite.get(name) ?? [];
  const stage = bySuite.get('lava')?.findLast((c) => c.name === name);
  const segments = phaseOf(name, all);
  return {
    name,
    root,
    // A case that was expected and never came is LAVA's own invention: it starts nothing.
    started: stage !== undefined || segments.length > 0 || cases.some((c) => !isMissingExpected(c)),
    ended: stage?.result === 'pass',
    cases,
    stage,
    segments,
    endSeen: all.some((s) => s.kind === 'between' && s.suite === name),
  };
}

/**
 * The phases of interactive and monitor tests, which send no signals: the test action of LAVA that they belong to. Where the
 * log does not have its begin, all that follows the last login, or the last boot if none was asked for.
 */
function findActionPhases(runs: SuiteRun[], console: ConsoleFacts | undefined, outline: JobOutline): void {
  if (console === undefined) return;
  for (const suite of outline.suites) {
    const run = runs.find(
      ({ name }) => name === suite.name || withoutNumber(name) === withoutNumber(suite.name),
    );
    if (suite.kind === 'shell' || run === undefined || run.segments.length > 0) continue;
    if (console.testActions > 0) {
      run.segments = console.segments.filter((s) => s.kind !== 'boot' && s.test === suite.action);
      if (run.segments.length > 0) run.started = true;
    } else if (run.started) run.segments = afterLastLogin(console.segments);
  }
}

function afterLastLogin(segments: Segment[]): Segment[] {
  const boot = segments.findLastIndex((s) => s.kind === 'boot');
  const rest = segments.slice(boot + 1).filter((s) => s.kind === 'between' && s.suite === undefined);
  return rest.length > 0 ? rest : segments.slice(Math.max(0, boot)).filter((s) => s.kind === 'boot');
}

/**
 * LAVA writes a fail for each case that a definition lists as expected and that never came
 * (lava_dispatcher/actions/test/mixins.py: "missing expected test cases are reported as 'fail' by LAVA").
 */
export function isMissingExpected({ result, metadata }: LavaCase): boolean {
  return (
    result === 'fail' &&
    /missing expected/i.test(JSON.stringify(metadata['extra'] ?? metadata['reason'] ?? ''))
  );
}

/** From a suite's STARTRUN to the next one: what follows its ENDRUN too, unless nothing starts after it. */
function phaseOf(name: string, segments: Segment[]): Segment[] {
  return segments.filter(
    (s, i) => s.suite === name && (s.kind === 'suite' || (s.kind === 'between' && isFollowed(segments, i))),
  );
}

/** Whether a suite or a boot comes after a stretch. */
function isFollowed(segments: Segment[], index: number): boolean {
  return segments.slice(index + 1).some(({ kind }) => kind === 'suite' || kind === 'boot');
}

/**
 * Where LAVA left no stage case, its Complete, the console's ENDRUN or a later suite shows that a suite ran to its end.
 * A stage that failed says that it did not, even in a Complete job: its shell died, and LAVA went on with the next.
 */
function settleEnds(runs: SuiteRun[], complete: boolean): void {
  const lastStarted = runs.findLastIndex((run) => run.started);
  runs.forEach((run, i) => {
    if (!run.started || run.stage !== undefined) return;
    if (complete || run.endSeen || i < lastStarted) run.ended = true;
  });
}
