// `lava-bridge check`: the names under which the admin's own plans report to KCIDB.
import { resolve, sep } from 'node:path';
import type { Plans } from '../catalog/plans.ts';
import type { Problem } from '../core/errors.ts';
import { isInCatalogue } from '../kcidb/test-names.ts';

/** Suites of the admin's own plans whose first part is not in KCIDB's catalogue of tests. */
export function unknownSuites(plans: Plans, own: string | undefined): Problem[] {
  if (own === undefined) return [];
  return plans.names().flatMap((name) =>
    (plans.get(name)?.tests ?? []).flatMap((test, i) => {
      const suite = test.suite ?? test.type;
      if (isInCatalogue(suite)) return [];
      const message = `the suite ${suite} is not in KCIDB's catalogue of tests: ask KernelCI to add ${suite.split('.')[0] ?? ''}, or use a name that is there`;
      const problem = plans.problem(name, ['tests', i], 'unknown_reference', message);
      return resolve(problem.file).startsWith(resolve(own) + sep) ? [problem] : [];
    }),
  );
}
