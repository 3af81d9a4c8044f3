// What a LAVA job definition says of the job, as far as verdicts need it. LAVA echoes the definition in its callback.
import { z } from 'zod';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { parseYaml, yamlValue } from '../core/parse/yaml.ts';

/** The parts of a job definition that verdicts are made with. */
export interface JobOutline {
  /** Its test definitions in the order they run. */
  suites: SuiteOutline[];
  /** Whether it boots a kernel: a job may go into a boot loader only. */
  bootsKernel: boolean;
  /** The prompts that LAVA waits for at the last boot, a login's among them, as written: regular expressions of Python. */
  prompts: string[];
  deviceType: string | undefined;
  /** The whole job's time-out, seconds. */
  timeout: number | undefined;
  /** Whether the root file system comes over NFS. */
  nfs: boolean;
  /** The job's own `metadata`, scalars only. */
  metadata: Record<string, string>;
}

/** A test definition of a job, as LAVA calls it. */
interface SuiteOutline {
  /** With LAVA's number where LAVA gives one. */
  name: string;
  /** Those of a shell begin by a signal of the board; the others with LAVA's action. */
  kind: 'shell' | 'interactive' | 'monitor';
  /** The job's test action that it belongs to, counted from 0. */
  action: number;
}

const named = z.looseObject({ name: z.coerce.string() });
const TestAction = z.looseObject({
  namespace: z.string().optional(),
  definitions: z.array(named).optional(),
  interactive: z.array(named).optional(),
  monitors: z.array(named).optional(),
});
const BootAction = z.looseObject({
  method: z.string().optional().catch(undefined),
  prompts: z.union([z.array(z.coerce.string()), z.coerce.string().transform((one) => [one])]).catch([]),
  auto_login: z.looseObject({ login_prompt: z.coerce.string() }).optional().catch(undefined),
});
const Duration = z.partialRecord(z.enum(['days', 'hours', 'minutes', 'seconds']), z.number());
const Definition = z.looseObject({
  device_type: z.coerce.string().optional().catch(undefined),
  actions: z.array(z.looseObject({})).catch([]),
  timeouts: z.looseObject({ job: Duration.optional() }).optional().catch(undefined),
  metadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

const NONE: JobOutline = {
  suites: [],
  bootsKernel: true,
  prompts: [],
  deviceType: undefined,
  timeout: undefined,
  nfs: false,
  metadata: {},
};

/** Reads a definition's YAML; what can't be read of it counts as not there. */
export function readOutline(definition: string | undefined): JobOutline {
  const parsed = Definition.safeParse(readYaml(definition));
  if (!parsed.success) return NONE;
  const { actions, timeouts, device_type, metadata } = parsed.data;
  const boots = actions.flatMap((action) => {
    const boot = BootAction.safeParse(action['boot']);
    return boot.success ? [boot.data] : [];
  });
  return {
    suites: suitesOf(actions),
    // LAVA's boot method that only waits for the boot loader's prompt (lava_dispatcher/actions/boot/bootloader.py).
    bootsKernel: boots.length === 0 || boots.some(({ method }) => method !== 'bootloader'),
    prompts: promptsOf(boots.at(-1)),
    deviceType: device_type,
    timeout: timeouts?.job && seconds(timeouts.job),
    nfs: actions.some(usesNfs),
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).flatMap(([key, value]) =>
        ['string', 'number', 'boolean'].includes(typeof value) ? [[key, String(value)]] : [],
      ),
    ),
  };
}

function promptsOf(boot: z.infer<typeof BootAction> | undefined): string[] {
  if (boot === undefined) return [];
  const { prompts, auto_login: login } = boot;
  return login === undefined ? prompts : [...prompts, login.login_prompt];
}

function readYaml(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return yamlValue(parseYaml(text, PARSE_LIMITS.yamlDocument), ({ value }) => value);
  } catch {
    // The verdict then goes by the results alone.
    return undefined;
  }
}

/**
 * LAVA numbers definitions from 0 through all test actions of a namespace (lava_dispatcher/actions/deploy/testdef.py);
 * interactive ones carry their stage, monitors nothing.
 */
function suitesOf(actions: Record<string, unknown>[]): SuiteOutline[] {
  const counts = new Map<string, number>();
  const tests = actions.filter((action) => 'test' in action);
  return tests.flatMap((action, stage): SuiteOutline[] => {
    const parsed = TestAction.safeParse(action['test']);
    if (!parsed.success) return [];
    const { definitions = [], interactive = [], monitors = [], namespace = 'common' } = parsed.data;
    const numbered = definitions.map(({ name }): SuiteOutline => {
      const n = counts.get(namespace) ?? 0;
      counts.set(namespace, n + 1);
      return { name: `${n}_${name}`, kind: 'shell', action: stage };
    });
    return [
      ...numbered,
      ...interactive.map(({ name }): SuiteOutline => ({
        name: `${stage}_${name}`,
        kind: 'interactive',
        action: stage,
      })),
      ...monitors.map(({ name }): SuiteOutline => ({ name, kind: 'monitor', action: stage })),
    ];
  });
}

function usesNfs(action: Record<string, unknown>): boolean {
  const { deploy, boot } = action;
  if (isObject(deploy) && ('nfsrootfs' in deploy || 'persistent_nfs' in deploy)) return true;
  return isObject(boot) && (boot['commands'] === 'nfs' || boot['method'] === 'qemu-nfs');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function seconds(d: z.infer<typeof Duration>): number {
  return (((d.days ?? 0) * 24 + (d.hours ?? 0)) * 60 + (d.minutes ?? 0)) * 60 + (d.seconds ?? 0);
}

/** A suite's name without LAVA's number: one number, since a name may begin with digits itself. */
export function withoutNumber(suite: string): string {
  return suite.replace(/^\d+_/, '');
}
