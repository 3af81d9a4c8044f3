// A LAVA job definition: one description of its shape for all that we make, take and check. What its values may be is
// said by rules (value-rules.ts): LAVA's own here, a lab's policy in supplied-rules.ts.
import { z } from 'zod';
import { bootSchema } from './boot.ts';
import { actionKeys, text, Timeout, timeoutSeconds, VariableName } from './common.ts';
import { CONTEXT_VARIABLES } from './context-variables.ts';
import { deploySchema } from './deploy.ts';
import { notifySchema } from './notify.ts';
import { testSchema } from './test.ts';
import { LAVA_RULES, type Fault, type ValueRules } from './value-rules.ts';

const ContextValue = z.union([z.string(), z.number().int(), z.boolean()]);
const Context = z.strictObject(
  Object.fromEntries(
    CONTEXT_VARIABLES.map((name) => [name, z.union([ContextValue, z.array(ContextValue)]).optional()]),
  ),
);

function actionSchema(rules: ValueRules) {
  return rules
    .object({
      deploy: deploySchema(rules).optional(),
      boot: bootSchema(rules).optional(),
      test: testSchema(rules).optional(),
      command: rules.object({ ...actionKeys(rules), name: rules.command }).optional(),
    })
    .refine((a) => Object.keys(a).length === 1, 'exactly one of deploy, boot, test and command');
}

/** Who may see the job: `public`, `personal`, or members of all the groups. */
function visibilitySchema(rules: ValueRules) {
  return z
    .union([z.enum(['public', 'personal']), rules.object({ group: z.array(text) })], {
      error: 'public, personal or {group: […]}',
    })
    .superRefine((who, ctx) => {
      for (const name of typeof who === 'string' ? [who] : who.group) {
        const [issue] = rules.visibility.safeParse(name).error?.issues ?? [];
        const params = issue?.code === 'custom' ? issue.params : undefined;
        if (issue !== undefined)
          ctx.addIssue({ code: 'custom', message: issue.message, ...(params && { params }) });
      }
    });
}

/** The schema of a job definition whose values keep to the rules. */
export function definitionSchema(rules: ValueRules) {
  const named = z.record(rules.word, Timeout).optional();
  return rules
    .object({
      job_name: rules.strict ? text.max(200) : text,
      device_type: rules.deviceType.optional(),
      visibility: visibilitySchema(rules),
      priority: z.union([z.enum(['high', 'medium', 'low']), z.number().int().min(0).max(100)]).optional(),
      timeouts: rules.object({
        job: Timeout,
        action: Timeout.optional(),
        actions: named,
        connection: Timeout.optional(),
        connections: named,
        queue: Timeout.optional(),
      }),
      context: rules.context.optional(),
      metadata: z.record(z.string(), z.unknown()).optional(),
      tags: z.array(text).optional(),
      secrets: z.record(VariableName, rules.token).optional(),
      environment: z.record(VariableName, z.union([z.string(), z.number(), z.boolean()])).optional(),
      protocols: rules.reaching(
        z.record(z.string(), z.unknown()),
        'protocols reach other boards, networks and containers of the lab',
      ),
      notify: notifySchema(rules).optional(),
      reboot_to_fastboot: z.boolean().optional(),
      device: rules.device.optional(),
      worker: rules.worker.optional(),
      actions: z.array(actionSchema(rules)).min(1),
    })
    .superRefine((job, ctx) => {
      const strict = rules.strict ? [...timeoutFaults(job), ...namespaceFaults(job)] : [];
      for (const [path, message] of [...strict, ...deviceTypeFaults(job), ...nameFaults(job)]) {
        ctx.addIssue({ code: 'custom', path: [...path], message });
      }
    });
}

/** What LAVA's strict schema takes, of 2023.01 and newer; what our templates make is checked against it. */
export const LavaDefinition = definitionSchema({ ...LAVA_RULES, context: Context });
export type LavaDefinition = z.infer<typeof LavaDefinition>;

type Parts = Pick<LavaDefinition, 'timeouts' | 'actions' | 'device_type' | 'protocols'>;

export type LavaAction = { namespace?: string | undefined; timeout?: Timeout | undefined };

/** The one action in an entry of `actions`, and which it is. */
export function actionOf(entry: LavaDefinition['actions'][number]): { kind: string; action: LavaAction } {
  for (const [kind, action] of Object.entries(entry)) if (action !== undefined) return { kind, action };
  return { kind: 'deploy', action: {} };
}

function* timeoutFaults({ timeouts, actions }: Parts): Generator<Fault> {
  const whole = timeoutSeconds(timeouts.job);
  const { job: _, queue: __, actions: named = {}, connections = {}, ...single } = timeouts;
  const all: [path: (string | number)[], timeout: Timeout | undefined][] = [
    ...Object.entries(single).map(([key, t]): [string[], Timeout | undefined] => [['timeouts', key], t]),
    ...Object.entries(named).map(([key, t]): [string[], Timeout] => [['timeouts', 'actions', key], t]),
    ...Object.entries(connections).map(([key, t]): [string[], Timeout] => [
      ['timeouts', 'connections', key],
      t,
    ]),
    ...actions.map((entry, i): [(string | number)[], Timeout | undefined] => {
      const { kind, action } = actionOf(entry);
      return [['actions', i, kind, 'timeout'], action.timeout];
    }),
  ];
  for (const [path, timeout] of all) {
    if (timeout !== undefined && timeoutSeconds(timeout) > whole)
      yield [path, 'longer than the time-out of the job'];
  }
}

function* deviceTypeFaults({ device_type, protocols }: Parts): Generator<Fault> {
  const multinode = protocols !== undefined && 'lava-multinode' in protocols;
  if (device_type === undefined && !multinode) yield [['device_type'], 'is missing'];
  if (device_type !== undefined && multinode) yield [['device_type'], 'has no place in a multinode job'];
}

function* namespaceFaults({ actions }: Parts): Generator<Fault> {
  const without = actions.findIndex((entry) => actionOf(entry).action.namespace === undefined);
  const some = actions.some((entry) => actionOf(entry).action.namespace !== undefined);
  if (some && without >= 0) yield [['actions', without], 'with namespaces, every action needs one'];
}

function* nameFaults({ actions }: Parts): Generator<Fault> {
  const seen = new Set<string>();
  for (const [i, entry] of actions.entries()) {
    for (const [j, definition] of (entry.test?.definitions ?? []).entries()) {
      const key = `${entry.test?.namespace ?? ''}/${definition.name}`;
      if (seen.has(key))
        yield [['actions', i, 'test', 'definitions', j, 'name'], `${definition.name} is there twice`];
      seen.add(key);
    }
  }
}
