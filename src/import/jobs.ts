// KernelCI's jobs → plans: what a job name of Maestro means on a board.
import { z } from 'zod';
import { firstIssue } from '../core/issue-path.ts';
import type { RootfsSet } from '../catalog/rootfs.ts';
import { Plan, PlanName, Priority } from '../catalog/plan-schema.ts';
import { ONE_MACHINE, type Importing } from './context.ts';
import { formatValue } from './format.ts';
import { isRootKey, takeRoot } from './rootfs.ts';
import { takeRules } from './rules.ts';
import { Job } from './schema.ts';
import { checkEntries, type Entry } from './source.ts';

const KIND = 'jobs';

/** A plan before its defaults are put in: as it is written. */
type PlanEntry = z.input<typeof Plan>;

export interface ImportedPlan {
  name: string;
  /** The kind of test, a name in job-templates/test/. */
  type: string;
  entry: PlanEntry;
  plan: Plan;
}

/** What a job template of KernelCI comes to here (kernelci-pipeline config/runtime/*.jinja2). */
interface Form {
  type: string;
  /** The template boots from NFS, whatever the job says. */
  boot?: 'nfs';
  /** Minutes, where the job names none. */
  timeout?: number;
  /** Parameters that we call otherwise. */
  renamed?: Record<string, string>;
}

const FORMS: Readonly<Record<string, Form>> = {
  'baseline.jinja2': { type: 'boot' },
  'baseline-nfs.jinja2': { type: 'boot', boot: 'nfs' },
  'ltp.jinja2': { type: 'ltp', boot: 'nfs' },
  'rt-tests.jinja2': { type: 'rt-tests', boot: 'nfs' },
  'kvm-unit-tests.jinja2': { type: 'kvm-unit-tests', boot: 'nfs' },
  'ltp-pull-labs.jinja2': { type: 'ltp', timeout: 60 },
  'kselftest-pull-labs.jinja2': { type: 'kselftest', timeout: 30, renamed: { collection: 'collections' } },
};

/** Names of test definitions that are not the job's name. */
const TEST_NAMES: Readonly<Record<string, string>> = { boot: 'dmesg', 'watchdog-reset': 'wdt-reset' };

/** Parameters of the boot and of the whole job; all others are the test's. */
const JOB_PARAMS =
  /^(extra_kernel_args|fastboot_.*|mkbootimg_.*|flash_.*|efi_.*|docker_.*|namespace|prompts|auto_login|visibility|cmdline|console|modules|short_name)$/;

/** Parameters that are read here and are no longer needed. */
const CONSUMED = new Set(['test_method', 'boot_commands', 'rootfs_ref', 'job_timeout', 'frequency']);

/** All jobs that run on boards, by name. */
export function importJobs(
  importing: Importing,
  sets: ReadonlyMap<string, RootfsSet>,
): Map<string, ImportedPlan> {
  const { source, ledger } = importing;
  const plans = new Map<string, ImportedPlan>();
  const entries = checkEntries(source.entries('jobs'), Job, (e, reason) => ledger.left(KIND, e.name, reason));
  const usual = usualRoots(entries);
  for (const job of entries) {
    const form = formOf(job.value, importing.templates.test);
    if (typeof form === 'string') {
      ledger.left(KIND, job.name, form);
      continue;
    }
    const entry = planEntry(job, form, { sets, usual: usual.get(job.value.template) }, ledger);
    const parsed = typeof entry === 'string' ? undefined : Plan.safeParse(entry);
    if (typeof entry === 'string' || !PlanName.safeParse(job.name).success || parsed?.success !== true) {
      const why =
        parsed?.error === undefined ? 'its name is none that a plan can have' : firstIssue(parsed.error).text;
      ledger.left(KIND, job.name, `${job.place}: ${typeof entry === 'string' ? entry : why}`);
    } else {
      ledger.over(KIND);
      plans.set(job.name, { name: job.name, type: form.type, entry, plan: parsed.data });
    }
  }
  return plans;
}

/** What the job comes to, or why it does not come over. */
function formOf(job: Job, types: ReadonlySet<string>): Form | string {
  const template = job.template.replace(/^.*\//, '');
  const method = job.params?.['test_method'];
  if (template === 'blktests-ddp.jinja2' || method === 'blktests-ddp') return `blktests-ddp: ${ONE_MACHINE}`;
  if (template === 'kbuild.jinja2') return 'builds a kernel, and runs on no board';
  const form =
    template === 'generic.jinja2'
      ? genericForm(method)
      : Object.hasOwn(FORMS, template)
        ? FORMS[template]
        : undefined;
  if (form === undefined) return `${template} is no test on a board with LAVA`;
  if (!types.has(form.type)) return `there is no template for tests of type ${form.type}`;
  return form;
}

function genericForm(method: unknown): Form | undefined {
  if (typeof method !== 'string') return undefined;
  return { type: method === 'baseline' ? 'boot' : method };
}

/** The plan of a job, or why it cannot come over. */
function planEntry(
  { name, value: job }: Entry<Job>,
  form: Form,
  { sets, usual }: { sets: ReadonlyMap<string, RootfsSet>; usual: string | undefined },
  ledger: Importing['ledger'],
): PlanEntry | string {
  const note = (text: string): void => ledger.note(KIND, name, text);
  const named = rootfsOf(job, sets);
  const isMissing = typeof named !== 'string' && named.rootfs === undefined && usual !== undefined;
  if (isMissing) note(`names no root file system: with ${usual}, as all other jobs of its template`);
  const root = isMissing ? { rootfs: usual } : named;
  if (typeof root === 'string') return root;
  const { rules, problems } = takeRules(job.rules);
  for (const problem of problems) note(`${problem}: left out`);
  for (const key of Object.keys(job)) {
    if (!KNOWN_KEYS.has(key)) note(`without ${key}, which KernelCI does not know either`);
  }
  const given = Object.entries(job.params ?? {}).filter(([key]) => !isRootKey(key));
  const params = formatValue(Object.fromEntries(given), {}, (parts) =>
    note(`params: ${parts.join(', ')} is not filled in here; the text stays as it is`),
  ) as Record<string, z.core.util.JSONType>;
  const boot = form.boot ?? params['boot_commands'];
  const { forJob, forTest } = sortedParams(params, form, note);
  return {
    ...(boot === 'nfs' || boot === 'ramdisk' ? { boot } : {}),
    ...root,
    ...timeoutOf(params['job_timeout'] ?? form.timeout, note),
    ...priorityOf(job, note),
    ...frequencyOf(params['frequency'], note),
    ...(rules === undefined ? {} : { rules }),
    ...forJob,
    tests: [
      {
        type: form.type,
        ...(Object.hasOwn(TEST_NAMES, form.type) ? { name: TEST_NAMES[form.type] } : {}),
        ...suiteOf(job, note),
        ...forTest,
      },
    ],
  };
}

/** Templates for one kind of test, which needs a root file system of its own. */
const OWN_ROOT: ReadonlySet<string> = new Set(
  Object.entries(FORMS).flatMap(([template, { type }]) => (type === 'boot' ? [] : [template])),
);

/**
 * The root file system that jobs of a template name, if it is one: a template for one kind of test needs what is in
 * it, and a job that has its own `params` loses what its anchor says.
 */
function usualRoots(jobs: readonly Entry<Job>[]): Map<string, string> {
  const refs = new Map<string, Set<unknown>>();
  for (const { value } of jobs) {
    const ref = value.params?.['rootfs_ref'];
    if (ref === undefined || !OWN_ROOT.has(value.template.replace(/^.*\//, ''))) continue;
    refs.set(value.template, (refs.get(value.template) ?? new Set()).add(ref));
  }
  return new Map(
    [...refs].flatMap(([template, [ref, ...others]]) =>
      typeof ref === 'string' && others.length === 0 ? [[template, ref] as const] : [],
    ),
  );
}

/** What a job gives itself counts before what the set gives that it names. */
function rootfsOf(job: Job, sets: ReadonlyMap<string, RootfsSet>): Pick<PlanEntry, 'rootfs'> | string {
  const { set: own, problem } = takeRoot(job.params ?? {});
  if (problem !== undefined) return `params.${problem}`;
  const ref = job.params?.['rootfs_ref'] ?? undefined;
  if (ref === undefined) return Object.keys(own).length > 0 ? { rootfs: own } : {};
  const set = typeof ref === 'string' ? sets.get(ref) : undefined;
  if (typeof ref !== 'string' || set === undefined)
    return `params.rootfs_ref: there is no rootfs set ${JSON.stringify(ref)}`;
  return { rootfs: Object.keys(own).length > 0 ? { ...set, ...own } : ref };
}

interface SortedParams {
  forJob: Pick<PlanEntry, 'params'>;
  forTest: Pick<PlanEntry, 'params'>;
}

function sortedParams(
  params: Readonly<Record<string, z.core.util.JSONType>>,
  { renamed = {} }: Form,
  note: (text: string) => void,
): SortedParams {
  const own = Object.entries(params).filter(([key]) => !CONSUMED.has(key));
  const job = own.filter(([key]) => JOB_PARAMS.test(key));
  const test = own.filter(([key]) => !JOB_PARAMS.test(key));
  if (Object.hasOwn(params, 'device_type')) note('params.device_type: it is always the board’s here');
  return {
    forJob: job.length === 0 ? {} : { params: Object.fromEntries(job) },
    forTest:
      test.length === 0
        ? {}
        : { params: Object.fromEntries(test.map(([key, value]) => [renamed[key] ?? key, value])) },
  };
}

function timeoutOf(value: unknown, note: (text: string) => void): Pick<PlanEntry, 'timeout'> {
  if (value === undefined || value === null) return {};
  const minutes = z.coerce.number().positive().safeParse(value);
  if (minutes.success) return { timeout: `${minutes.data}m` };
  note(`job_timeout ${JSON.stringify(value)} is no number of minutes: left out`);
  return {};
}

const KNOWN_KEYS = new Set([
  'base_name',
  'image',
  'kcidb_test_suite',
  'kind',
  'params',
  'priority',
  'rules',
  'template',
]);

/** KernelCI reads its priorities in any case, and numbers that are written as texts. */
export function priorityWord(priority: unknown): unknown {
  if (typeof priority !== 'string') return priority;
  return /^\d+$/.test(priority) ? Number(priority) : priority.toLowerCase();
}

function priorityOf({ priority }: Job, note: (text: string) => void): Pick<PlanEntry, 'priority'> {
  if (priority === undefined) return {};
  const value = priorityWord(priority);
  if (Priority.safeParse(value).success) return { priority: value as PlanEntry['priority'] };
  note(`priority ${String(priority)} is neither low, medium, high nor 0 to 100: left out`);
  return {};
}

/** kernelci-pipeline takes what it cannot read for "no limit" (src/scheduler.py). */
function frequencyOf(value: unknown, note: (text: string) => void): Pick<PlanEntry, 'frequency'> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'string' && /^(?=.)(\d+d)?(\d+h)?(\d+m)?$/.test(value)) return { frequency: value };
  note(`frequency ${JSON.stringify(value)} is none: left out, as KernelCI does`);
  return {};
}

function suiteOf(job: Job, note: (text: string) => void): { suite?: string } {
  const suite = job.kcidb_test_suite;
  if (suite === undefined || suite === '') {
    note('no kcidb_test_suite: KernelCI reports nothing of it to KCIDB');
    return {};
  }
  const clean = suite.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^\.+|\.+$|\.(?=\.)/g, '');
  if (clean !== suite) note(`kcidb_test_suite ${JSON.stringify(suite)} became ${clean}`);
  return { suite: clean };
}
