// From a request to a LAVA job definition: files and tests are chosen, the templates rendered, the result checked
// against what LAVA takes, and written so that every YAML reader takes it for the same. Pure: no network, no store.
import { RequestError } from '../core/errors.ts';
import { issuePath } from '../core/issue-path.ts';
import type { OverlayDirs } from '../core/overlay.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Board } from '../catalog/boards.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { FoundPlan, Plans } from '../catalog/plans.ts';
import type { ExpectedTests } from '../verdict/model.ts';
import { chooseArtifacts } from './artifacts.ts';
import { expectedTestsOf, definitionNames } from './expected-tests.ts';
import {
  templateContext,
  testTemplate,
  VARIABLES,
  wholeUnits,
  type RenderLab,
  type Uploads,
} from './context.ts';
import { timeoutSeconds } from '../definition/common.ts';
import { actionOf, LavaDefinition } from '../definition/definition.ts';
import { emitYaml } from '../definition/emit.ts';
import { checkedTest } from './general.ts';
import { loadLibrary, type Library } from './library.ts';
import { forDevice, type Marks } from './marks.ts';
import { basePriority, labPriority } from './priority.ts';
import { testsOf } from './tests.ts';
import { watchTests } from './unread.ts';

export interface RenderInput extends Marks {
  request: JobRequest;
  board: Board;
  /** Where the plan of `request.node.name`, rootfs sets and tree priorities come from. */
  plans: Plans;
  lab: RenderLab;
  /** Printed in the job's name: `[instance] …`. */
  instance: string;
  /** `artifacts` of the build's metadata.json, if metadataUrl said that it is needed. */
  dtbs?: Readonly<Record<string, string>> | undefined;
  /** Put into the definition's metadata next to node_id. */
  metadata?: Readonly<Record<string, string>> | undefined;
  uploads?: Uploads | undefined;
}

/** A definition, and what is known of the job that it makes. */
export interface Rendered {
  /** YAML. */
  definition: string;
  jobName: string;
  expectedTests: ExpectedTests;
  /** How long LAVA lets the job run, once it has a device. */
  jobTimeoutMs: number;
  queueTimeoutMs: number;
  deviceType: string;
  priority: number;
  /** Parameters of the request's tests that nothing reads, `definition.tests.0: fault_percnt`. */
  unread: string[];
}

/** Turns requests into definitions of LAVA. */
export interface Renderer {
  /** Throws RequestError with code and field: the request cannot be run as it is, or a template failed. */
  render(input: RenderInput): Rendered;
  /** Whether there is a template for that test type or boot method. */
  has(kind: 'boot' | 'test', name: string): boolean;
  names(kind: 'boot' | 'test'): string[];
  /** What the templates of one kind of test read, or all templates: `params.prompts`, `test.params.collections`. */
  reads(testType?: string): ReadonlySet<string>;
}

/** Reads and checks all templates. Throws ConfigError with every fault, each at file:line:column. */
export async function createRenderer(dirs: OverlayDirs): Promise<Renderer> {
  const library = await loadLibrary(dirs, VARIABLES);
  return {
    render: (input) => render(library, input),
    has: (kind, name) => library.has(`${kind}/${name}`),
    names: (kind) => library.namesIn(kind),
    reads: (testType) => readsOf(library, testType),
  };
}

/** Uploads what coverage builds leave behind. */
const UPLOAD_TEMPLATE = 'common/gcov-upload';

function readsOf(library: Library, testType: string | undefined): ReadonlySet<string> {
  const kinds = (['boot', 'test'] as const).flatMap((kind) =>
    library.namesIn(kind).map((name) => `${kind}/${name}`),
  );
  const jobs = library.namesIn('').filter((name) => !name.includes('/'));
  const names = testType === undefined ? [...jobs, ...kinds] : [`test/${testType}`];
  return new Set(names.flatMap((name) => library.reachable(name)).flatMap(({ reads }) => [...reads]));
}

function render(library: Library, input: RenderInput): Rendered {
  const { request, board, plans, lab } = input;
  refuseMultinode(request);
  const plan = plans.find(request.node.name);
  const requestedTests = testsOf(request, plan, (type) => library.has(`test/${type}`));
  const checkedTests = requestedTests.map(checkedTest);
  // A plan's parameters are the admin's own, and the same for every board: what one does not need another does.
  const watched = request.definition === undefined ? undefined : watchTests(requestedTests, checkedTests);
  const tests = watched?.tests ?? checkedTests;
  const artifacts = chooseArtifacts({ request, board, plan, plans, dtbs: input.dtbs });
  const priority = labPriority(basePriority(request.node, plan, plans), lab.priority);
  const { instance, mark, metadata = {} } = input;
  const isUploading = tests.some(({ type }) =>
    library.reachable(testTemplate(board, type)).some(({ name }) => name === UPLOAD_TEMPLATE),
  );
  // The token of the storage goes to boards only where a test uses it.
  const uploads = isUploading ? input.uploads : undefined;
  const context = templateContext({
    request,
    board,
    plan,
    lab,
    instance,
    mark,
    metadata,
    uploads,
    artifacts,
    tests,
    priority,
  });
  const job = library.render(board.templates.job ?? 'job', context);
  const definition = checked(withJobTimeout(job, plan, board), request);
  const jobTimeoutMs = timeoutSeconds(definition.timeouts.job) * SECOND;
  return {
    definition: emitYaml(forDevice(definition, input.device)),
    jobName: definition.job_name,
    expectedTests: expectedTestsOf(tests, artifacts.nfsroot !== null, definitionNames(definition)),
    jobTimeoutMs,
    queueTimeoutMs:
      definition.timeouts.queue === undefined ? 0 : timeoutSeconds(definition.timeouts.queue) * SECOND,
    deviceType: board.lava_device_type,
    priority,
    unread: watched?.unread() ?? [],
  };
}

/** KernelCI has no jobs of several boards, and reports know one board only. */
function refuseMultinode({ definition }: JobRequest): void {
  if (definition === undefined) return;
  for (const key of ['protocols', 'roles', 'multinode', 'nodes']) {
    if (Object.hasOwn(definition, key)) {
      throw new RequestError('multinode', 'jobs of several boards (multinode) are not supported', {
        field: `definition.${key}`,
      });
    }
  }
  const index = definition.tests.findIndex(
    (test) => Object.hasOwn(test, 'role') || Object.hasOwn(test, 'roles'),
  );
  if (index >= 0) {
    throw new RequestError('multinode', 'jobs of several boards (multinode) are not supported', {
      field: `definition.tests.${index}.role`,
    });
  }
}

/** What a job does outside its actions: waiting for workers, power, overlays. */
const MARGIN_MS = 5 * MINUTE;

/**
 * Sets the whole job's time-out to what its actions may take. A boot that may be tried again is counted twice: LAVA
 * 2023.01 starts another attempt with a fresh time-out as long as the first one's has not passed.
 */
function withJobTimeout(job: unknown, plan: FoundPlan | undefined, board: Board): unknown {
  if (typeof job !== 'object' || job === null) return job;
  const { timeouts, actions } = job as { timeouts?: unknown; actions?: unknown };
  const own = typeof timeouts === 'object' && timeouts !== null ? (timeouts as Record<string, unknown>) : {};
  if ('job' in own || !Array.isArray(actions)) return job;
  const sum = actions.reduce((ms: number, entry) => ms + actionMs(entry, own['action']), MARGIN_MS);
  const ms = Math.max(Math.ceil(sum / MINUTE) * MINUTE, plan?.job_timeout ?? 0);
  const limit = board.limits.max_job_timeout;
  if (limit !== undefined && ms > limit) {
    throw new RequestError(
      'job_too_long',
      `the job may take ${ms / MINUTE} minutes, and board ${board.name} allows ${limit / MINUTE} (limits.max_job_timeout)`,
      { field: 'node.name' },
    );
  }
  return { ...job, timeouts: { job: ms % MINUTE === 0 ? { minutes: ms / MINUTE } : wholeUnits(ms), ...own } };
}

function actionMs(entry: unknown, fallback: unknown): number {
  const { kind, action } = actionOf(entry as LavaDefinition['actions'][number]);
  const seconds = timeoutSeconds((action.timeout ?? fallback ?? { minutes: 10 }) as { minutes: number });
  const again = kind === 'boot' && 'failure_retry' in action && action.failure_retry !== 1;
  return seconds * (again ? 2 : 1) * SECOND;
}

/** Throws RequestError `template` for what LAVA would refuse, or what the bridge could not follow. */
function checked(job: unknown, request: JobRequest): LavaDefinition {
  const parsed = LavaDefinition.safeParse(job);
  if (!parsed.success) {
    const { issues } = parsed.error;
    const shown = issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    const [first] = issues;
    throw new RequestError(
      'template',
      `the templates make no definition that LAVA takes: ${shown.join('; ')}`,
      { field: first && issuePath(first) },
    );
  }
  const { job_name, metadata, notify } = parsed.data;
  const callback = notify?.callback ?? notify?.callbacks?.[0];
  const isOurs =
    callback?.method === 'POST' && callback.dataset === 'all' && callback['content-type'] === 'json';
  const needs = [
    { field: 'job_name', holds: job_name.includes(request.node.id), what: 'must hold the node’s id' },
    {
      field: 'metadata.node_id',
      holds: metadata?.['node_id'] === request.node.id,
      what: 'must be the node’s id',
    },
    {
      field: 'notify',
      holds: isOurs,
      what: 'needs a callback with method POST, dataset all and content-type json',
    },
  ];
  const faults = needs.filter(({ holds }) => !holds);
  if (faults.length > 0) {
    const text = faults.map(({ field, what }) => `${field} ${what}`).join('; ');
    throw new RequestError('template', `the job template is at fault: ${text}`, { field: faults[0]?.field });
  }
  return parsed.data;
}
