// What a simulated lab consists of: users, devices, workers, jobs. Data only.
import type { LavaHealth, LavaState } from '../../lava/model.ts';
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
}

export interface SimWorker {
  name: string;
  state: 'Online' | 'Offline';
  health: 'Active' | 'Maintenance' | 'Retired';
  jobLimit: number;
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
