// What the simulator reads in a job definition: its test suites and their cases, and the scenario that it asks for.
import { z } from 'zod';

const Steps = z.looseObject({ run: z.looseObject({ steps: z.array(z.coerce.string()) }).optional() });

const TestDefinition = z.looseObject({
  name: z.string(),
  from: z.string(),
  path: z.string(),
  repository: z.union([z.string(), Steps]).optional(),
  expected: z.array(z.string()).optional(),
});

const Action = z.looseObject({
  deploy: z.looseObject({}).optional(),
  boot: z.looseObject({ method: z.string().optional(), prompts: z.unknown().optional() }).optional(),
  test: z.looseObject({ definitions: z.array(TestDefinition).optional() }).optional(),
});

const Callback = z.looseObject({
  url: z.string(),
  method: z.string().default('GET'),
  dataset: z.string().default('minimal'),
  'content-type': z.string().default('urlencoded'),
  token: z.string().optional(),
  header: z.string().default('Authorization'),
});
export type Callback = z.infer<typeof Callback>;

/** A definition that was accepted: the parts that the simulator acts on. */
export const Definition = z.looseObject({
  job_name: z.string(),
  device_type: z.string(),
  device: z.string().optional(),
  priority: z.union([z.string(), z.number()]).default('medium'),
  visibility: z.unknown(),
  metadata: z.unknown().optional(),
  tags: z.array(z.string()).default([]),
  timeouts: z.looseObject({ queue: z.record(z.string(), z.number()).optional() }),
  notify: z
    .looseObject({
      criteria: z.looseObject({ status: z.string() }),
      callback: Callback.optional(),
      callbacks: z.array(Callback).optional(),
    })
    .optional(),
  actions: z.array(Action),
});
export type Definition = z.infer<typeof Definition>;

/** LAVA's own definition for checking devices of the type. */
export function healthCheckOf(type: string): Definition {
  const empty = { visibility: 'public', timeouts: {}, actions: [] };
  return Definition.parse({ job_name: `health check of ${type}`, device_type: type, ...empty });
}

export interface SimCase {
  name: string;
  result: 'pass' | 'fail' | 'skip' | 'unknown';
  set?: string | undefined;
  measurement?: number | undefined;
  units?: string | undefined;
  /** Whether the case is a command with a begin and an end, or one line. */
  shell: boolean;
  /** The step's text. */
  step: string;
}

export interface SimSuite {
  /** With LAVA's number: `0_smoke`. */
  name: string;
  /** Without. */
  plain: string;
  from: string;
  path: string;
  repository: unknown;
  /** The cases that are expected to come, where the definition says so. */
  expected: readonly string[] | undefined;
  cases: SimCase[];
}

/** The suites in the order in which LAVA numbers and runs them. */
export function suitesOf(definition: Definition): SimSuite[] {
  const definitions = definition.actions.flatMap((action) => action.test?.definitions ?? []);
  return definitions.map((d, i) => ({
    name: `${i}_${d.name}`,
    plain: d.name,
    from: d.from,
    path: d.path,
    repository: d.repository,
    expected: d.expected,
    cases: casesOf(d),
  }));
}

/** Cases of an inline definition as its steps name them; of any other, three that pass. */
function casesOf(d: z.infer<typeof TestDefinition>): SimCase[] {
  const steps = typeof d.repository === 'object' ? (d.repository.run?.steps ?? []) : [];
  const lines = steps.flatMap((step) => step.split('\n'));
  const cases: SimCase[] = [];
  let set: string | undefined;
  for (const line of lines) {
    const [, verb, rest = ''] = /\blava-test-(case|set)\s+(.*)$/.exec(line) ?? [];
    if (verb === 'set') set = /^start\s+(\S+)/.exec(rest)?.[1];
    if (verb === 'case') cases.push(caseOf(unquoted(rest), line.trim(), set));
  }
  if (cases.length > 0 || (d.from === 'inline' && !lines.some((line) => /\.sh\b/.test(line)))) return cases;
  return [1, 2, 3].map((n) => ({ name: `case-${n}`, result: 'pass', shell: false, step: `./case ${n}` }));
}

const RESULTS = ['pass', 'fail', 'skip', 'unknown'] as const;

function caseOf(text: string, step: string, set: string | undefined): SimCase {
  const [name = 'unnamed'] = text.split(/\s+/);
  const command = /--shell\s+(.+)$/.exec(text)?.[1];
  const declared = /--result\s+(\w+)/.exec(text)?.[1];
  const measured = Number(/--measurement\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN);
  return {
    name,
    result: RESULTS.find((r) => r === declared) ?? (/^(false|exit 1)$/.test(command ?? '') ? 'fail' : 'pass'),
    set,
    measurement: Number.isNaN(measured) ? undefined : measured,
    units: /--units\s+(\S+)/.exec(text)?.[1],
    shell: command !== undefined,
    step,
  };
}

function unquoted(text: string): string {
  return text.replace(/["']/g, '').trim();
}

/** The URL of the kernel, or of the first artifact if none is called so. */
export function kernelUrl(definition: Definition): string {
  const deploys = definition.actions.map((action) => action.deploy ?? {});
  return findUrl(deploys, 'kernel') ?? findUrl(deploys, undefined) ?? '';
}

function findUrl(value: unknown, key: string | undefined): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const isIt = name === (key ?? 'url');
    if (isIt && typeof item === 'string') return item;
    const inner = findUrl(item, isIt ? undefined : key);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The name in a kernel URL's `/scenario/<name>/`; without one, all goes well. */
export function scenarioOf(definition: Definition): string {
  return /\/scenario\/([a-z0-9-]+)(?:\/|$)/.exec(kernelUrl(definition))?.[1] ?? 'pass';
}

const UNITS = new Map([
  ['seconds', 1000],
  ['minutes', 60_000],
  ['hours', 3_600_000],
  ['days', 86_400_000],
]);

/** A time-out block, `{minutes: 5}`, in milliseconds. */
export function timeoutMs(block: Record<string, number> | undefined): number | undefined {
  for (const [unit, amount] of Object.entries(block ?? {})) {
    const factor = UNITS.get(unit.endsWith('s') ? unit : `${unit}s`);
    if (factor !== undefined) return amount * factor;
  }
  return undefined;
}

/** LAVA's number for a priority. */
export function priorityOf(definition: Definition): number {
  const { priority } = definition;
  if (typeof priority === 'number') return priority;
  return priority === 'high' ? 100 : priority === 'low' ? 0 : 50;
}
