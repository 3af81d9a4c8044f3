// What a definition that came as YAML asks for: read from its own tests, and by the plan of the job's name where
// there is one.
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import type { ExpectedTests } from '../verdict/model.ts';
import type { SuppliedDefinition } from '../definition/supplied-rules.ts';
import { expectedTestsOf, definitionNames, HELPER_NAMES, type ExpectedTest } from './expected-tests.ts';
import { testsOf } from './tests.ts';

/** Names under which Maestro's templates see whether a board boots to a shell. */
const BOOT_NAMES = new Set(['dmesg', 'baseline', 'boot', 'login']);
const HELPERS: ReadonlySet<string> = new Set(HELPER_NAMES);

export function expectedTestsOfSupplied(
  definition: SuppliedDefinition,
  request: JobRequest,
  plans: Pick<Plans, 'find'>,
): ExpectedTests {
  const plan = plans.find(request.node.name);
  const planned = plan === undefined ? [] : testsOf(request, plan, () => true);
  const names = definitionNames(definition);
  const expected = names.filter((name) => !HELPERS.has(name)).map((name) => expectedTest(name, planned));
  return expectedTestsOf(expected, bootsFromNfs(definition), names);
}

/** A plan of one test speaks of all of them, whatever they are called. */
function expectedTest(name: string, planned: readonly ExpectedTest[]): ExpectedTest {
  const match = planned.find((test) => test.name === name) ?? (planned.length === 1 ? planned[0] : undefined);
  if (match !== undefined) return { ...match, name };
  return { name, type: BOOT_NAMES.has(name) ? 'boot' : 'shell', suite: name, measurements: [] };
}

function bootsFromNfs({ actions }: SuppliedDefinition): boolean {
  return actions.some(
    ({ deploy, boot }) =>
      (deploy !== undefined && 'nfsrootfs' in deploy && deploy.nfsrootfs !== undefined) ||
      deploy?.to === 'nfs' ||
      boot?.method === 'qemu-nfs' ||
      (boot !== undefined && 'commands' in boot && boot.commands === 'nfs'),
  );
}
