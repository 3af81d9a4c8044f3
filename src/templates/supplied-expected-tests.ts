// What a definition that came as YAML asks for: read from its own tests, and told by the plan of the job's name where
// there is one.
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import type { Ask } from '../verdict/model.ts';
import type { Adopted } from '../definition/supplied-schema.ts';
import { askOf, definitionNames, HELPER_NAMES, type AskedTest } from './expected-tests.ts';
import { testsOf } from './tests.ts';

/** Names under which Maestro's templates see whether a board boots to a shell. */
const BOOT_NAMES = new Set(['dmesg', 'baseline', 'boot', 'login']);
const HELPERS: ReadonlySet<string> = new Set(HELPER_NAMES);

export function adoptedAsk(definition: Adopted, request: JobRequest, plans: Pick<Plans, 'find'>): Ask {
  const plan = plans.find(request.node.name);
  const planned = plan === undefined ? [] : testsOf(request, plan, () => true);
  const names = definitionNames(definition);
  const asked = names.filter((name) => !HELPERS.has(name)).map((name) => askedTest(name, planned));
  return askOf(asked, bootsFromNfs(definition), names);
}

/** A plan of one test speaks of all of them, whatever they are called. */
function askedTest(name: string, planned: readonly AskedTest[]): AskedTest {
  const match = planned.find((test) => test.name === name) ?? (planned.length === 1 ? planned[0] : undefined);
  if (match !== undefined) return { ...match, name };
  return { name, type: BOOT_NAMES.has(name) ? 'boot' : 'shell', suite: name, measurements: [] };
}

function bootsFromNfs({ actions }: Adopted): boolean {
  return actions.some(
    ({ deploy, boot }) =>
      deploy?.nfsrootfs !== undefined ||
      deploy?.to === 'nfs' ||
      boot?.commands === 'nfs' ||
      boot?.method === 'qemu-nfs',
  );
}
