// KernelCI's scheduler entries → triggers, and every combination of job, board and lab that they ask for.
import type { z } from 'zod';
import type { Rules } from '../catalog/rules.ts';
import type { Trigger } from '../catalog/plan-schema.ts';
import type { Importing } from './context.ts';
import { bothRules, takeRules } from './rules.ts';
import type { Lab } from './runtimes.ts';
import { SchedulerEntry } from './schema.ts';
import { checkEntries, type Entry } from './source.ts';

const KIND = 'scheduler entries';

type TriggerEntry = z.input<typeof Trigger>;

/** A job on a board of a lab, for one build. */
export interface Combination {
  job: string;
  platform: string;
  lab: string;
  /** The build's name; undefined if any build will do. */
  build: string | undefined;
  rules: Rules | undefined;
}

/** What came over, for entries to name. */
export interface Known {
  labs: ReadonlyMap<string, Lab>;
  /** All runtimes of KernelCI. */
  runtimes: ReadonlySet<string>;
  jobs: ReadonlySet<string>;
  platforms: ReadonlySet<string>;
}

export interface Schedule {
  triggers: TriggerEntry[];
  /** On labs that came over; a combination that is scheduled twice is here twice. */
  combinations: Combination[];
  /** Asked for in vain: names that KernelCI does not know, which its scheduler passes over without a word. */
  unknown: { reason: string; names: string[]; combinations: number }[];
  /** Names of the builds that somebody makes. */
  builds: Set<string>;
}

export function importScheduler(importing: Importing, known: Known): Schedule {
  const { source, ledger } = importing;
  const schedule: Schedule = { triggers: [], combinations: [], unknown: [], builds: new Set() };
  const names = new Map(
    ['runtimes', 'jobs', 'platforms'].map((section) => [
      section,
      new Set(source.entries(section).map(({ name }) => name)),
    ]),
  );
  const isThere = (section: string, name: string): boolean => names.get(section)?.has(name) ?? false;
  const entries = checkEntries(source.entries('scheduler'), SchedulerEntry, (e, reason) =>
    ledger.left(KIND, e.place, reason),
  );
  for (const entry of entries) {
    const { job, runtime, platforms = [] } = entry.value;
    schedule.builds.add(job);
    const inVain = (reason: string, name: string, combinations: number): void => {
      const same = schedule.unknown.find((one) => one.reason === reason) ?? {
        reason,
        names: [],
        combinations: 0,
      };
      if (!schedule.unknown.includes(same)) schedule.unknown.push(same);
      if (!same.names.includes(name)) same.names.push(name);
      same.combinations += combinations;
    };
    const lab = runtime?.name === undefined ? undefined : known.labs.get(runtime.name);
    if (runtime?.name !== undefined && !isThere('runtimes', runtime.name)) {
      inVain('there is no such runtime', runtime.name, platforms.length);
    } else if (!isThere('jobs', job)) {
      inVain('there is no such job', job, platforms.length);
    } else if (lab !== undefined && platforms.length === 0) {
      inVain('names no platforms, and none is called as the lab’s kind', `${job} on ${lab.name}`, 0);
    }
    for (const platform of platforms) {
      if (!isThere('platforms', platform)) inVain('there is no such platform', platform, 1);
      else if (lab !== undefined && isThere('jobs', job))
        schedule.combinations.push(combination(entry.value, platform, lab));
    }
    const trigger = triggerOf(entry, lab, known);
    if (typeof trigger === 'string') {
      ledger.left(KIND, `${job} (${entry.place})`, trigger);
    } else {
      ledger.over(KIND);
      schedule.triggers.push(trigger);
    }
  }
  return schedule;
}

function combination({ job, event, rules }: SchedulerEntry, platform: string, lab: Lab): Combination {
  return { job, platform, lab: lab.name, build: event.name, rules: takeRules(rules).rules };
}

const EVENT_KEYS = ['kind', 'name', 'state', 'result', 'group', 'owner'] as const;

/** The trigger of an entry, or why it has none. */
function triggerOf(
  { value: entry }: Entry<SchedulerEntry>,
  lab: Lab | undefined,
  known: Known,
): TriggerEntry | string {
  const { job, event, runtime, platforms = [] } = entry;
  if (lab === undefined) {
    if (runtime?.name === undefined) {
      const isOurs = runtime?.type === 'lava' || runtime?.type === 'pull_labs';
      const type = `a runtime of type ${runtime?.type ?? '(none)'}`;
      return isOurs ? `leaves it to chance which lab runs it (${type})` : `for ${type}`;
    }
    if (!known.runtimes.has(runtime.name)) return `there is no runtime ${runtime.name} in this configuration`;
    return `its runtime ${runtime.name} did not come over`;
  }
  if (!known.jobs.has(job)) return 'its job did not come over';
  const boards = platforms.filter((platform) => known.platforms.has(platform));
  if (boards.length === 0) return 'none of its platforms came over';
  const { channel = 'node', ...match } = event;
  if (channel !== 'node') return `listens on channel ${String(channel)}`;
  const strange = Object.entries(match).find(
    ([key, value]) =>
      value !== undefined && (typeof value !== 'string' || !EVENT_KEYS.some((one) => one === key)),
  )?.[0];
  if (strange !== undefined) return `matches event.${strange}, which triggers here cannot`;
  const { rules, problems } = takeRules(entry.rules);
  if (problems.length > 0) return problems.join('; ');
  const both = bothRules(rules, lab.rules);
  if (both === 'nothing left') return `its rules and those of ${lab.name} leave no build`;
  const on = Object.fromEntries(
    EVENT_KEYS.flatMap((key) => {
      const value = match[key];
      const isDefault = (key === 'kind' && value === 'kbuild') || (key === 'state' && value === 'available');
      return typeof value !== 'string' || isDefault ? [] : [[key, value]];
    }),
  );
  return { plan: job, on, labs: [lab.name], boards, ...(both === undefined ? {} : { rules: both }) };
}
