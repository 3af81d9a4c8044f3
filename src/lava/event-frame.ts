// The messages of LAVA's event stream.
import { z } from 'zod';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { parseTime } from '../core/time.ts';
import { LAVA_HEALTHS, LAVA_STATES, type LavaHealth, type LavaState } from './model.ts';

export interface JobEvent {
  kind: 'job';
  /** When LAVA sent it, ms since the epoch. */
  at: number | undefined;
  id: number;
  state: LavaState;
  health: LavaHealth;
  device: string | undefined;
  submitter: string;
  /** The job's name. */
  description: string;
}

export interface DeviceEvent {
  kind: 'device';
  at: number | undefined;
  name: string;
  type: string;
  state: string;
  health: string;
  worker: string | undefined;
}

export interface WorkerEvent {
  kind: 'worker';
  at: number | undefined;
  name: string;
  state: string;
  health: string;
}

export type LavaEvent = JobEvent | DeviceEvent | WorkerEvent;

/** LAVA says why it will close the connection (newer LAVA, on wrong credentials). */
export interface ErrorFrame {
  kind: 'error';
  message: string;
}

const JobData = z.object({
  job: z.number(),
  state: z.enum(LAVA_STATES),
  health: z.enum(LAVA_HEALTHS),
  device: z.string().nullish(),
  submitter: z.string().nullish(),
  description: z.string().nullish(),
});
const DeviceData = z.object({
  device: z.string(),
  device_type: z.string(),
  state: z.string(),
  health: z.string(),
  worker: z.string().nullish(),
});
const WorkerData = z.object({ hostname: z.string(), state: z.string(), health: z.string() });

/** Five strings: topic, uuid, time, user, and the data as JSON text. */
const Frame = z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()]);
const Refusal = z.object({ error: z.string() });

/** Reads one message. undefined: nothing that we know; a newer LAVA may send more. */
export function parseFrame(text: string): LavaEvent | ErrorFrame | undefined {
  const message = tryJson(text, PARSE_LIMITS.event);
  const refusal = Refusal.safeParse(message);
  if (refusal.success) return { kind: 'error', message: refusal.data.error.slice(0, 200) };
  const frame = Frame.safeParse(message);
  if (!frame.success) return undefined;
  const [topic, , time, , inner] = frame.data;
  const data = tryJson(inner, PARSE_LIMITS.event);
  const at = parseTime(time);
  // The topic's first part is the lab's own choice.
  if (topic.endsWith('.testjob')) return jobEvent(at, data);
  if (topic.endsWith('.device')) return deviceEvent(at, data);
  if (topic.endsWith('.worker')) return workerEvent(at, data);
  return undefined;
}

function jobEvent(at: number | undefined, data: unknown): JobEvent | undefined {
  const parsed = JobData.safeParse(data);
  if (!parsed.success) return undefined;
  const { job, state, health, device, submitter, description } = parsed.data;
  return {
    kind: 'job',
    at,
    id: job,
    state,
    health,
    device: device ?? undefined,
    submitter: submitter ?? '',
    description: description ?? '',
  };
}

function deviceEvent(at: number | undefined, data: unknown): DeviceEvent | undefined {
  const parsed = DeviceData.safeParse(data);
  if (!parsed.success) return undefined;
  const { device, device_type, state, health, worker } = parsed.data;
  return { kind: 'device', at, name: device, type: device_type, state, health, worker: worker ?? undefined };
}

function workerEvent(at: number | undefined, data: unknown): WorkerEvent | undefined {
  const parsed = WorkerData.safeParse(data);
  if (!parsed.success) return undefined;
  const { hostname, state, health } = parsed.data;
  return { kind: 'worker', at, name: hostname, state, health };
}
