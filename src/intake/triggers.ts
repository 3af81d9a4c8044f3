// Jobs that Maestro did not ask for: a lab that is a CI system of its own runs the admin's plans on the builds of
// Maestro. Nothing of it is written to Maestro; the results go to KCIDB under the lab's origin.
import { errorText, RequestError } from '../core/errors.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { MaestroClient } from '../maestro/client.ts';
import { createKbuildFeed, type Feed } from './feed.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Trigger } from '../catalog/plan-schema.ts';
import type { Logger } from 'pino';
import type { Plans } from '../catalog/plans.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/index.ts';
import { cursorsOf, type CursorPorts } from './maestro-intake.ts';
import { stubOf } from './gate.ts';
import type { Bell } from './polling.ts';
import { receive, type ReceivePorts } from './receive.ts';
import { createTakeIn, type TakeIn, type TakeInPorts } from './take-in.ts';
import { frequencyMs, isEvent, requestFor, triggerFault, whyNotRun, type Target } from './trigger-match.ts';
import { settingKey } from '../store/settings.ts';

/** What starting plans on builds uses. */
export type TriggerPorts = ReceivePorts &
  CursorPorts &
  TakeInPorts & {
    log: Logger;
    now: Clock;
  };

/** What forgetting old runs uses. */
export interface ForgetPorts {
  store: Pick<Store, 'dropSettings'>;
  plans: Plans;
  now: Clock;
}

/** Whether any lab takes triggered jobs. */
export function hasTriggers({ labs }: Pick<BridgeConfig, 'labs'>): boolean {
  return labs.some(({ accept }) => accept.includes('triggers'));
}

/** Forgets when plans last ran, where that no longer keeps one from running. */
export function forgetRuns({ store, plans, now }: ForgetPorts): Promise<void> {
  const all = plans.triggers().map(({ plan }) => frequencyMs(plans.find(plan)?.frequency));
  return store.dropSettings('trigger', now() - Math.max(0, ...all));
}

/** Follows Maestro's builds, and starts what the plans' triggers say. */
export function createTriggers(
  ports: TriggerPorts,
  client: Pick<MaestroClient, 'events'>,
  settings: Pick<NonNullable<BridgeConfig['maestro']>, 'poll_interval'>,
  bell?: Bell,
): Feed {
  for (const trigger of ports.plans.triggers()) {
    const fault = triggerFault(trigger);
    if (fault !== undefined) ports.log.warn({ plan: trigger.plan }, `a trigger never fires: ${fault}`);
  }
  const takeIn = createTakeIn(ports);
  return createKbuildFeed({
    client,
    receive: (kbuild) => start(kbuild, ports, takeIn),
    pollMs: settings.poll_interval,
    bell,
    cursors: cursorsOf(ports),
    onState: (state, { code, text }) => {
      if (state === 'up') ports.log.info('Maestro’s builds are followed');
      else ports.log.warn({ code, why: text }, 'Maestro is away; its builds are seen when it is back');
    },
    onProblem: (message) => ports.log.warn(message),
    clock: ports.now,
  });
}

/** May be repeated for a build: what was started is not started again. Throws what the store throws, and TakeIn. */
async function start(kbuild: MaestroNode, ports: TriggerPorts, takeIn: TakeIn): Promise<void> {
  const started: string[] = [];
  const skipped: string[] = [];
  for (const trigger of ports.plans.triggers()) {
    if (!isEvent(trigger, kbuild)) continue;
    for (const target of targetsOf(trigger, ports)) {
      const name = `${target.plan} on ${target.board} in ${target.lab}`;
      const reason = whyNot(trigger, kbuild, target, ports) ?? (await run(kbuild, target, ports, takeIn));
      if (reason === undefined) started.push(name);
      else skipped.push(`${name}: ${reason}`);
    }
  }
  if (started.length + skipped.length > 0) {
    ports.log.info({ kbuild: kbuild.id, build: kbuild.name, started, skipped }, 'a build became available');
  }
}

function targetsOf({ plan, labs, boards }: Trigger, ports: TriggerPorts): Target[] {
  return [...ports.labs.values()]
    .filter(({ name, config }) => config.accept.includes('triggers') && (labs?.includes(name) ?? true))
    .flatMap(({ name: lab }) => boards.map((board) => ({ lab, plan, board })));
}

function whyNot(
  trigger: Trigger,
  kbuild: MaestroNode,
  target: Target,
  ports: TriggerPorts,
): string | undefined {
  const board = ports.boards.find(target.board, target.lab);
  const plan = ports.plans.find(target.plan);
  if (board === undefined) return 'the board is not registered for this lab';
  if (plan === undefined) return 'there is no such plan';
  return whyNotRun(trigger, kbuild, plan, board)?.text;
}

/** Why it was not started; undefined if it was. */
async function run(
  kbuild: MaestroNode,
  target: Target,
  ports: TriggerPorts,
  takeIn: TakeIn,
): Promise<string | undefined> {
  const request = requestFor(kbuild, target);
  let why: string | undefined;
  const isNew = await takeIn({ lab: target.lab, id: request.node.id }, async (refusal) => {
    why = await receiveNew(kbuild, target, request, refusal, ports);
  });
  return isNew ? why : 'it has run for this build';
}

async function receiveNew(
  kbuild: MaestroNode,
  target: Target,
  request: JobRequest,
  killed: RequestError | undefined,
  ports: TriggerPorts,
): Promise<string | undefined> {
  const { tree = '', branch = '' } = kbuild.data.kernel_revision ?? {};
  const key = settingKey('trigger', JSON.stringify([target.lab, target.plan, target.board, tree, branch]));
  const every = frequencyMs(ports.plans.find(target.plan)?.frequency);
  if (every > 0 && ports.now() - Number((await ports.store.setting(key)) ?? -Infinity) < every) {
    return `it has run for ${tree} ${branch} within its frequency`;
  }
  try {
    const { refusal } = await receive(
      'trigger',
      killed === undefined ? request : stubOf(request),
      ports,
      killed,
    );
    // Stored after the job: if the power fails between the two, the plan may run once too often, but never too seldom.
    if (every > 0) await ports.store.saveSetting(key, String(ports.now()));
    return refusal === undefined ? undefined : errorText(refusal);
  } catch (error) {
    if (error instanceof RequestError) return errorText(error);
    throw error;
  }
}
