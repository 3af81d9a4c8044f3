// What is kept, table by table. Times are milliseconds since the epoch, flags 0 or 1, JSON is text, null is "not (yet)".
// The store judges nothing: stages and states are words to it, which the folders that write them read back.
import type { ColumnType, Generated, Insertable, Selectable, Updateable } from 'kysely';

/** A job: one request, from its receipt to its end. */
interface Jobs {
  /** `<lab>:<node id>`. */
  id: string;
  lab: string;
  nodeId: string;
  source: string;
  /** The name of Maestro's job node. */
  name: string;
  /** The platform's name. */
  board: string;
  /** The request, JSON. */
  request: string;
  /** The last stage that was completed. */
  stage: string;
  /** 1 when nothing is left to do. */
  done: number;
  /** How it ended by our own record (rejected, canceled, lost), JSON. */
  ending: string | null;
  /** Why it waits, for the admin. */
  reason: string | null;
  /** Why somebody wants it cancelled. */
  cancel: string | null;
  priority: number;
  /** How often the present stage has failed in a row. */
  tries: number;
  /** When it is to be looked at again. */
  nextAt: number;
  /** Counts the changes; a change that was made on an older one is refused. */
  rev: number;
  claimedAt: number | null;
  /** When Maestro's node was last read while LAVA has the job. */
  nodeSeenAt: number | null;
  /** The verdict, JSON. */
  verdict: string | null;
  receivedAt: number;
  updatedAt: number;
}

/** One LAVA job for a job; a retry is a new attempt. */
interface Attempts {
  jobId: string;
  /** From 1. */
  n: number;
  lab: string;
  /** Stands in the LAVA job's name, and nowhere else in the world. */
  mark: string;
  definition: string;
  /** What was asked for, JSON. */
  ask: string;
  deviceType: string;
  /** LAVA's whole-job time-out, ms. */
  jobTimeout: number;
  /** How long LAVA lets it wait for a device, ms. */
  queueTimeout: number;
  /** The largest LAVA id that was known when it was first sent: its own is larger, unless the lab counts anew. */
  sinceId: number | null;
  /** When it was first decided to submit: from then on LAVA may have it. */
  intentAt: number | null;
  /** When it was sent last, while no answer is known. */
  sentAt: number | null;
  lavaId: number | null;
  submittedAt: number | null;
  /** What LAVA said last, asked or by itself. */
  lavaState: string | null;
  device: string | null;
  runningAt: number | null;
  finishedAt: number | null;
  /** When LAVA was asked to cancel it. */
  cancelAt: number | null;
  /** Since when LAVA says that it knows no such job. */
  missingAt: number | null;
  /** What LAVA told of the finished job without its log, JSON. */
  lavaJob: string | null;
  /** The name of its log among the blobs. */
  log: string | null;
  /** Where the evidence came from: `callback` or `fetched`. */
  evidence: string | null;
  /** Why it is not the attempt that counts. */
  outcome: string | null;
}

/** One line of a job's timeline. */
interface Timeline {
  id: Generated<number>;
  jobId: string;
  at: number;
  /** `stage`, `wait`, `attempt`, `callback`, `report`, `note` or `error`. */
  kind: string;
  text: string;
}

/** A callback that is not worked up yet. */
interface Callbacks {
  id: Generated<number>;
  jobId: string;
  lavaId: number;
  state: string;
  receivedAt: number;
  /** The body as it came, without secrets and without the log, gzipped JSON. */
  body: ColumnType<Uint8Array, Uint8Array, never>;
  /** The name of its log among the blobs; null: it brought none that is of use. */
  log: string | null;
}

/** One thing to be sent for a job, until it is accepted. */
interface Deliveries {
  id: Generated<number>;
  jobId: string;
  /** `kcidb`, `maestro`, `telemetry` or `storage`. */
  destination: string;
  kind: string;
  /** JSON. */
  body: string;
  /** `pending`, `submitted` (accepted, not yet confirmed), `done` or `parked`. */
  state: string;
  tries: number;
  nextAt: number;
  error: string | null;
  /** What the other side gave to ask by (KCIDB's submission id). */
  receipt: string | null;
  createdAt: number;
  doneAt: number | null;
}

/** What stops new work for a lab, or for one board of it (`board` empty: the whole lab). */
interface Drains {
  lab: string;
  board: string;
  since: number;
  why: string;
}

export interface Tables {
  meta: { key: string; value: string };
  jobs: Jobs;
  attempts: Attempts;
  timeline: Timeline;
  callbacks: Callbacks;
  deliveries: Deliveries;
  drains: Drains;
}

export type JobRecord = Selectable<Jobs>;
export type JobChange = Omit<Updateable<Jobs>, 'id' | 'rev' | 'updatedAt'>;
export type AttemptRecord = Selectable<Attempts>;
export type AttemptChange = Omit<Updateable<Attempts>, 'jobId' | 'n'>;
export type CallbackRecord = Selectable<Callbacks>;
export type DeliveryRecord = Selectable<Deliveries>;
export type NewDelivery = Pick<Insertable<Deliveries>, 'destination' | 'kind' | 'body'>;
export type Entry = Pick<Selectable<Timeline>, 'kind' | 'text'>;
export type TimelineRecord = Selectable<Timeline>;
export type Drain = Selectable<Drains>;
