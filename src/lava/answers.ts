// The shapes of LAVA's XML-RPC answers, parsed leniently into our own types.
import { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { parseTime } from '../core/time.ts';
import { LAVA_HEALTHS, LAVA_STATES, type LavaDevice, type LavaJobInfo, type LavaWorker } from './model.ts';

/** XML-RPC's `20261121T16:59:07`: UTC without saying so. */
const Time = z
  .string()
  .nullish()
  .transform((text) => parseTime(text?.replace(/^(\d{4})(\d\d)(\d\d)T/, '$1-$2-$3T')));

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

export const JobInfo = z
  .object({
    id: z.union([z.number(), z.string()]),
    state: z.enum(LAVA_STATES),
    health: z.enum(LAVA_HEALTHS),
    description: Text,
    submitter: Text,
    device_type: Text,
    device: Text,
    tags: z.array(z.string()).nullish(),
    submit_time: Time,
    start_time: Time,
    end_time: Time,
    failure_comment: Text,
    error_type: Text,
    error_msg: Text,
  })
  .transform((job): LavaJobInfo => ({
    id: Number(job.id),
    state: job.state,
    health: job.health,
    description: job.description ?? '',
    submitter: job.submitter ?? '',
    deviceType: job.device_type,
    device: job.device,
    tags: job.tags ?? [],
    submittedAt: job.submit_time,
    startedAt: job.start_time,
    finishedAt: job.end_time,
    failureComment: job.failure_comment,
    errorType: job.error_type,
    errorMsg: job.error_msg,
  }));

/** `scheduler.jobs.list`, without the details. A multinode job's id is a string, `10.1`. */
export const JobList = z.array(
  z.object({ id: z.union([z.number(), z.string()]), description: Text, submitter: Text }),
);

/** The id of a new job, or the ids of a multinode job's parts. */
export const Submitted = z.union([z.number(), z.array(z.union([z.string(), z.number()]))]);

/** `{}` or nothing: valid. */
export const Validation = z
  .object({ path: z.string(), msg: z.string() })
  .partial()
  .nullish()
  .transform((v) => (v?.msg === undefined ? undefined : { path: v.path ?? '', message: v.msg }));

export const Logs = z.tuple([z.boolean(), z.instanceof(Uint8Array)]);

export const Devices = z.array(
  z
    .object({
      hostname: z.string(),
      type: z.string(),
      health: z.string(),
      state: z.string(),
      current_job: z.union([z.number(), z.string()]).nullish(),
    })
    .transform((d): LavaDevice => ({
      name: d.hostname,
      type: d.type,
      health: d.health,
      state: d.state,
      job: typeof d.current_job === 'number' ? d.current_job : undefined,
    })),
);

/** `scheduler.devices.show`: what the list does not say. */
export const DeviceDetails = z
  .object({ health: z.string(), worker: Text })
  .transform(({ health, worker }) => ({ health, worker }));

export const Worker = z
  .object({
    hostname: z.string(),
    state: z.string(),
    health: z.string(),
    devices: z.array(z.string()),
    job_limit: z.number().nullish(),
    last_ping: Time,
  })
  .transform((w): LavaWorker => ({
    name: w.hostname,
    state: w.state,
    health: w.health,
    devices: w.devices,
    jobLimit: w.job_limit ?? 0,
    lastPingAt: w.last_ping,
  }));

export const Names = z.array(z.string());
export const Tags = z.array(z.object({ name: z.string() }));
export const Tag = z.object({ name: z.string(), devices: z.array(z.string()) });
export const QueueDepth = z.record(z.string(), z.number());

export const DeviceTypes = z.array(
  z.object({ name: z.string(), devices: z.number(), installed: z.boolean().nullish() }),
);

export const Settings = z.instanceof(Uint8Array);

export const MasterConfig = z
  .object({ EVENT_NOTIFICATION: z.boolean().nullish(), EVENT_TOPIC: z.string().nullish() })
  .transform((c) => ({ events: c.EVENT_NOTIFICATION ?? false, topic: c.EVENT_TOPIC ?? '' }));

/** Parses an answer. Throws TemporaryError `lava_answer`, naming the method, if it has another shape. */
export function parseAnswer<S extends z.ZodType>(schema: S, method: string, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { text } = firstIssue(parsed.error);
  throw new TemporaryError('lava_answer', `${method}: LAVA's answer has an unknown shape: ${text}`);
}
