// The tables, column by column, as the database has them: flags are 0 or 1, JSON is text. Only the store sees them so;
// rows.ts makes records of them. What is large stands in tables of its own, so that reading or changing a job does not
// touch it.
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { RequestSeries } from '../maestro/request.ts';
import type { AttemptRecord, Drain, JobRecord, Outline } from './job.ts';
import type { FoundIssue, RunRecord, TestRecord } from './run.ts';

interface Jobs
  extends
    Omit<JobRecord, 'source' | 'stage' | 'done' | 'setAside' | 'ending' | 'reason'>,
    Omit<Outline, 'result' | 'rule' | 'layer'>,
    RequestSeries {
  source: string;
  stage: string;
  done: number;
  setAside: number;
  /** JSON. */
  ending: string | null;
  reasonCode: string | null;
  reason: string | null;
  result: string | null;
  rule: string | null;
  layer: string | null;
  /** JSON. */
  verdict: string | null;
}

interface Requests {
  jobId: string;
  /** JSON. */
  request: string;
}

interface Attempts extends Omit<AttemptRecord, 'hasKey' | 'lavaState' | 'evidence'> {
  hasKey: number;
  lavaState: string | null;
  evidence: string | null;
}

/** What is large of an attempt. */
interface AttemptDocuments {
  jobId: string;
  n: number;
  /** LAVA YAML. */
  definition: string;
  /** JSON. */
  expectedTests: string;
  /** JSON. */
  lavaJob: string | null;
}

interface Timeline {
  id: Generated<number>;
  jobId: string;
  at: number;
  kind: string;
  code: string | null;
  text: string;
}

interface Callbacks {
  id: Generated<number>;
  jobId: string;
  lavaId: number;
  state: string;
  receivedAt: number;
  body: ColumnType<Uint8Array, Uint8Array, never>;
  log: string | null;
}

/** One thing to be sent for a job, until it is accepted. */
interface Deliveries {
  id: Generated<number>;
  jobId: string;
  /** The name of a destination. */
  destination: string;
  kind: string;
  /** JSON. */
  body: string;
  /** 1: its job ends only when it has ended. */
  required: number;
  /** One of DELIVERY_STATES (deliveries.ts). */
  state: string;
  tries: number;
  nextAt: number;
  error: string | null;
  /** What the other side gave to ask by (KCIDB's submission id). */
  receipt: string | null;
  createdAt: number;
  doneAt: number | null;
}

interface Runs extends Omit<RunRecord, 'counts' | 'result' | 'rule' | 'layer'> {
  counts: number;
  result: string;
  rule: string;
  layer: string;
}

interface Tests extends Omit<TestRecord, 'status'> {
  jobId: string;
  status: string;
}

interface FoundIssues extends Omit<FoundIssue, 'layer'> {
  jobId: string;
  n: number;
  pos: number;
  layer: string;
  at: number;
}

interface Issues {
  signature: string;
  layer: string;
  comment: string;
  firstSeen: number;
  lastSeen: number;
  /** In how many runs it was found. */
  runs: number;
}

/** The runs of a day in which an issue was found. */
interface IssueDays {
  signature: string;
  day: string;
  lab: string;
  board: string;
  tree: string;
  runs: number;
}

/** The runs of a day, and the sums of their times; of `runs` so many were `queued`, `ran` and `booted`. */
interface Days {
  day: string;
  lab: string;
  board: string;
  device: string;
  tree: string;
  layer: string;
  result: string;
  counts: number;
  runs: number;
  queued: number;
  queueMs: number;
  ran: number;
  runMs: number;
  booted: number;
  bootMs: number;
}

/** A time that a device was in one state, from when it was first seen in it to when it was last. */
interface DeviceSpans {
  lab: string;
  device: string;
  fromAt: number;
  toAt: number;
  state: string;
  why: string;
}

/** What is being worked on now, or was when the daemon died. */
interface UnderWay {
  item: string;
  /** 1 while it is worked on. */
  running: number;
  /** In how many deaths of a process in a row it was under way. */
  crashes: number;
  /** The process that works on it, or did; empty where one daemon has the store alone. */
  process: string;
}

/** A daemon that works on this database, by the database's clock (ms). */
interface Processes {
  id: string;
  host: string;
  pid: number;
  version: string;
  /** JSON: the work that it can do. */
  names: string;
  startedAt: number;
  /** It has renewed itself in time, without a gap, since then. */
  inTimeSince: number;
  /** It counts as dead from then on. */
  until: number;
}

/** The right to do one kind of work; `fence` counts how often it was taken. */
interface Leases {
  name: string;
  holder: string | null;
  fence: number;
}

/** What only the daemon that does a work knows of it: a lab's state, its devices. */
interface KnownStates {
  name: string;
  process: string;
  at: number;
  /** JSON. */
  body: string;
}

/** A file that is kept in the database (file-table.ts). */
interface Files {
  id: Generated<number>;
  /** Of what kind: a FileTableArea, or `unfinished`. */
  area: string;
  name: string;
  /** Bytes, unpacked and as they are stored. */
  length: number;
  size: number;
  /** Bytes of each part but the last, unpacked. */
  partLength: number;
  modifiedAt: number;
}

/** A part of a file, a gzip member of its own: so that one can begin to read anywhere. */
interface FileParts {
  fileId: number;
  n: number;
  data: ColumnType<Uint8Array, Uint8Array, never>;
}

/** A drain, as its row has it. */
interface DrainRow extends Omit<Drain, 'untilHealthy'> {
  /** 1 or 0. */
  untilHealthy: number;
}

export interface Tables {
  meta: { key: string; value: string };
  jobs: Jobs;
  requests: Requests;
  attempts: Attempts;
  attemptDocuments: AttemptDocuments;
  timeline: Timeline;
  callbacks: Callbacks;
  deliveries: Deliveries;
  runs: Runs;
  tests: Tests;
  foundIssues: FoundIssues;
  issues: Issues;
  issueDays: IssueDays;
  days: Days;
  deviceSpans: DeviceSpans;
  drains: DrainRow;
  underWay: UnderWay;
  processes: Processes;
  leases: Leases;
  knownStates: KnownStates;
  files: Files;
  fileParts: FileParts;
}

/** A job without what only queries look at. */
export type JobRow = Omit<Selectable<Jobs>, keyof RequestSeries>;
export type AttemptRow = Selectable<Attempts>;
export type TimelineRow = Selectable<Timeline>;
export type CallbackRow = Selectable<Callbacks>;
export type DeliveryRow = Selectable<Deliveries>;
export type RunRow = Selectable<Runs>;
export type TestRow = Selectable<Tests>;
export type FoundIssueRow = Selectable<FoundIssues>;
export type IssueRow = Selectable<Issues>;
export type DayRow = Selectable<Days>;
