// What a job is expected to run, for the verdict: which test definitions are tests that were requested, and which are
// helpers that the templates add.
import type { Board } from '../catalog/boards.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import type { ExpectedTests, Root } from '../verdict/model.ts';
import { bootFrom } from './artifacts.ts';
import { isLikelyType, testsOf, type TestSpec } from './tests.ts';

/** The helpers of the shipped templates, by the names of their definitions. */
export const HELPER_NAMES = [
  'timesync-off',
  'reset-gcov',
  'platform-test-parameters-fetch',
  'upload',
] as const;

/** What of a test matters to the verdict. */
export type ExpectedTest = Pick<TestSpec, 'name' | 'type' | 'suite' | 'measurements'>;

type Named = readonly { name: string }[] | undefined;
/** The tests in a LAVA job definition. */
export interface TestActions {
  actions: readonly {
    test?: { definitions?: Named; interactive?: Named; monitors?: Named } | undefined;
  }[];
}

/** The test definitions of a job, in the order they run. */
export function definitionNames(definition: TestActions): string[] {
  return definition.actions.flatMap(({ test }) => [
    ...(test?.definitions ?? []).map((d) => d.name),
    ...(test?.interactive ?? []).map((i) => i.name),
    ...(test?.monitors ?? []).map((m) => m.name),
  ]);
}

/** The tests that were requested; what else is in the definition are helpers. */
export function expectedTestsOf(
  tests: readonly ExpectedTest[],
  nfs: boolean,
  names: readonly string[],
): ExpectedTests {
  const bootPath = nfs ? 'boot.nfs' : 'boot';
  const roots = new Map<string, Root>();
  for (const test of tests) {
    const path = test.type === 'boot' ? bootPath : test.suite;
    const root = roots.get(path) ?? { path, definitions: [], measurements: [] };
    root.definitions.push(test.name);
    root.measurements.push(...test.measurements.filter((m) => !root.measurements.includes(m)));
    roots.set(path, root);
  }
  const expected = new Set(tests.map((test) => test.name));
  return { bootPath, roots: [...roots.values()], helpers: names.filter((name) => !expected.has(name)) };
}

/**
 * The expected tests of a request without its definition: what `render` would say with the shipped templates. A plan that is not
 * known leaves the roots empty. Throws RequestError where the request itself is wrong.
 */
export function expectedTestsFor(
  request: JobRequest,
  plans: Pick<Plans, 'find'>,
  boards: { find(name: string): Board | undefined },
): ExpectedTests {
  const plan = plans.find(request.node.name);
  const board = boards.find(request.node.data.platform ?? '');
  const nfs = bootFrom(request, plan, board) === 'nfs';
  const tests =
    request.definition === undefined && plan === undefined ? [] : testsOf(request, plan, isLikelyType);
  const around = tests.flatMap((test) => [
    ...(test.pre.length > 0 ? [`${test.name}-pre`] : []),
    test.name,
    ...(test.post.length > 0 ? [`${test.name}-post`] : []),
  ]);
  return expectedTestsOf(tests, nfs, [...HELPER_NAMES, ...around]);
}
