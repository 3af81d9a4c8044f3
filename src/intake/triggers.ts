// Jobs that Maestro did not ask for: a lab that is a CI system of its own runs the admin's plans on the builds of
// Maestro. Nothing of it is written to Maestro; the results go to KCIDB under the lab's origin.
import { errorText, RequestError } from '../core/errors.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { MaestroClient } from '../maestro/client.ts';
import { createKbuildFeed, type Feed } from './feed.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { Trigger } from '../catalog/plan-schema.ts';
import type { Context } from '../lifecycle/context.ts';
import { cursorsOf } from './maestro-intake.ts';
import { receive } from './receive.ts';
import { frequencyMs, isEvent, requestFor, triggerFault, whyNotRun, type Target } from './trigger-match.ts';

/** Whether any lab takes triggered jobs. */
export function hasTriggers({ labs }: Pick<BridgeConfig, 'labs'>): boolean {
  return labs.some(({ accept }) => accept.includes('triggers'));
}

/** Settings that begin so keep when a plan last ran on a board for a branch. */
const RAN = 'trigger ';

/** Forgets when plans last ran, where that no longer keeps one from running. */
export function forgetRuns({ store, plans, now }: Pick<Context, 'store' | 'plans' | 'now'>): Promise<void> {
  const all = plans.triggers().map(({ plan }) => frequencyMs(plans.find(plan)?.frequency));
  return store.dropSettings(RAN, now() - Math.max(0, ...all));
}

/** Follows Maestro's builds, and starts what the plans' triggers say. */
export function createTriggers(
  ctx: Context,
  client: Pick<MaestroClient, 'events'>,
  settings: Pick<NonNullable<BridgeConfig['maestro']>, 'poll_interval'>,
): Feed {
  for (const trigger of ctx.plans.triggers()) {
    const fault = triggerFault(trigger);
    if (fault !== undefined) ctx.log.warn({ plan: trigger.plan }, `a trigger never fires: ${fault}`);
  }
  return createKbuildFeed({
    client,
    receive: (kbuild) => start(kbuild, ctx),
    pollMs: settings.poll_interval,
    cursors: cursorsOf(ctx),
    onState: (state, why) => {
      if (state === 'up') ctx.log.info('Maestro’s builds are followed');
      else ctx.log.warn({ why }, 'Maestro is away; its builds are seen when it is back');
    },
    onProblem: (message) => ctx.log.warn(message),
    clock: ctx.now,
  });
}

/** May be repeated for a build: what was started is not started again. Throws what the store throws. */
async function start(kbuild: MaestroNode, ctx: Context): Promise<void> {
  const started: string[] = [];
  const skipped: string[] = [];
  for (const trigger of ctx.plans.triggers()) {
    if (!isEvent(trigger, kbuild)) continue;
    for (const target of targetsOf(trigger, ctx)) {
      const name = `${target.plan} on ${target.board} in ${target.lab}`;
      const reason = whyNot(trigger, kbuild, target, ctx) ?? (await run(kbuild, target, ctx));
      if (reason === undefined) started.push(name);
      else skipped.push(`${name}: ${reason}`);
    }
  }
  if (started.length + skipped.length > 0) {
    ctx.log.info({ kbuild: kbuild.id, build: kbuild.name, started, skipped }, 'a build became available');
  }
}

function targetsOf({ plan, labs, boards }: Trigger, ctx: Context): Target[] {
  return [...ctx.labs.values()]
    .filter(({ name, config }) => config.accept.includes('triggers') && (labs?.includes(name) ?? true))
    .flatMap(({ name: lab }) => boards.map((board) => ({ lab, plan, board })));
}

function whyNot(trigger: Trigger, kbuild: MaestroNode, target: Target, ctx: Context): string | undefined {
  const board = ctx.boards.find(target.board, target.lab);
  const plan = ctx.plans.find(target.plan);
  if (board === undefined) return 'the board is not registered for this lab';
  if (plan === undefined) return 'there is no such plan';
  return whyNotRun(trigger, kbuild, plan, board);
}

/** Why it was not started; undefined if it was. */
async function run(kbuild: MaestroNode, target: Target, ctx: Context): Promise<string | undefined> {
  const request = requestFor(kbuild, target);
  if ((await ctx.store.job(`${target.lab}:${request.node.id}`)) !== undefined)
    return 'it has run for this build';
  const { tree = '', branch = '' } = kbuild.data.kernel_revision ?? {};
  const key = `${RAN}${JSON.stringify([target.lab, target.plan, target.board, tree, branch])}`;
  const every = frequencyMs(ctx.plans.find(target.plan)?.frequency);
  if (every > 0 && ctx.now() - Number((await ctx.store.setting(key)) ?? -Infinity) < every) {
    return `it has run for ${tree} ${branch} within its frequency`;
  }
  try {
    const { refusal } = await receive('trigger', request, ctx);
    // Stored after the job: if the power fails between the two, the plan may run once too often, but never too seldom.
    if (every > 0) await ctx.store.saveSetting(key, String(ctx.now()));
    return refusal === undefined ? undefined : errorText(refusal);
  } catch (error) {
    if (error instanceof RequestError) return errorText(error);
    throw error;
  }
}
