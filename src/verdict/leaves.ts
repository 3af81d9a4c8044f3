// One test for each LAVA case of a root: its status and its path.
import { CASE_RESULTS, type LavaCase } from '../lava/model.ts';
import type { ConsoleFacts } from './console.ts';
import { withoutNumber } from '../definition/definition-summary.ts';
import type { LeafVerdict, Status } from './model.ts';
import { cleanSegment, cleanSiblings, sameName, takePath } from './paths.ts';
import { isMissingExpected, type RootPlan, type SuiteRun } from './suites.ts';

export interface LeafOptions {
  /** The status of a failed case where a dying connection makes tests fail (rule `infrastructure`); undefined elsewhere. */
  failAs: Status | undefined;
  console: ConsoleFacts | undefined;
  /** The paths of the job's tests so far; the leaves' are added. */
  taken: Set<string>;
}

/** The cases that become one leaf, in LAVA's order; the last one counts. */
interface Group {
  /** LAVA's, without its number. */
  run: string;
  /** As it stands in the path: empty if it is called as its root or job. */
  suite: string;
  set: string | undefined;
  name: string;
  cases: { result: LavaCase; cutShort: boolean }[];
}

/** The leaves of a root, in the order in which LAVA saw them first. */
export function judgeLeaves(root: RootPlan, runs: SuiteRun[], options: LeafOptions): LeafVerdict[] {
  const groups = groupCases(root, runs);
  const segments = nameSegments(groups);
  return groups.flatMap((group, i) => {
    const last = group.cases.at(-1);
    if (last === undefined) return [];
    const path = [root.path, ...(segments[i] ?? [])].join('.');
    const key = JSON.stringify([group.run, group.set ?? null, group.name]);
    return [toLeaf(takePath(options.taken, path, key), group, last, root, options)];
  });
}

/** Same name, suite and set: one leaf. A suite that is called as its root or job adds nothing to the path. */
function groupCases(root: RootPlan, runs: SuiteRun[]): Group[] {
  const groups = new Map<string, Group>();
  for (const run of runs) {
    if (run.root !== root) continue;
    const name = withoutNumber(run.name);
    const suite = root.names.some((own) => sameName(own, name)) ? '' : name;
    for (const result of run.cases) {
      const key = JSON.stringify([name, result.set ?? null, result.name]);
      const group = groups.get(key) ?? { run: name, suite, set: result.set, name: result.name, cases: [] };
      groups.set(key, group);
      group.cases.push({ result, cutShort: !run.ended });
    }
  }
  return [...groups.values()];
}

/** The path of each group below its root, cleaned so that names that stand side by side stay apart. */
function nameSegments(groups: Group[]): string[][] {
  const suites = cleanSiblings(groups.map((g) => g.suite).filter((suite) => suite !== ''));
  const sets = bySide(
    groups,
    (g) => g.suite,
    (g) => g.set,
  );
  const names = bySide(
    groups,
    (g) => JSON.stringify([g.suite, g.set ?? null]),
    (g) => g.name,
  );
  return groups.map((g) => [
    ...(g.suite === '' ? [] : [suites.get(g.suite) ?? cleanSegment(g.suite)]),
    ...(g.set === undefined ? [] : [sets(g) ?? cleanSegment(g.set)]),
    names(g) ?? cleanSegment(g.name),
  ]);
}

/** Cleans names among those that have the same parent. */
function bySide(
  groups: Group[],
  parent: (g: Group) => string,
  name: (g: Group) => string | undefined,
): (g: Group) => string | undefined {
  const clean = new Map<string, Map<string, string>>();
  for (const [key, side] of Map.groupBy(groups, parent)) {
    clean.set(key, cleanSiblings(side.map(name).filter((n) => n !== undefined)));
  }
  return (g) => clean.get(parent(g))?.get(name(g) ?? '');
}

function toLeaf(
  path: string,
  group: Group,
  { result, cutShort }: Group['cases'][number],
  root: RootPlan,
  { failAs, console }: LeafOptions,
): LeafVerdict {
  const expected = isMissingExpected(result);
  const forced = forcedResult(result, console);
  const status = leafStatus(forced ?? result, { cutShort, expected, failAs, root });
  const at = timeOf(result.startLine, console);
  const end = timeOf(result.endLine, console);
  const timed = at !== undefined && end !== undefined && result.endLine !== result.startLine && end >= at;
  // LAVA's own word, where the status does not say it.
  const asLavaSays =
    forced === undefined && (result.result === 'pass' || result.result === 'skip' || status === 'FAIL');
  return {
    path,
    status,
    number: result.measurement === undefined ? undefined : { value: result.measurement, unit: result.unit },
    startedAt: at ?? result.loggedAt,
    duration: timed ? end - at : undefined,
    startLine: result.startLine,
    endLine: result.endLine,
    excerpt:
      status === 'FAIL' && result.startLine !== undefined
        ? console?.excerpts.get(result.startLine)
        : undefined,
    lava: { suite: result.suite, set: group.set, name: group.name, result: result.result },
    misc: {
      ...(asLavaSays ? {} : { lava_result: result.result }),
      ...(expected ? { lava_reason: 'an expected case did not run' } : {}),
      ...(forced ? { lava_reason: 'LAVA forced the result: the case was not among the expected ones' } : {}),
      ...(group.cases.length > 1
        ? { earlier_results: group.cases.slice(0, -1).map((c) => c.result.result) }
        : {}),
    },
  };
}

/** The board's own word for a result that LAVA forced to fail; undefined if it did not. */
function forcedResult(result: LavaCase, console: ConsoleFacts | undefined): LavaCase | undefined {
  if (result.result !== 'fail') return undefined;
  const own = console?.forced.find(
    ({ suite, name }) => name === result.name && (suite === undefined || suite === result.suite),
  );
  if (own === undefined) return undefined;
  const word = CASE_RESULTS.find((known) => known === own.result) ?? 'unknown';
  return word === 'fail' ? undefined : { ...result, result: word };
}

function leafStatus(
  { result, name, measurement }: LavaCase,
  how: { cutShort: boolean; expected: boolean; failAs: Status | undefined; root: RootPlan },
): Status {
  if (result === 'pass') {
    return measurement !== undefined && how.root.measurements.includes(name) ? 'DONE' : 'PASS';
  }
  if (result === 'skip') return 'SKIP';
  if (result === 'unknown') return 'ERROR';
  if (how.expected) return how.cutShort ? 'MISS' : 'ERROR';
  return how.failAs ?? 'FAIL';
}

function timeOf(line: number | undefined, console: ConsoleFacts | undefined): number | undefined {
  return line === undefined ? undefined : console?.times.get(line);
}
