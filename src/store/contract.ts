// The durable state behind one interface: whoever uses it does not know which database it is. What belongs together
// changes in one transaction, and every answered promise is on disk.
import { BridgeError } from '../core/errors.ts';
import type {
  AttemptChange,
  AttemptRecord,
  CallbackRecord,
  DeliveryRecord,
  Drain,
  Entry,
  JobChange,
  JobRecord,
  NewDelivery,
  TimelineRecord,
} from './tables.ts';

/** What is known of a job when its request arrives. */
export type NewJob = Pick<
  JobRecord,
  'lab' | 'nodeId' | 'source' | 'name' | 'board' | 'request' | 'priority' | 'ending'
> & { stage: string };

/** What changes together with a job, in one transaction. */
export interface Change {
  job?: JobChange;
  /** Attempts to add, or to change (by number). */
  newAttempt?: AttemptRecord;
  attempts?: ReadonlyMap<number, AttemptChange>;
  deliveries?: readonly NewDelivery[];
  /** The callbacks of the job are worked up and go. */
  dropCallbacks?: boolean;
  entries?: readonly Entry[];
}

/** What changes together with a delivery, in one transaction. */
export interface DeliveryChange {
  delivery: Partial<Omit<DeliveryRecord, 'id' | 'jobId'>>;
  /** Deliveries that take this one's place. */
  instead?: readonly NewDelivery[];
  entries?: readonly Entry[];
  /** It has reached its end, so its job may go on now, if that is what it waits for: if it is in this stage. */
  wakeJobIn?: string;
}

export interface JobFilter {
  lab?: string | undefined;
  board?: string | undefined;
  stage?: string | undefined;
  done?: boolean | undefined;
  nodeId?: string | undefined;
  /** At most that many, newest first. */
  limit: number;
  /** Only jobs received before (ms). */
  before?: number | undefined;
}

/** The jobs of a board that have come to the same stage. */
export interface Line {
  lab: string;
  board: string;
  stage: string;
}

/** Somebody else changed the job since it was read; read it again. */
export class StaleError extends BridgeError {
  constructor(jobId: string) {
    super('stale', `${jobId}: changed meanwhile`);
  }
}

export interface Store extends JobStore, HistoryStore, DeliveryStore {
  /** Made once per store; marks what this instance claims. 12 hex digits. */
  readonly instanceId: string;
  setting(key: string): Promise<string | undefined>;
  saveSetting(key: string, value: string): Promise<void>;
  /** Drops the settings whose key begins so, and whose value is a time before `before` (ms). */
  dropSettings(prefix: string, before: number): Promise<void>;
  /** For a clock that was set back: no stored time is later than now, and nothing waits longer than `longest` (ms). */
  forgetFuture(longest: number): Promise<void>;
  drains(): Promise<Drain[]>;
  drain(lab: string, board: string, why: string): Promise<void>;
  resume(lab: string, board: string): Promise<boolean>;
  /** Throws if the database does not take a write. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface JobStore {
  /** Stores a request, once per lab and node. */
  receive(job: NewJob, entries: readonly Entry[]): Promise<{ job: JobRecord; isNew: boolean }>;
  job(id: string): Promise<JobRecord | undefined>;
  jobs(filter: JobFilter): Promise<JobRecord[]>;
  /** Open jobs of a lab that are due, most urgent first. */
  due(lab: string, now: number, limit: number): Promise<JobRecord[]>;
  /** When the first of the lab's open jobs that are not due at `now` will be (ms). */
  nextDue(lab: string, now: number): Promise<number | undefined>;
  /** Changes a job and what belongs to it. Throws StaleError if it is no longer as `job` says. */
  save(job: JobRecord, change: Change): Promise<JobRecord>;
  /** Stores what happened, whatever else has changed meanwhile: facts are never refused, and decide nothing. */
  record(jobId: string, change: Omit<Change, 'job'> & { job?: Pick<JobChange, 'nodeSeenAt'> }): Promise<void>;
  /** Makes a job due at `at` (ms; now if it is not there); a stage that is under way will not put it off again. */
  wake(id: string, at?: number): Promise<void>;
  /** Makes all waiting jobs of a lab in a stage due now. */
  wakeStage(lab: string, stage: string): Promise<void>;
  /** Makes all jobs of a lab due now whose last step failed: what it failed on is back. */
  wakeFailed(lab: string): Promise<void>;
  /** Asks for a cancel; false if the job is done, or somebody has asked before. */
  requestCancel(id: string, why: string, entries: readonly Entry[]): Promise<boolean>;
  /** The id of the most urgent open job in a line, `except` that one. */
  firstOf(line: Line, except?: string): Promise<Pick<JobRecord, 'id' | 'nextAt'> | undefined>;
  /** Puts off all jobs of a line but one, for a reason that holds for each; those being cancelled are left alone. */
  holdBack(line: Line, until: number, reason: string, except: string): Promise<void>;
  /** The ids of jobs that changed after `at` (ms), at most `limit` of them. */
  changedAfter(at: number, limit: number): Promise<string[]>;
  /** Open jobs, counted by lab, board and stage. */
  openCounts(): Promise<{ lab: string; board: string; stage: string; count: number }[]>;
  /** Removes jobs that were done before `before` (ms); returns their ids. */
  forget(before: number, limit: number): Promise<string[]>;
}

export interface HistoryStore {
  attempts(jobId: string): Promise<AttemptRecord[]>;
  /** Where these jobs are in LAVA, by their ids: their last attempts. */
  inLava(jobIds: readonly string[]): Promise<Map<string, Pick<AttemptRecord, 'lavaId' | 'device'>>>;
  /** Attempts that have not finished and that LAVA may mean by its id: several if the lab counts its jobs anew. */
  openAttempts(lab: string, lavaId: number): Promise<AttemptRecord[]>;
  /** The largest LAVA id that this lab has given. */
  lastLavaId(lab: string): Promise<number | undefined>;
  timeline(jobId: string): Promise<TimelineRecord[]>;
  note(jobId: string, entries: readonly Entry[]): Promise<void>;
  /** Stores a callback and makes its job due at `dueAt` (ms), in one transaction. */
  addCallback(
    callback: Omit<CallbackRecord, 'id' | 'receivedAt'>,
    dueAt: number,
    entries: readonly Entry[],
  ): Promise<void>;
  callbacks(jobId: string): Promise<CallbackRecord[]>;
}

export interface DeliveryStore {
  deliveries(jobId: string): Promise<DeliveryRecord[]>;
  /** Deliveries that are due, the oldest first; of each job the first alone, for they go in their order. */
  dueDeliveries(destination: string, now: number, limit: number): Promise<DeliveryRecord[]>;
  /** When the first of those that are not due at `now` will be (ms). */
  nextDelivery(destination: string, now: number): Promise<number | undefined>;
  saveDelivery(delivery: Pick<DeliveryRecord, 'id' | 'jobId'>, change: DeliveryChange): Promise<void>;
  /** Makes all deliveries due now that failed before: their destination is back. */
  wakeDeliveries(destination: string): Promise<void>;
  /** How many deliveries stand in each state, by destination. */
  deliveryCounts(): Promise<{ destination: string; state: string; count: number }[]>;
}
