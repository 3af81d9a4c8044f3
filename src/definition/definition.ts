// A LAVA job definition as a lab takes it: what LAVA 2023.01 checks strictly (lava_common/schemas/__init__.py), what its
// dispatcher checks later, and the keys that newer LAVA added. What passes here is taken by both.
import { z } from 'zod';
import { Boot } from './boot.ts';
import { actionKeys, text, Timeout, timeoutSeconds } from './common.ts';
import { Deploy } from './deploy.ts';
import { Test } from './test.ts';

/** The variables that a job may set for the lab's device templates (LAVA 2023.01; no_network and deploy_character_delay came later). */
const CONTEXT = `
  arch boot_console boot_root cpu extra_options guestfs_driveid guestfs_interface guestfs_size
  machine memory model monitor netdevice no_kvm no_network serial vga booti_dtb_addr
  booti_kernel_addr booti_ramdisk_addr bootm_dtb_addr bootm_kernel_addr bootm_ramdisk_addr
  bootz_dtb_addr bootz_kernel_addr bootz_ramdisk_addr boot_character_delay boot_retry
  bootloader_prompt console_device custom_kernel_args deploy_character_delay extra_kernel_args
  extra_nfsroot_args failure_retry kernel_loglevel kernel_start_message lava_test_results_dir
  menu_interrupt_prompt mustang_menu_list test_character_delay tftp_mac_address
  uboot_extra_error_message uboot_needs_interrupt uboot_altbank
`
  .trim()
  .split(/\s+/);
const contextValue = z.union([z.string(), z.number().int(), z.boolean()]);
const Context = z.strictObject(
  Object.fromEntries(
    CONTEXT.map((name) => [name, z.union([contextValue, z.array(contextValue)]).optional()]),
  ),
);

const Callback = z.strictObject({
  url: z.string().regex(/^https?:\/\/\S+$/, 'an http or https URL'),
  method: z.enum(['GET', 'POST']).optional(),
  token: z.string().optional(),
  header: z.string().max(64).optional(),
  dataset: z.enum(['minimal', 'logs', 'results', 'all']).optional(),
  'content-type': z.enum(['json', 'urlencoded']).optional(),
});

const Notify = z
  .strictObject({
    criteria: z.strictObject({
      status: z.enum(['all', 'finished', 'running', 'complete', 'canceled', 'incomplete']),
      dependency_query: z.string().optional(),
      type: z.enum(['regression', 'progression']).optional(),
    }),
    verbosity: z.enum(['verbose', 'quiet', 'status-only']).optional(),
    recipients: z.array(z.unknown()).optional(),
    callback: Callback.optional(),
    callbacks: z.array(Callback).optional(),
    compare: z.unknown().optional(),
  })
  .refine((n) => n.callback === undefined || n.callbacks === undefined, {
    message: 'only one of callback and callbacks',
    path: ['callbacks'],
  });

const Action = z
  .strictObject({
    deploy: Deploy.optional(),
    boot: Boot.optional(),
    test: Test.optional(),
    command: z.strictObject({ ...actionKeys, name: text }).optional(),
  })
  .refine((a) => Object.keys(a).length === 1, 'exactly one of deploy, boot, test and command');

export const LavaDefinition = z
  .strictObject({
    job_name: z.string().min(1).max(200),
    device_type: z.string().min(1).max(200).optional(),
    visibility: z.union([z.enum(['public', 'personal']), z.strictObject({ group: z.array(text) })]),
    priority: z.union([z.enum(['high', 'medium', 'low']), z.number().int().min(0).max(100)]).optional(),
    timeouts: z.strictObject({
      job: Timeout,
      action: Timeout.optional(),
      actions: z.record(z.string(), Timeout).optional(),
      connection: Timeout.optional(),
      connections: z.record(z.string(), Timeout).optional(),
      queue: Timeout.optional(),
    }),
    context: Context.optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    tags: z.array(text).optional(),
    secrets: z.record(z.string(), z.string()).optional(),
    environment: z.record(z.string(), z.unknown()).optional(),
    protocols: z.record(z.string(), z.unknown()).optional(),
    notify: Notify.optional(),
    reboot_to_fastboot: z.boolean().optional(),
    device: text.optional(),
    worker: text.optional(),
    actions: z.array(Action).min(1),
  })
  .superRefine((job, ctx) => {
    for (const [path, message] of [...timeoutFaults(job), ...roleFaults(job), ...nameFaults(job)]) {
      ctx.addIssue({ code: 'custom', path: [...path], message });
    }
  });
export type LavaDefinition = z.infer<typeof LavaDefinition>;

type Fault = readonly [path: readonly (string | number)[], message: string];
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

function* roleFaults({ device_type, protocols, actions }: Parts): Generator<Fault> {
  const multinode = protocols !== undefined && 'lava-multinode' in protocols;
  if (device_type === undefined && !multinode) yield [['device_type'], 'is missing'];
  if (device_type !== undefined && multinode) yield [['device_type'], 'has no place in a multinode job'];
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
