// Takes over a LAVA job definition that came as YAML: from Maestro (LAVA pull), or pushed. It is read, checked against
// what the lab permits, and passed on with what the bridge needs: its mark in the job's name, the node's id, its
// callback, and the lab's bounds for queue and priority. The rest keeps its meaning to the letter. Pure.
import { z } from 'zod';
import type { Network } from '../core/address.ts';
import { RequestError } from '../core/errors.ts';
import { issuePath } from '../core/issue-path.ts';
import { formatDuration, SECOND } from '../core/time.ts';
import type { Board } from '../catalog/boards.ts';
import type { LabConfig } from '../config/schema.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import { expectedTestsOfSupplied } from './supplied-expected-tests.ts';
import { notifyWithOwn } from '../definition/notify.ts';
import { readLavaYaml, type Plain } from '../definition/supplied-read.ts';
import { suppliedSchema, type SuppliedDefinition } from '../definition/supplied-rules.ts';
import { wholeUnits, type RenderLab } from './context.ts';
import { timeoutSeconds } from '../definition/common.ts';
import { emitYaml } from '../definition/emit.ts';
import { forDevice, type Marks } from './marks.ts';
import { basePriority, labPriority } from './priority.ts';
import type { Rendered } from './renderer.ts';

export interface SuppliedOptions extends Marks {
  /** Whose job it is; its own definitions are not read. */
  request: JobRequest;
  /** The board, if it is registered: for its limits. */
  board?: Board | undefined;
  plans: Pick<Plans, 'find' | 'treePriority'>;
  lab: RenderLab;
  /** What the lab permits. */
  definitions: LabConfig['definitions'];
  /** `fetch.networks` of the configuration. */
  networks: readonly Network[];
}

/**
 * Throws RequestError: `bad_definition` (no YAML, or ambiguous), `multinode`, `not_permitted` (each with the field and
 * the reason), `job_too_long`.
 */
export function useSuppliedDefinition(text: string, options: SuppliedOptions): Rendered {
  const { request, lab, definitions, networks } = options;
  const raw = withoutOwnCallback(mappingOf(readLavaYaml(text)), options);
  refuseMultinode(raw);
  const parsed = suppliedSchema({ lists: definitions, networks }).safeParse(raw);
  if (!parsed.success) throw refusal(parsed.error.issues);
  const supplied = parsed.data;
  const jobTimeoutMs = boundedJobTimeout(supplied, options);
  const queueTimeoutMs = queueTimeout(supplied, lab.queueTimeoutMs);
  const priority = boundedPriority(supplied, options);
  const jobName = markedName(supplied.job_name, request.node.id, options.mark);
  const definition = {
    ...raw,
    job_name: jobName,
    priority,
    timeouts: { ...supplied.timeouts, queue: wholeUnits(queueTimeoutMs) },
    metadata: { ...supplied.metadata, node_id: request.node.id },
    notify: notifyWithOwn(supplied.notify, lab.callback),
  };
  return {
    definition: emitYaml(forDevice(definition, options.device), { nulls: true }),
    jobName,
    expectedTests: expectedTestsOfSupplied(supplied, request, options.plans),
    jobTimeoutMs,
    queueTimeoutMs,
    deviceType: supplied.device_type ?? '',
    priority,
    unread: [],
  };
}

const Device = z.object({ device_type: z.string(), tags: z.array(z.string()).prefault([]) });

/** What device a definition wants that was taken over. Throws RequestError if it is none. */
export function deviceOfSupplied(text: string): { deviceType: string; tags: string[] } {
  const parsed = Device.safeParse(readLavaYaml(text));
  if (!parsed.success) throw refusal(parsed.error.issues);
  return { deviceType: parsed.data.device_type, tags: parsed.data.tags };
}

function mappingOf(value: Plain): { [key: string]: Plain } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new RequestError('bad_definition', 'definition_yaml: it is no mapping', { field: 'definition_yaml' });
}

const MaybeUrl = z.looseObject({ url: z.unknown() });
const CameBefore = z.looseObject({ callback: MaybeUrl.optional(), callbacks: z.array(MaybeUrl).optional() });

/** What our callback will replace is not judged: all that came, or our own of an earlier time. */
function withoutOwnCallback(
  { notify, ...raw }: { [key: string]: Plain },
  { definitions, lab }: SuppliedOptions,
): { [key: string]: Plain } {
  if (notify === undefined || definitions.notify === 'replace') return raw;
  const others = CameBefore.safeParse(notify);
  if (!others.success) return { ...raw, notify };
  const { callback, callbacks, ...rest } = others.data;
  const isOther = (one: z.infer<typeof MaybeUrl>): boolean => one.url !== lab.callback.url;
  return {
    ...raw,
    notify: {
      ...rest,
      ...(callback !== undefined && isOther(callback) ? { callback } : {}),
      ...(callbacks === undefined ? {} : { callbacks: callbacks.filter(isOther) }),
    } as Plain,
  };
}

function refuseMultinode({ protocols }: { [key: string]: Plain }): void {
  if (typeof protocols !== 'object' || protocols === null || !Object.hasOwn(protocols, 'lava-multinode'))
    return;
  const field = 'definition_yaml.protocols.lava-multinode';
  throw new RequestError('multinode', `${field}: jobs of several boards (multinode) are not supported`, {
    field,
  });
}

const MAX_SHOWN = 5;

/** One error for all that is wrong; its field and setting are the first's. */
function refusal(issues: readonly z.core.$ZodIssue[]): RequestError {
  const faults = issues.map((issue) => ({
    field: ['definition_yaml', issuePath(issue)].filter((part) => part !== '').join('.'),
    message: issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message,
  }));
  const more = faults.length > MAX_SHOWN ? `; and ${faults.length - MAX_SHOWN} more` : '';
  const text = faults.slice(0, MAX_SHOWN).map(({ field, message }) => `${field}: ${message}`);
  const [first] = issues;
  const setting = first === undefined ? undefined : settingOf(first);
  return new RequestError('not_permitted', `${text.join('; ')}${more}`, { field: faults[0]?.field, setting });
}

/** The list of the lab that would permit it. */
function settingOf(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues.map(settingOf).find((found) => found !== undefined);
  const setting: unknown = issue.code === 'custom' ? issue.params?.['setting'] : undefined;
  return typeof setting === 'string' ? setting : undefined;
}

function boundedJobTimeout(
  { timeouts }: SuppliedDefinition,
  { board, definitions }: SuppliedOptions,
): number {
  const ms = timeoutSeconds(timeouts.job) * SECOND;
  const ofBoard = board?.limits.max_job_timeout ?? Infinity;
  const limit = Math.min(ofBoard, definitions.max_job_timeout);
  if (ms <= limit) return ms;
  const field = 'definition_yaml.timeouts.job';
  const [whose, setting] =
    limit === ofBoard
      ? [`board ${board?.name}`, 'limits.max_job_timeout']
      : ['lab', 'definitions.max_job_timeout'];
  throw new RequestError(
    'job_too_long',
    `${field}: longer than ${formatDuration(limit)}, the limit of the ${whose} (${setting})`,
    { field, setting },
  );
}

function queueTimeout({ timeouts }: SuppliedDefinition, limit: number): number {
  return timeouts.queue === undefined ? limit : Math.min(timeoutSeconds(timeouts.queue) * SECOND, limit);
}

/** LAVA's words (lava_scheduler_app/models.py). */
const LAVA_WORDS = { high: 100, medium: 50, low: 0 } as const;

/** The definition's own, within the lab's range: Maestro has scaled it already. */
function boundedPriority({ priority }: SuppliedDefinition, { request, plans, lab }: SuppliedOptions): number {
  if (priority === undefined) {
    return labPriority(basePriority(request.node, plans.find(request.node.name), plans), lab.priority);
  }
  const wanted = typeof priority === 'string' ? LAVA_WORDS[priority] : priority;
  return Math.min(lab.priority.max, Math.max(lab.priority.min, wanted));
}

/** LAVA keeps at most 200 characters; the node's id and the mark are always among them. */
function markedName(name: string, nodeId: string, mark: string | undefined): string {
  const clean = name.replace(/\p{C}+/gu, ' ').toWellFormed();
  const tail = mark === undefined ? '' : ` ${mark}`;
  const plain = cut(clean, 200 - tail.length);
  if (plain.includes(nodeId) || tail.includes(nodeId)) return `${plain}${tail}`;
  return `${cut(clean, 200 - tail.length - nodeId.length - 1)} ${nodeId}${tail}`;
}

/** Whole characters; LAVA counts code points, of which there are no more than of these. */
function cut(text: string, length: number): string {
  const short = text.slice(0, length);
  return short.isWellFormed() ? short : short.slice(0, -1);
}
