// The plans: what a job name of Maestro means, read from the shipped and the admin's plan files.
import type { ErrorCode } from '../core/error-codes.ts';
import { ConfigError, type Problem } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { overlayFiles, type OverlayDirs } from '../core/overlay.ts';
import { yamlFiles, type Located } from '../core/yaml-file.ts';
import type { RootfsSet } from './rootfs.ts';
import { PlanFile, type Plan, type Trigger } from './plan-schema.ts';

/** A plan, and where it stands. */
export interface FoundPlan extends Plan {
  /** Its name in the file, a pattern maybe. */
  name: string;
  file: string;
}

/** All plans, triggers and priorities of trees: the shipped ones and the admin's. */
export interface Plans {
  /** Names and patterns of all plans, sorted. */
  names(): string[];
  /** The plan of that name or pattern, as it stands in its file. */
  get(name: string): Plan | undefined;
  /** The plan of a job: the one of that name, else the pattern with the most letters that fits. `{*}` is filled in. */
  find(jobName: string): FoundPlan | undefined;
  rootfs(name: string): RootfsSet | undefined;
  /** The priority (0 to 100) of a tree's branch, or of the tree. */
  treePriority(tree: string, branch: string | undefined): number | undefined;
  triggers(): readonly Trigger[];
  /** The problem at the place of `path` in the plan of that name (or pattern). */
  problem(name: string, path: readonly PropertyKey[], code: ErrorCode, message: string): Problem;
}

interface Entry<T> {
  value: T;
  own: boolean;
  file: string;
  at: Located<PlanFile>['at'];
}

const readPlanFile = yamlFiles(PlanFile);

/**
 * Reads all plan files; the admin's own file stands in place of the shipped one of the same name, and what it defines
 * in place of what is shipped under the same name. Throws ConfigError with the problems of all files.
 */
export async function loadPlans(dirs: OverlayDirs): Promise<Plans> {
  const problems: Problem[] = [];
  const files: { located: Located<PlanFile>; own: boolean }[] = [];
  for (const { path, own } of await overlayFiles(dirs, '.yaml')) {
    try {
      files.push({ located: await readPlanFile(path), own });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const plans = collect('plans', files, problems);
  const rootfs = collect('rootfs', files, problems);
  problems.push(...files.flatMap(({ located }) => crossCheck(located, plans, rootfs)));
  if (problems.length > 0) throw new ConfigError(problems);
  const trees = files.toSorted((a, b) => Number(b.own) - Number(a.own)).flatMap((f) => f.located.value.trees);
  const patterns = [...plans.keys()]
    .filter((name) => name.includes('*'))
    .toSorted((a, b) => b.length - a.length);
  return {
    names: () => [...plans.keys()].toSorted(),
    get: (name) => plans.get(name)?.value,
    find: (jobName) => {
      const exact = jobName.includes('*') ? undefined : plans.get(jobName);
      if (exact) return { ...exact.value, name: jobName, file: exact.file };
      for (const name of patterns) {
        const part = matchPart(name, jobName);
        const entry = plans.get(name);
        if (part !== undefined && entry) return { ...fillIn(entry.value, part), name, file: entry.file };
      }
      return undefined;
    },
    rootfs: (name) => rootfs.get(name)?.value,
    treePriority: (tree, branch) =>
      (
        trees.find((t) => t.tree === tree && t.branch === branch && branch !== undefined) ??
        trees.find((t) => t.tree === tree && t.branch === undefined)
      )?.priority,
    triggers: () => files.flatMap(({ located }) => located.value.triggers),
    problem: (name, path, code, message) =>
      plans.get(name)?.at(['plans', name, ...path], code, message) ?? { code, file: name, message },
  };
}

function collect<K extends 'plans' | 'rootfs'>(
  section: K,
  files: readonly { located: Located<PlanFile>; own: boolean }[],
  problems: Problem[],
): Map<string, Entry<PlanFile[K][string]>> {
  const all = new Map<string, Entry<PlanFile[K][string]>>();
  for (const { located, own } of files) {
    for (const [name, value] of Object.entries(located.value[section])) {
      const other = all.get(name);
      if (other?.own === own) {
        problems.push(
          located.at([section, name], 'duplicate', `${section}.${name} is also defined in ${other.file}`),
        );
      } else if (other === undefined || own) {
        all.set(name, { value, own, file: located.file, at: located.at });
      }
    }
  }
  return all;
}

function crossCheck(
  { value, at }: Located<PlanFile>,
  plans: ReadonlyMap<string, unknown>,
  rootfs: ReadonlyMap<string, unknown>,
): Problem[] {
  const problems: Problem[] = [];
  for (const [name, plan] of Object.entries(value.plans)) {
    if (typeof plan.rootfs === 'string' && !rootfs.has(plan.rootfs)) {
      problems.push(
        at(
          ['plans', name, 'rootfs'],
          'unknown_reference',
          `plans.${name}.rootfs: there is no rootfs set ${plan.rootfs}${didYouMean(plan.rootfs, rootfs.keys())}`,
        ),
      );
    }
    const names = plan.tests.map((t) => t.name);
    if (names.length > 1 && new Set(names).size < names.length) {
      problems.push(
        at(
          ['plans', name, 'tests'],
          'duplicate',
          `plans.${name}.tests: several tests need a name each, all different`,
        ),
      );
    }
  }
  for (const [i, trigger] of value.triggers.entries()) {
    const known =
      plans.has(trigger.plan) || [...plans.keys()].some((p) => matchPart(p, trigger.plan) !== undefined);
    if (!known)
      problems.push(
        at(
          ['triggers', i, 'plan'],
          'unknown_reference',
          `triggers.${i}.plan: there is no plan ${trigger.plan}${didYouMean(trigger.plan, plans.keys())}`,
        ),
      );
  }
  return problems;
}

const PART = /^[A-Za-z0-9._+-]+$/;

/** What the `*` of a pattern stands for in a name; undefined if it does not fit. */
function matchPart(pattern: string, name: string): string | undefined {
  const star = pattern.indexOf('*');
  if (star < 0) return undefined;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  if (!name.startsWith(head) || !name.endsWith(tail)) return undefined;
  const part = name.slice(head.length, Math.max(head.length, name.length - tail.length));
  // It goes into parameters and reports; a job name is any text.
  return PART.test(part) ? part : undefined;
}

function fillIn<T>(value: T, part: string): T {
  if (typeof value === 'string') return value.replaceAll('{*}', () => part) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => fillIn(item, part)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fillIn(v as unknown, part)])) as T;
}
