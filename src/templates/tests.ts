// The tests that a request asks for, from its PULL_LABS definition or from its plan, in one form for the templates and
// for the verdict.
import { RequestError } from '../core/errors.ts';
import { SECOND } from '../core/time.ts';
import type { JobRequest, PullLabsTest } from '../maestro/request.ts';
import type { FoundPlan } from '../catalog/plans.ts';
import type { PlanTest } from '../catalog/plan-schema.ts';
import { parseParameters } from './parameters.ts';

/** One test of a job. */
export interface TestSpec {
  /** The name of its LAVA test definition, unique in the job. */
  name: string;
  /** What kind of test: the name of a template in job-templates/test/. */
  type: string;
  /** Its path in KCIDB. */
  suite: string;
  params: Record<string, unknown>;
  /** Seconds; null: the template decides. */
  timeout: number | null;
  /** Shell commands before and after it. */
  pre: string[];
  post: string[];
  measurements: string[];
  /** The field of the request that it comes from. */
  field: string;
}

/** Types of PULL_LABS that name more than the template: `kselftest-arm64` is kselftest with collections=arm64. */
const FAMILIES: Readonly<Record<string, string>> = {
  kselftest: 'collections',
  ltp: 'tst_cmdfiles',
  'rt-tests': 'tst_cmd',
};
/** Shipped templates whose names look like members of a family, and are not. */
export const OUTSIDE_FAMILIES: readonly string[] = ['kselftest-platform-parameters'];

/** Whether a word looks like a member of a family: `ltp-syscalls`. */
export function looksLikeMember(type: string): boolean {
  return Object.keys(FAMILIES).some((family) => type.startsWith(`${family}-`));
}

/** Without the templates at hand: whether a word is a type, and no member of a family. */
export function isLikelyType(type: string): boolean {
  return OUTSIDE_FAMILIES.includes(type) || !looksLikeMember(type);
}

const ALIASES: Readonly<Record<string, string>> = { baseline: 'boot', 'baseline-nfs': 'boot', login: 'boot' };
const SUBSET_OF: Readonly<Record<string, string>> = { kselftest: 'tests', ltp: 'tst_cmdfiles' };

/** The tests of a request, in the order they run. `isType` says whether there is a template for a type. */
export function testsOf(
  request: JobRequest,
  plan: FoundPlan | undefined,
  isType: (type: string) => boolean,
): TestSpec[] {
  const { definition, node } = request;
  if (definition !== undefined) {
    const specs = definition.tests.map((test, i) => fromDefinition(test, i, request, plan, isType));
    return inOrder(specs, definition.tests);
  }
  if (plan === undefined) {
    throw new RequestError('unknown_plan', `no plan says what the job ${shown(node.name)} means`, {
      field: 'node.name',
    });
  }
  return plan.tests.map((test) => fromPlan(test, plan, node.name));
}

function fromPlan(test: PlanTest, plan: FoundPlan, jobName: string): TestSpec {
  const timeout = test.timeout ?? plan.timeout;
  return {
    name: test.name ?? definitionName(jobName, 'node.name'),
    type: test.type,
    suite: test.suite ?? test.type,
    params: { ...test.params },
    timeout: timeout === undefined ? null : timeout / SECOND,
    pre: [],
    post: [],
    measurements: test.measurements,
    field: 'node.name',
  };
}

function fromDefinition(
  test: PullLabsTest,
  index: number,
  { node, definition }: JobRequest,
  plan: FoundPlan | undefined,
  isType: (type: string) => boolean,
): TestSpec {
  const field = `definition.tests.${index}`;
  const { type, extra } = typeOf(test.type, isType, field);
  const planned = plan?.tests.find((t) => t.type === type);
  const subset = test.subset ?? [];
  if (subset.length > 0 && SUBSET_OF[type] === undefined) {
    throw new RequestError('unsupported_test', `a test of type ${type} cannot be run in part`, {
      field: `${field}.subset`,
    });
  }
  const params: Record<string, unknown> = {
    ...extra,
    ...looseParams(test, definition?.parameters ?? {}),
    ...(test.parameters ? parseParameters(test.parameters, `${field}.parameters`) : {}),
    ...(subset.length > 0 ? { [SUBSET_OF[type] ?? '']: subset.join(' ') } : {}),
  };
  return {
    name: definitionName(lastingId(test.id, node.id), `${field}.id`),
    type,
    suite: planned?.suite ?? suiteOf(type, extra),
    params: type === 'boot' ? {} : params,
    timeout: test.timeout_s ?? null,
    pre: commands(test['pre-commands'], `${field}.pre-commands`),
    post: commands(test['post-commands'], `${field}.post-commands`),
    measurements: planned?.measurements ?? [],
    field,
  };
}

/**
 * A test's id without the node's own, of which KernelCI's template puts the first eight digits at the end
 * (`boot-test-68f0c0ff`): a test is to have one path in all its runs.
 */
function lastingId(id: string, nodeId: string): string {
  const parts = id
    .split(/([-_.])/)
    .filter((part) => part.length < 8 || !nodeId.startsWith(part.toLowerCase()));
  const lasting = parts
    .join('')
    .replace(/^[-_.]+|[-_.]+$/g, '')
    .replace(/([-_.])[-_.]+/g, '$1');
  return lasting === '' || parts.length === id.split(/([-_.])/).length ? id : lasting;
}

/** What a test carries in addition to the protocol's keys (commands, repository, …), and the definition's parameters. */
function looseParams(test: PullLabsTest, shared: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { id: _i, type: _t, depends: _d, timeout_s: _s, subset: _u, parameters: _p, ...rest } = test;
  const { 'pre-commands': _b, 'post-commands': _a, ...own } = rest;
  const tuxrun = { RUNNER: 'runner', SKIPFILE: 'skipfile', KIRK_WORKERS: 'workers' } as const;
  const known = Object.entries(tuxrun)
    .filter(([key]) => Object.hasOwn(shared, key))
    .map(([key, name]) => [name, String(shared[key])]);
  return { ...Object.fromEntries(known), ...own };
}

function typeOf(
  wanted: string,
  isType: (type: string) => boolean,
  field: string,
): { type: string; extra: Record<string, string> } {
  const alias = Object.hasOwn(ALIASES, wanted) ? ALIASES[wanted] : undefined;
  if (alias !== undefined) return { type: alias, extra: {} };
  if (/^[a-z0-9][a-z0-9_-]*$/.test(wanted) && isType(wanted)) return { type: wanted, extra: {} };
  for (const [family, param] of Object.entries(FAMILIES)) {
    const part = wanted.startsWith(`${family}-`) ? wanted.slice(family.length + 1) : '';
    if (/^[A-Za-z0-9_./-]{1,100}$/.test(part) && isType(family))
      return { type: family, extra: { [param]: part } };
  }
  if (/^boot([.-]|$)/.test(wanted)) return { type: 'boot', extra: {} };
  throw new RequestError('unsupported_test', `there is no template for tests of type ${shown(wanted)}`, {
    field: `${field}.type`,
  });
}

function suiteOf(type: string, extra: Readonly<Record<string, string>>): string {
  const part = type === 'ltp' ? undefined : Object.values(extra)[0];
  return part === undefined ? type : `${type}.${part.replace(/[^A-Za-z0-9_-]/g, '_')}`;
}

/** LAVA takes letters, digits, _ and - in the name of a test definition, and keeps `lava` for itself. */
function definitionName(text: string, field: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.:/+,=@ -]{0,149}$/.test(text)) {
    throw new RequestError(
      'bad_name',
      `${field}: ${shown(text)} cannot be the name of a test: at most 150 letters, digits and _ . - : / + , = @`,
      { field },
    );
  }
  const name = text.replace(/[^A-Za-z0-9_-]/g, '_');
  return name === 'lava' ? 'lava_test' : name;
}

const MAX_COMMAND = 64 * 1024;

/** Checks a list of shell commands: each is one step of a test. */
export function commands(value: unknown, field: string): string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((command, i) => {
    const at = Array.isArray(value) ? `${field}.${i}` : field;
    if (typeof command !== 'string')
      throw new RequestError('bad_command', `${at}: a command is a text`, { field: at });
    if (command.length > MAX_COMMAND)
      throw new RequestError('bad_command', `${at}: longer than 64 KiB`, { field: at });
    if (command.includes('\0') || !command.isWellFormed()) {
      throw new RequestError('bad_text', `${at}: a command cannot hold a NUL or half of a surrogate pair`, {
        field: at,
      });
    }
    return command;
  });
}

/** Sorts by `depends`, keeping the order of what does not depend. */
function inOrder(specs: readonly TestSpec[], tests: readonly PullLabsTest[]): TestSpec[] {
  const index = new Map<string, number>();
  for (const [i, spec] of specs.entries()) {
    if (index.has(spec.name)) {
      throw new RequestError('bad_name', `two tests are called ${spec.name}`, { field: `${spec.field}.id` });
    }
    index.set(spec.name, i);
  }
  const done = new Set<number>();
  const open = new Set<number>();
  const sorted: TestSpec[] = [];
  const visit = (i: number): void => {
    if (done.has(i)) return;
    const field = `definition.tests.${i}.depends`;
    if (open.has(i))
      throw new RequestError('bad_depends', 'tests depend on each other in a circle', { field });
    open.add(i);
    for (const id of tests[i]?.depends ?? []) {
      const other = tests.findIndex((test) => test.id === id);
      if (other < 0)
        throw new RequestError('bad_depends', `there is no test ${shown(id)} to depend on`, { field });
      visit(other);
    }
    open.delete(i);
    done.add(i);
    const spec = specs[i];
    if (spec !== undefined) sorted.push(spec);
  };
  for (const i of specs.keys()) visit(i);
  return sorted;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
