// KernelCI's runtimes → labs: those of LAVA, and those that pull their jobs.
import type { z } from 'zod';
import { firstIssue } from '../core/issue-path.ts';
import type { Rules } from '../catalog/rules.ts';
import { LabConfig } from '../config/schema.ts';
import type { Importing } from './context.ts';
import { takeRules } from './rules.ts';
import { Runtime } from './schema.ts';
import { checkEntries, type Entry } from './source.ts';

const KIND = 'runtimes';

type LabEntry = z.input<typeof LabConfig>;

export interface Lab {
  name: string;
  /** Whether KernelCI submits to its LAVA, has it pull LAVA definitions, or PULL_LABS definitions. */
  way: 'push' | 'lava_pull' | 'pull_labs';
  /** The builds that it wants; KernelCI's scheduler sees to it, our triggers must. */
  rules: Rules | undefined;
  entry: LabEntry;
  /** What must be filled in before the lab can be used. */
  todo: string[];
}

/** All labs that could be taken over, by name. */
export function importRuntimes(importing: Importing): Map<string, Lab> {
  const { source, ledger } = importing;
  const labs = new Map<string, Lab>();
  const entries = checkEntries(source.entries('runtimes'), Runtime, (e, reason) =>
    ledger.left(KIND, e.name, reason),
  );
  for (const runtime of entries) {
    const lab = labOf(runtime, ledger);
    if (typeof lab === 'string') {
      ledger.left(KIND, runtime.name, lab);
      continue;
    }
    const parsed = LabConfig.safeParse(lab.entry);
    if (parsed.success) {
      ledger.over(KIND);
      labs.set(runtime.name, lab);
    } else {
      ledger.left(KIND, runtime.name, `${runtime.place}: ${firstIssue(parsed.error).text}`);
    }
  }
  return labs;
}

function labOf({ name, value: runtime }: Entry<Runtime>, ledger: Importing['ledger']): Lab | string {
  const type = (runtime.lab_type ?? '').replace(/^legacy\.lava_(xmlrpc|rest)$/, 'lava');
  if (type !== 'lava' && type !== 'pull_labs')
    return `runs on ${type || 'nothing that it names'}, not on LAVA`;
  const url = type === 'lava' ? runtime.url : undefined;
  const way = type === 'pull_labs' ? 'pull_labs' : url === undefined ? 'lava_pull' : 'push';
  const note = (text: string): void => ledger.note(KIND, name, text);
  const { rules, problems } = takeRules(runtime.rules);
  for (const problem of problems) note(`${problem}: left out`);
  if (rules !== undefined)
    note('its rules stand in its triggers: KernelCI applies them before it makes a job');
  if (runtime['disable_queue_limit'] === true)
    note('without disable_queue_limit: the queue is asked for in another way here');
  if (runtime['max_queue_depth_priority_factor'] !== undefined)
    note('without max_queue_depth_priority_factor: the limit is the same for all priorities here');
  const token = callbackToken(runtime, note);
  const upper = name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^(?=\d)/, '_');
  return {
    name,
    way,
    rules,
    entry: {
      name,
      origin: originOf(name),
      lava: {
        url: url?.replace(/\/+$/, '') ?? `https://${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.invalid`,
        user: 'kernelci',
        token: { env: `${upper}_TOKEN` },
        ...priorityRange(runtime, note),
      },
      callback: { token_name: token ?? 'lava-bridge', token: { env: `${upper}_CALLBACK_TOKEN` } },
      ...(runtime.max_queue_depth === undefined || runtime.max_queue_depth < 1
        ? {}
        : { limits: { max_queued_per_device: Math.floor(runtime.max_queue_depth) } }),
      accept: way === 'push' ? ['push'] : [way, 'push'],
      // The definitions that this lab pulls name the token for Maestro's own callback.
      ...(way === 'lava_pull' && token !== undefined ? { definitions: { notify_tokens: [token] } } : {}),
    },
    todo: [
      ...(url === undefined ? ['lava.url: KernelCI does not know it'] : []),
      'lava.user: the LAVA user whom the token belongs to',
      ...(token === undefined ? ['callback.token_name: KernelCI names none'] : []),
    ],
  };
}

/** KCIDB takes lower-case letters, digits and _ alone. */
function originOf(name: string): string {
  const origin = name
    .toLowerCase()
    .replace(/^lava-(?=.)/, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return origin === '' ? 'lab' : origin;
}

/** The name of the token that LAVA calls back with. All else that can be said there is fixed here. */
function callbackToken(runtime: Runtime, note: (text: string) => void): string | undefined {
  const callback = runtime.notify?.callback;
  const fixed: Record<string, string> = { 'content-type': 'json', dataset: 'all', method: 'POST' };
  for (const [key, value] of Object.entries(callback ?? {})) {
    if (key !== 'token' && fixed[key] !== value) note(`without notify.callback.${key}: ${String(value)}`);
  }
  const token = callback?.['token'];
  return token === undefined || token === '' ? undefined : String(token);
}

const PRIORITY_WORDS: Readonly<Record<string, number>> = { low: 0, medium: 50, high: 100 };

/**
 * The range that KernelCI's 0 to 100 is scaled into. As in kernelci-core: `priority` alone counts if it is there and
 * not 0; of `priority_min` and `priority_max` one without the other says nothing; with `priority: low` (0) both are 0
 * where they are not given.
 */
function priorityRange(
  runtime: Runtime,
  note: (text: string) => void,
): { priority?: { min: number; max: number } } {
  const word = runtime.priority;
  const factor = typeof word === 'string' ? (PRIORITY_WORDS[word.toLowerCase()] ?? Number(word)) : word;
  if (factor !== undefined && (typeof factor !== 'number' || Number.isNaN(factor))) {
    note(`priority ${String(word)} is neither low, medium, high nor a number: left out`);
    return {};
  }
  if (factor) return { priority: { min: 0, max: clamped(factor) } };
  const [min, max] = [runtime.priority_min ?? factor, runtime.priority_max ?? factor];
  if (min === undefined || max === undefined) {
    if (min !== max)
      note('priority_min without priority_max says nothing, nor the other way round, as in KernelCI');
    return {};
  }
  const [low, high] = [clamped(min), clamped(max)];
  if (low > high) note(`priority_min ${low} is above priority_max ${high}: turned round`);
  return { priority: { min: Math.min(low, high), max: Math.max(low, high) } };
}

function clamped(value: number): number {
  return Math.floor(Math.max(0, Math.min(100, value)));
}
