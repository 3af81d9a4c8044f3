// A job's priority in LAVA: KernelCI's 0 to 100, scaled into the range that the lab grants (kernelci-core
// kernelci/runtime/lava.py, August 2026).
import type { MaestroNode } from '../maestro/node.ts';
import type { Plans } from '../catalog/plans.ts';
import { isPriorityWord, PRIORITY_WORDS, type Plan } from '../catalog/plan-schema.ts';

/** What a job that a person asked for has, if they did not say. */
const USER = 80;

/** 0 to 100: a person's wish, else the tree's, else the plan's, else low. */
export function basePriority(
  node: MaestroNode,
  plan: Pick<Plan, 'priority'> | undefined,
  trees: Pick<Plans, 'treePriority'>,
): number {
  const { data, submitter } = node;
  if (submitter && submitter !== 'service:pipeline') return priorityOf(data.priority) ?? USER;
  const revision = data.kernel_revision;
  const fromTree =
    priorityOf(data.tree_priority) ??
    (revision ? trees.treePriority(revision.tree, revision.branch) : undefined);
  return fromTree ?? plan?.priority ?? PRIORITY_WORDS.low;
}

/** `base` (0 to 100) in the lab's range, a whole number. */
export function labPriority(base: number, range: { min: number; max: number }): number {
  return Math.floor((base * (range.max - range.min)) / 100 + range.min);
}

function priorityOf(value: string | number | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (typeof word === 'string' && isPriorityWord(word)) return PRIORITY_WORDS[word];
  const number = Number(value);
  return Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : undefined;
}
