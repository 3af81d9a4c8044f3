// Which builds the admin's triggers are for, as KernelCI's scheduler decides it (kernelci-core kernelci/scheduler.py and
// api/helper.py, August 2026): the event, the build's own filters, the architecture, and the rules. Pure.
import { createHash } from 'node:crypto';
import { DAY, HOUR, MINUTE } from '../core/time.ts';
import type { Board } from '../catalog/boards.ts';
import { ruleRefusal, type BuildRefusal, type RuleFacts } from '../catalog/rules.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { FoundPlan } from '../catalog/plans.ts';
import type { Trigger } from '../catalog/plan-schema.ts';

/** Why a trigger can never fire: only builds that became available are followed. */
export function triggerFault({ on }: Trigger): string | undefined {
  if (on.kind !== 'kbuild') return `it waits for ${on.kind} nodes, and only kbuild nodes are followed`;
  if (on.state !== 'available')
    return `it waits for the state ${on.state}, and builds are followed until they are available`;
  return undefined;
}

/** Whether a build that became available is the trigger's event. */
export function isEvent(trigger: Trigger, kbuild: MaestroNode): boolean {
  const { name, result, group, owner } = trigger.on;
  return (
    triggerFault(trigger) === undefined &&
    (name ?? kbuild.name) === kbuild.name &&
    (result ?? kbuild.result) === kbuild.result &&
    (group ?? kbuild.group) === kbuild.group &&
    (owner ?? kbuild.owner) === kbuild.owner
  );
}

/** Why a plan is not run on a board for this build; undefined if it is. */
export function whyNotRun(
  trigger: Trigger,
  kbuild: MaestroNode,
  plan: FoundPlan,
  board: Board,
): BuildRefusal | undefined {
  const { arch } = kbuild.data;
  if (kbuild.result === 'fail' || kbuild.result === 'incomplete')
    return { key: 'result', text: `the build's result is ${kbuild.result}` };
  if (arch !== undefined && arch !== null && arch !== board.arch)
    return { key: 'arch', text: `the build is for ${arch}, the board is ${board.arch}` };
  return (
    filterRefusal(kbuild, trigger.plan, board.name) ??
    [trigger.rules, plan.rules, board.rules]
      .map((rules) => ruleRefusal(rules, factsOf(kbuild)))
      .find((refusal) => refusal !== undefined)
  );
}

/** A build may be meant for some jobs and boards alone: a retry, or a person's wish. `name+`: also what comes below it. */
function filterRefusal(
  { jobfilter, platform_filter: platforms, path }: MaestroNode,
  job: string,
  board: string,
): BuildRefusal | undefined {
  const above = new Set([...path, job]);
  const isWanted = (item: string): boolean =>
    item === job || (item.endsWith('+') && above.has(item.slice(0, -1)));
  if (jobfilter && jobfilter.length > 0 && !jobfilter.some(isWanted))
    return { key: 'jobfilter', text: `the build's jobfilter has no ${job}` };
  if (platforms && platforms.length > 0 && !platforms.includes(board))
    return { key: 'platform_filter', text: `the build's platform_filter has no ${board}` };
  return undefined;
}

function factsOf(kbuild: MaestroNode): RuleFacts {
  const revision = kbuild.data.kernel_revision;
  return {
    tree: revision?.tree,
    branch: revision?.branch,
    version: revision?.version ?? undefined,
    field: (name) => findField(kbuild, name),
  };
}

const DEPTH = 4;

/** KernelCI looks for the key anywhere in the node. */
function findField(value: unknown, name: string, depth = DEPTH): string | string[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth === 0) return undefined;
  const entries: [string, unknown][] = Object.entries(value);
  for (const [key, own] of entries) {
    if (key !== name) continue;
    if (typeof own === 'string') return own;
    if (Array.isArray(own)) return own.filter((item) => typeof item === 'string');
  }
  for (const [, inner] of entries) {
    const found = findField(inner, name, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A plan's `frequency` (`1d12h`), milliseconds; 0: no limit. KernelCI takes less than a minute for none. */
export function frequencyMs(text: string | undefined): number {
  const [, days = '0', hours = '0', minutes = '0'] =
    /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?$/.exec(text ?? '') ?? [];
  return Number(days) * DAY + Number(hours) * HOUR + Number(minutes) * MINUTE;
}

export interface Target {
  lab: string;
  plan: string;
  board: string;
}

/**
 * The request of a triggered job. Its node is made here and is not in Maestro; its id follows from the lab, the build,
 * the plan and the board, so that the same build never runs twice.
 */
export function requestFor(kbuild: MaestroNode, { lab, plan, board }: Target): JobRequest {
  const { kernel_revision, kernel_type, arch, defconfig, config_full, compiler, fragments } = kbuild.data;
  const { tree_priority, priority } = kbuild.data;
  const build = { kernel_revision, kernel_type, arch, defconfig, config_full, compiler, fragments };
  const id = createHash('sha256')
    .update(JSON.stringify([lab, kbuild.id, plan, board]))
    .digest('hex');
  const node: MaestroNode = {
    id: id.slice(0, 24),
    kind: 'job',
    name: plan,
    path: [...kbuild.path, plan],
    group: plan,
    parent: kbuild.id,
    state: 'running',
    artifacts: {},
    data: { ...build, tree_priority, priority, runtime: lab, platform: board },
    submitter: kbuild.submitter,
    treeid: kbuild.treeid,
    retry_counter: 0,
  };
  return { node, kbuild };
}
