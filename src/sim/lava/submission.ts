// What LAVA checks when a job is submitted, and its words for what it refuses, as seen in the real labs.
import { LineCounter } from 'yaml';
import { z } from 'zod';
import { PARSE_LIMITS } from '../../core/parse/limits.ts';
import { readYaml, yamlValue } from '../../core/parse/yaml.ts';
import type { AgeFacts } from './age.ts';
import { Definition, priorityOf, scenarioOf } from './definition.ts';
import { RpcFault } from './xmlrpc-answer.ts';
import type { SimDevice } from './model.ts';

const Timeout = z.record(z.string(), z.union([z.number(), z.boolean()]));

/** Context variables that LAVA lets through (lava_common/schemas). */
const CONTEXT = (
  'arch boot_console boot_root cpu extra_options guestfs_driveid guestfs_interface guestfs_size machine memory model ' +
  'monitor netdevice no_kvm serial vga booti_dtb_addr booti_kernel_addr booti_ramdisk_addr bootm_dtb_addr ' +
  'bootm_kernel_addr bootm_ramdisk_addr bootz_dtb_addr bootz_kernel_addr bootz_ramdisk_addr boot_character_delay ' +
  'boot_retry bootloader_prompt console_device custom_kernel_args extra_kernel_args extra_nfsroot_args failure_retry ' +
  'kernel_loglevel kernel_start_message lava_test_results_dir menu_interrupt_prompt mustang_menu_list ' +
  'test_character_delay tftp_mac_address uboot_extra_error_message uboot_needs_interrupt uboot_altbank'
).split(' ');

const value = z.union([z.number(), z.string(), z.boolean(), z.array(z.union([z.number(), z.string()]))]);

/** The schema of a submission: top level and timeouts; actions only in outline. */
const Submission = z.strictObject({
  device_type: z.string().min(1).optional(),
  job_name: z.string().min(1).max(200),
  priority: z.union([z.enum(['high', 'medium', 'low']), z.number().int()]).optional(),
  protocols: z.looseObject({}).optional(),
  context: z.strictObject(Object.fromEntries(CONTEXT.map((key) => [key, value.optional()]))).optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  secrets: z.looseObject({}).optional(),
  environment: z.looseObject({}).optional(),
  tags: z.array(z.string()).optional(),
  visibility: z.union([z.enum(['public', 'personal']), z.strictObject({ group: z.array(z.string()) })]),
  timeouts: z.strictObject({
    job: Timeout,
    action: Timeout.optional(),
    connection: Timeout.optional(),
    queue: Timeout.optional(),
    actions: z.record(z.string(), Timeout).optional(),
    connections: z.record(z.string(), Timeout).optional(),
  }),
  actions: z.array(z.looseObject({})).min(1),
  notify: z.looseObject({ criteria: z.looseObject({ status: z.string() }) }).optional(),
  reboot_to_fastboot: z.boolean().optional(),
});

/** What a newer LAVA takes besides. */
const NAMED = { device: z.string().min(1).optional(), worker: z.string().min(1).optional() };

/** Anything that LAVA's own schema check takes for metadata; in submission it is flat. */
const Validated = Submission.extend({ metadata: z.looseObject({}).optional() });

interface Complaint {
  path: string[];
  message: string;
}

/** What of a lab decides whether a definition is taken. */
export interface Inventory {
  devices: Iterable<SimDevice>;
  /** All device types, those without a device among them. */
  types: readonly string[];
  tags: readonly string[];
}

/** Checks what was submitted, against the lab. Throws the RpcFault that LAVA would. */
export function checkSubmission(age: AgeFacts, text: string, inventory: Inventory): Definition {
  const data = load(text, (error) => new RpcFault(400, bad(`Loading job submission failed: ${error}.`)));
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RpcFault(400, bad('expected a dictionary'));
  }
  const schema = age.anyMetadata ? Validated : Submission;
  const [complaint] = complaints(age, age.choiceOfDevice ? schema.extend(NAMED) : schema, data);
  if (complaint) {
    const path = complaint.path.map((key) => `['${key}']`).join('');
    throw new RpcFault(400, bad(`${complaint.message} @ data${path}`));
  }
  if (!('device_type' in data)) throw internal("'device_type'");
  const definition = Definition.parse(data);
  const priority = priorityOf(definition);
  if (priority < 0 || priority > 100) {
    throw new RpcFault(400, bad(`Invalid job priority: ${priority}. Should be in [0, 100]`));
  }
  if (scenarioOf(definition) === 'refused') throw new RpcFault(400, bad('this kernel is refused @ data'));
  checkDevices(definition, inventory);
  return definition;
}

function checkDevices(definition: Definition, inventory: Inventory): void {
  const { device_type: type, device: name, tags } = definition;
  const unavailable = (text: string): RpcFault => new RpcFault(400, `Device unavailable: ${text}`);
  if (!inventory.types.includes(type)) throw unavailable(`Device type '${type}' is unavailable.`);
  const all = [...inventory.devices];
  const named = all.find((d) => d.name === name);
  if (name !== undefined && named === undefined) {
    throw new RpcFault(400, bad(`Device '${name}' does not exist.`));
  }
  if (named !== undefined && named.type !== type) {
    throw new RpcFault(400, bad(`Device '${named.name}' is not of type '${type}'.`));
  }
  if (named?.closed === true) {
    throw new RpcFault(400, bad(`You do not have permission to submit jobs to device '${named.name}'.`));
  }
  const usable = (named === undefined ? all : [named]).filter(
    (d) => d.type === type && d.health !== 'Retired',
  );
  if (usable.length === 0) throw unavailable(`No devices of type ${type} are available.`);
  const unknown = tags.find((tag) => !inventory.tags.includes(tag));
  if (unknown !== undefined) {
    throw new RpcFault(
      400,
      `Invalid job definition: Device tag '${unknown}' does not exist in the database..`,
    );
  }
  if (!usable.some((device) => tags.every((tag) => device.tags.includes(tag)))) {
    const names = tags.map((tag) => `'${tag}'`).join(', ');
    throw unavailable(`No devices of type ${type} are available which have all of the tags ${names}.`);
  }
}

/** LAVA's `scheduler.jobs.validate`: another schema than submission's, and other words. */
export function validateDefinition(
  age: AgeFacts,
  text: string,
  strict: boolean,
): { path: string; msg: string } | undefined {
  const { code, text: words } = age.badYamlFault;
  const data = load(text, (error) => new RpcFault(code, words + error));
  const found = complaints(age, Validated, data).find(
    ({ path, message }) => strict || path[0] === 'context' || !message.startsWith('extra keys'),
  );
  if (!found) return undefined;
  return { path: `[${found.path.map((key) => `'${key}'`).join(', ')}]`, msg: found.message };
}

/** Any exception that LAVA did not think of. */
export function internal(text: string): RpcFault {
  return new RpcFault(-32603, `Internal Server Error (contact server administrator for details): ${text}`);
}

function bad(text: string): string {
  return `Problem with submitted job data: ${text}`;
}

function load(text: string, refuse: (error: string) => RpcFault): unknown {
  const lineCounter = new LineCounter();
  const options = { version: '1.1', lineCounter, uniqueKeys: true, maxFaults: 1 } as const;
  const { document, faults } = readYaml(text, PARSE_LIMITS.yamlDocument, options);
  const [fault] = faults;
  if (fault !== undefined) {
    const { line, col } = lineCounter.linePos(fault.offset);
    throw refuse(`while parsing a node\n  in "<unicode string>", line ${line}, column ${col}`);
  }
  return yamlValue(document?.contents, ({ value }) => value);
}

function complaints(age: AgeFacts, schema: z.ZodType, data: unknown): Complaint[] {
  const parsed = schema.safeParse(data);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const message = path[0] === 'context' ? unknownContext(age) : 'extra keys not allowed';
      return issue.keys.map((key) => ({ path: [...path, key], message }));
    }
    const missing = valueAt(data, issue.path) === undefined;
    return [{ path, message: missing ? 'required key not provided' : words(issue, path) }];
  });
}

/** New LAVAs name all that they know. */
function unknownContext({ unknownContext: words }: AgeFacts): string {
  return words.endsWith('[')
    ? `${words}${CONTEXT.toSorted()
        .map((key) => `'${key}'`)
        .join(', ')}]`
    : words;
}

function words(issue: z.core.$ZodIssue, path: readonly string[]): string {
  if (issue.code === 'too_big')
    return `length of value must be at most ${issue.maximum} for dictionary value`;
  if (issue.code === 'too_small')
    return `length of value must be at least ${issue.minimum} for dictionary value`;
  if (path[0] === 'metadata') return 'expected str for dictionary value';
  if (path[0] === 'priority') return 'expected int for dictionary value';
  return issue.code === 'invalid_type'
    ? `expected ${issue.expected}`
    : 'not a valid value for dictionary value';
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
}
