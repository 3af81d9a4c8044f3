// The durable state behind one interface: its users do not know which database it is. What belongs together
// changes in one transaction, and every answered promise is on disk.
import { BridgeError } from '../core/errors.ts';
import type { Lease } from '../core/lease.ts';
import type { LavaJob } from '../lava/model.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { ExpectedTests } from '../verdict/model.ts';
import type {
  AttemptChange,
  AttemptRecord,
  CallbackRecord,
  Drain,
  Entry,
  JobChange,
  JobRecord,
  Lane,
  ListedJob,
  NewAttempt,
  NewJob,
  Reason,
  StageName,
  TimelineRecord,
} from './job.ts';
import type { DeliveryStore, NewDelivery } from './delivery-contract.ts';
import type { SeenDevice } from './devices.ts';
import type { Feed } from './feed.ts';
import type { LeaseStore } from './lease-contract.ts';
import type { JobFilter } from './reader.ts';
import type { JudgedRun } from './run.ts';
import type { SettingKey, SettingKind } from './settings.ts';

/** What changes together with a job, in one transaction. */
export interface Change {
  job?: JobChange;
  /** Attempts to add, or to change (by number). */
  newAttempt?: NewAttempt;
  attempts?: ReadonlyMap<number, AttemptChange>;
  /** What judging made of a run; in the place of what it made of it before. */
  judged?: JudgedRun;
  deliveries?: readonly NewDelivery[];
  /** The callbacks of the job are worked up and go. */
  dropCallbacks?: boolean;
  entries?: readonly Entry[];
}

/** The open jobs of a board in a lab that wait to go on from the same stage, most urgent first. */
export interface JobQueue {
  lab: string;
  board: string;
  stage: StageName;
}

/** Another writer changed the job since it was read; read it again. */
export class StaleError extends BridgeError {
  constructor(jobId: string) {
    super('stale', `${jobId}: changed meanwhile`);
  }
}

/** What is being worked on, for those who go on with it if the process dies: see engine/crash-guard.ts. */
export interface WorkNotes {
  beginWork(item: string): Promise<void>;
  endWork(item: string): Promise<void>;
  /** Notes that work that is under way waits for others, or no longer does: a death meanwhile is not its own. */
  pauseWork(item: string, paused: boolean): Promise<void>;
  /** Counts a death for all that was under way, whoever did it: for a store that one daemon has alone. */
  countCrash(): Promise<void>;
  /** All that was under way in a death, and is not now. */
  suspects(): Promise<{ item: string; crashes: number }[]>;
  /** Forgets an item and its deaths. */
  forgetWork(item: string): Promise<void>;
}

/** How long the oldest of what is open has waited. */
export interface AgeStore {
  /** Of each lab, board and last completed stage: when the oldest open job was received (ms). */
  oldestOpen(): Promise<{ lab: string; board: string; stage: StageName; receivedAt: number }[]>;
  /** When the oldest delivery was made that is to be sent there (ms); undefined: there is none. */
  oldestDelivery(destination: string): Promise<number | undefined>;
}

/** What devices did over time. */
export interface DeviceStore {
  /** All devices of a lab as its LAVA showed them at `at` (ms). */
  sawDevices(lab: string, at: number, seen: readonly SeenDevice[]): Promise<void>;
  /** Forgets what they did before `before` (ms). */
  forgetDevices(before: number): Promise<void>;
}

export interface DrainStore {
  drains(): Promise<Drain[]>;
  /** Lets no new job into the lab or (`board` not empty) onto the board. */
  drain(lab: string, board: string, why: string): Promise<void>;
  /** The same for one device. `untilHealthy`: the bridge ordered it, until LAVA's health check of the device passes. */
  drainDevice(lab: string, device: string, why: string, options: { untilHealthy: boolean }): Promise<void>;
  /** Ends the drain of the lab, of the board, or (`board` empty) of the device; false: there was none. */
  resume(lab: string, board: string, device?: string): Promise<boolean>;
  /** When the last run on the device ended of those before its drain was last ended (ms, by LAVA's clock); undefined: none was. */
  resumedAfter(lab: string, device: string): Promise<number | undefined>;
}

/** The store before its changes are announced. */
export interface StoreParts
  extends
    WorkNotes,
    JobStore,
    AttemptStore,
    SubmissionStore,
    HistoryStore,
    DeliveryStore,
    AgeStore,
    DeviceStore,
    DrainStore {
  /** Made once per store; marks what this instance claims. 12 hex digits. */
  readonly instanceId: string;
  setting(key: SettingKey): Promise<string | undefined>;
  saveSetting(key: SettingKey, value: string): Promise<void>;
  /** Drops the settings of a kind whose value is a time before `before` (ms). */
  dropSettings(kind: SettingKind, before: number): Promise<void>;
  /** For a clock that was set back: no stored time is later than now, and nothing waits longer than `longest` (ms). */
  forgetFuture(longest: number): Promise<void>;
  /** How large what is stored is, and what of the database's file is free for more (bytes). */
  size(): Promise<{ used: number; free: number }>;
  /** Gives a piece of what is free back to the disk; false: there is nothing more to give. */
  shrink(): Promise<boolean>;
  /** Throws if the database does not take a write. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** A store whose changes are announced. */
export type Store = StoreParts &
  Feed & {
    /** What several daemons on one database share; undefined: this one has the store alone. */
    readonly leases: LeaseStore | undefined;
    /**
     * The same store, for what is decided under a lease: once another process holds it, each write throws LostLeaseError
     * and nothing is stored. Where one daemon has the store alone, it always holds.
     */
    under(lease: Lease): LeasedStore;
  };

/** A store through which nothing is stored that was decided under a lease that another process has now. */
export type LeasedStore = Store & { readonly lease: Lease };

/** A job that a newer one takes the place of, and the line that was added to its timeline. */
export interface Superseded {
  id: string;
  entry: Entry;
}

/** What became of a request. */
export interface Received {
  job: ListedJob;
  isNew: boolean;
  superseded: readonly Superseded[];
}

export interface JobStore {
  /** Stores a request, once per lab and node. */
  receive(job: NewJob, entries: readonly Entry[]): Promise<Received>;
  job(id: string): Promise<ListedJob | undefined>;
  /** Where a job is, without the rest of it. */
  place(id: string): Promise<Pick<ListedJob, 'lab' | 'nodeId' | 'board' | 'device' | 'lavaId'> | undefined>;
  /** The newest first. */
  jobs(filter: JobFilter): Promise<ListedJob[]>;
  /** What a job is to do, shared by all who ask: nothing may change it. Throws if there is no such job. */
  request(id: string): Promise<JobRequest>;
  /**
   * Open jobs of a lane that are due, those first that have been due the longest. One whose row can't be read is set aside
   * with that reason, and left out.
   */
  due(lane: Lane, now: number, limit: number): Promise<JobRecord[]>;
  /** When the first of the lane's open jobs that are not due at `now` will be (ms). */
  nextDue(lane: Lane, now: number): Promise<number | undefined>;
  /** Changes a job and what belongs to it. Throws StaleError if it is no longer as `job` says. */
  save(job: JobRecord, change: Change): Promise<JobRecord>;
  /** Stores what happened, whatever else has changed meanwhile: facts are never refused, and decide nothing. */
  record(jobId: string, change: Omit<Change, 'job'> & { job?: Pick<JobChange, 'nodeSeenAt'> }): Promise<void>;
  /** Makes a job due at `at` (ms; now if it is not there); a stage that is under way will not put it off again. */
  wake(id: string, at?: number): Promise<void>;
  /** Makes all waiting jobs of a lab in a stage due now. */
  wakeStage(lab: string, stage: StageName): Promise<void>;
  /** Makes all jobs of a lab due now whose last step failed: what it failed on is back. */
  wakeFailed(lab: string): Promise<void>;
  /** Leaves an open job alone, for this reason, until it is taken up again; false if there is no such job. */
  setAside(id: string, reason: Reason): Promise<boolean>;
  /** Makes a job that was set aside due again. */
  takeUp(id: string, entries: readonly Entry[]): Promise<void>;
  /** Asks for a cancel, and takes the job up again if it was set aside; false if the job is done, or that was asked before. */
  requestCancel(id: string, why: string, entries: readonly Entry[]): Promise<boolean>;
  /** The most urgent open job in a queue, `except` that one. */
  firstOf(queue: JobQueue, except?: string): Promise<Pick<JobRecord, 'id' | 'nextAt'> | undefined>;
  /**
   * Puts off all jobs of a queue but these, for a reason that holds for each; those being cancelled or superseded are left alone, and those
   * that wait for it already, and for half as long or longer. Gives the line that was added to the timelines of those for which the reason is new, and their ids.
   */
  holdBack(
    queue: JobQueue,
    until: number,
    reason: Reason,
    except: readonly string[],
  ): Promise<{ entry: Entry; jobs: string[] }>;
  /** Open jobs, of one lab or of all, counted by lab, board and stage. */
  openCounts(lab?: string): Promise<{ lab: string; board: string; stage: StageName; count: number }[]>;
  /** Removes jobs that were done before `before` (ms), the oldest first; returns their ids. */
  forget(before: number, limit: number): Promise<string[]>;
  /** The logs of a job that is done are removed; false: it is open. A job that is not there has none. */
  dropLogs(id: string): Promise<boolean>;
}

export interface AttemptStore {
  attempts(jobId: string): Promise<AttemptRecord[]>;
  /** The LAVA job definition of an attempt, YAML. Throws if there is no such attempt, as the next two do. */
  definition(jobId: string, n: number): Promise<string>;
  expectedTests(jobId: string, n: number): Promise<ExpectedTests>;
  /** What LAVA said of the finished job, without its log; undefined before that is stored. */
  lavaJob(jobId: string, n: number): Promise<LavaJob | undefined>;
  /** Attempts that have not finished and that LAVA may mean by its id: several if the lab counts its jobs from 1 again. */
  openAttempts(lab: string, lavaId: number): Promise<AttemptRecord[]>;
  /** The largest LAVA id that this lab has given. */
  lastLavaId(lab: string): Promise<number | undefined>;
}

/** A LAVA job that was made of an attempt which was sent again meanwhile, or has another. */
export interface SecondJob {
  lavaId: number;
  jobId: string;
  /** The attempt. */
  n: number;
}

/** What LAVA answered to submissions. */
export interface SubmissionStore {
  /**
   * Stores the id that LAVA gave a submission that was sent at `sentAt` (ms), whoever holds the lab's lease by now. False: the
   * attempt has another LAVA job, or was submitted again since; then `entries` are stored in the timeline, and it is one of the
   * lab's second jobs.
   */
  recordSubmission(
    submission: { jobId: string; n: number; sentAt: number },
    lavaId: number,
    entries: readonly Entry[],
  ): Promise<boolean>;
  /** LAVA jobs of this lab that may have been made twice. */
  secondJobs(lab: string): Promise<SecondJob[]>;
  /** It is cancelled, or was the attempt's own. */
  forgetSecondJob(lab: string, lavaId: number): Promise<void>;
}

export interface HistoryStore {
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
