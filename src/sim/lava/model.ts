// What a simulated lab consists of: users, devices, workers, jobs, and how LAVA describes them.
import { LAVA_STATES, type LavaHealth, type LavaState } from '../../lava/model.ts';
import type { Definition } from './definition.ts';

export interface SimUser {
  name: string;
  token: string;
}

export interface SimDevice {
  name: string;
  type: string;
  tags: string[];
  worker: string;
  health: 'Good' | 'Unknown' | 'Looping' | 'Bad' | 'Maintenance' | 'Retired';
  state: 'Idle' | 'Reserved' | 'Running';
  job: number | undefined;
  /** The job that checked its health last. */
  healthJob?: number;
  /** Our user may see it, and not submit to it. */
  closed?: boolean;
}

export interface SimWorker {
  name: string;
  state: 'Online' | 'Offline';
  health: 'Active' | 'Maintenance' | 'Retired';
  jobLimit: number;
  /** Only the lab's admin may see it (a permission since 2023.08). */
  hidden?: boolean | undefined;
}

/** One job. Its log and results are made up again whenever they are asked for: they depend on these facts alone. */
export interface SimJob {
  id: number;
  submitter: string;
  /** As submitted. */
  text: string;
  definition: Definition;
  priority: number;
  attempt: number;
  state: LavaState;
  health: LavaHealth;
  device: SimDevice | undefined;
  submittedAt: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** When it was cancelled while it ran: its log ends there. */
  canceledAt: number | undefined;
  /** The number of its first test case; LAVA counts over all jobs. */
  firstCase: number;
}

/** A job that was just submitted. */
export function waitingJob(
  facts: Pick<SimJob, 'id' | 'submitter' | 'text' | 'definition' | 'priority' | 'attempt'>,
): SimJob {
  return {
    ...facts,
    state: 'Submitted',
    health: 'Unknown',
    device: undefined,
    submittedAt: Date.now(),
    startedAt: undefined,
    endedAt: undefined,
    canceledAt: undefined,
    firstCase: 0,
  };
}

/** What a job is about to become, and when (ms). */
export interface Next {
  state: LavaState;
  health: LavaHealth;
  at: number;
}

/** The number of a state in callbacks. */
export function stateNumber(state: LavaState): number {
  return LAVA_STATES.indexOf(state);
}

/** The legacy status of a job: what callbacks call `status`. */
export function legacyStatus(state: LavaState, health: LavaHealth): [number, string] {
  if (state === 'Running') return [1, 'running'];
  if (state === 'Canceling') return [5, 'canceling'];
  if (state !== 'Finished') return [0, 'submitted'];
  if (health === 'Complete') return [2, 'complete'];
  return health === 'Incomplete' ? [3, 'incomplete'] : [4, 'canceled'];
}

export const DEFAULT_DEVICES: readonly SimDevice[] = [
  device('qemu-01', 'qemu', ['lab-tag']),
  device('qemu-02', 'qemu'),
  device('qemu-03', 'qemu'),
  device('qemu-arm64-01', 'qemu-arm64'),
];

/** An idle device of the one worker. */
export function device(
  name: string,
  type: string,
  tags: string[] = [],
  health: SimDevice['health'] = 'Good',
): SimDevice {
  return { name, type, tags, worker: 'lab-worker', health, state: 'Idle', job: undefined };
}

/** What an event says of a job. */
export function jobEvent(job: SimJob): Record<string, unknown> {
  const { id, state, health, submitter, device, definition } = job;
  const iso = (ms: number): string => new Date(ms).toISOString().replace('Z', '000+00:00');
  return {
    health,
    state,
    job: id,
    description: definition.job_name,
    priority: job.priority,
    submit_time: iso(job.submittedAt),
    submitter,
    health_check: false,
    ...(device ? { device: device.name, worker: device.worker } : {}),
    device_type: definition.device_type,
    ...(job.startedAt === undefined ? {} : { start_time: iso(job.startedAt) }),
    ...(job.endedAt === undefined ? {} : { end_time: iso(job.endedAt) }),
  };
}

/** What an event says of a device. */
export function deviceEvent({ name, type, worker, health, state, job }: SimDevice): Record<string, unknown> {
  const data = { health, state, device: name, device_type: type, worker };
  return job === undefined ? data : { ...data, job };
}

/** Whether the device can run the job. */
export function suits(device: SimDevice, { device_type, device: name, tags }: Definition): boolean {
  if (device.closed === true || (name !== undefined && name !== device.name)) return false;
  return device.type === device_type && tags.every((tag) => device.tags.includes(tag));
}

/** Failures of these kinds make LAVA doubt the device. */
const DEVICE_IN_DOUBT = new Set(['Infrastructure', 'Bug', 'Configuration']);

/** Whether a job that ends with that message puts its device's health in doubt. */
export function isDoubtful(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('error_type' in message)) return false;
  return typeof message.error_type === 'string' && DEVICE_IN_DOUBT.has(message.error_type);
}
