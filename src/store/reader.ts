// What pages, API and terminal read of the store: on a connection of its own that cannot write, in a thread of its own, so
// that it costs callbacks and stages nothing. Times are milliseconds since the epoch, days are UTC (`2026-08-21`).
import type { AttemptStore, HistoryStore, JobStore } from './contract.ts';
import type { DeliveryStore } from './delivery-contract.ts';
import type { DeviceSpan } from './devices.ts';
import type { ReasonCode } from '../core/reason-codes.ts';
import type { Drain, ListedJob, Outline, StageName } from './job.ts';
import type { FoundIssue, RunRecord, TestRecord } from './run.ts';
import type { Layer } from '../verdict/layers.ts';
import type { Status } from '../verdict/model.ts';
import type { NodeResult } from '../verdict/node-result.ts';

/** Where a page of a list goes on: after this row. */
export interface Cursor {
  at: number;
  id: string;
}

/** What a list of jobs is asked for. */
export interface JobFilter {
  lab?: string | undefined;
  board?: string | undefined;
  stage?: StageName | undefined;
  done?: boolean | undefined;
  nodeId?: string | undefined;
  tree?: string | undefined;
  commitHash?: string | undefined;
  build?: string | undefined;
  device?: string | undefined;
  lavaId?: number | undefined;
  result?: NodeResult | undefined;
  rule?: Outline['rule'] | undefined;
  layer?: Layer | undefined;
  reasonCode?: ReasonCode | undefined;
  name?: string | undefined;
  /** Only jobs received at that moment or later, and only those received before. */
  since?: number | undefined;
  before?: number | undefined;
  /** The last row of the page before. */
  after?: Cursor | undefined;
  /** At most that many, newest first. */
  limit: number;
}

/** A page of a list; `next` is where the next one begins, if there is one. */
export interface Page<T> {
  rows: T[];
  next: Cursor | undefined;
}

/** Which runs: of a device or a board of a lab, or of all; the newest first. */
export interface RunFilter {
  of?: { lab: string; device: string } | { lab: string; board: string } | undefined;
  since?: number | undefined;
  after?: Cursor | undefined;
  limit: number;
}

/** Which tests of a job, in the order of the verdict. */
export interface TestFilter {
  root?: string | undefined;
  statuses?: readonly Status[] | undefined;
  /** Words that the path contains. */
  text?: string | undefined;
  /** Behind this position. */
  after?: number | undefined;
  limit: number;
}

/** A group of a job's tests, and its cases by status. */
export interface TestGroup {
  /** What their paths have in common, to a dot. */
  path: string;
  counts: Partial<Record<Status, number>>;
}

/** What totals are made of, and by what: by days, labs, … . */
export interface TotalsFilter {
  /** From this day to that one, both counted. */
  since: string;
  until?: string | undefined;
  lab?: string | undefined;
  board?: string | undefined;
  device?: string | undefined;
  tree?: string | undefined;
  by: readonly TotalsKey[];
}
type TotalsKey = 'day' | 'lab' | 'board' | 'device' | 'tree';

/** Runs that ended, counted. What they are counted by stands in `day` to `tree`; the others are empty. */
export interface Totals extends Record<TotalsKey, string> {
  /** Those that are reported. */
  jobs: number;
  /** Those that were tried again. */
  retried: number;
  results: Record<NodeResult, number>;
  layers: Record<Layer, number>;
  /** Means (ms); null: none had such a time. */
  queueMs: number | null;
  runMs: number | null;
  bootMs: number | null;
}

/** The runs that ended within an hour, by layer. */
export interface HourRecord {
  /** When the hour begins. */
  at: number;
  jobs: number;
  layers: Record<Layer, number>;
}

/** Which issues: those found since a day. */
export interface IssueFilter {
  since: string;
  lab?: string | undefined;
  board?: string | undefined;
  tree?: string | undefined;
  layer?: Layer | undefined;
  /** The most frequent first, or the newest first. */
  order: 'runs' | 'lastSeen';
  offset?: number | undefined;
  limit: number;
}

/** A failure that recurs. */
export interface IssueRecord {
  signature: string;
  layer: Layer;
  comment: string;
  firstSeen: number;
  lastSeen: number;
  /** In how many runs it was found, ever. */
  runs: number;
  /** In how many of those that were asked for. */
  recent: number;
  boards: { lab: string; board: string; runs: number }[];
  trees: { tree: string; runs: number }[];
  days: { day: string; runs: number }[];
}

/** A failure that recurs on a device: in how many of its runs, and when the last of them ended. */
export type DeviceIssue = Pick<IssueRecord, 'signature' | 'layer' | 'comment' | 'runs' | 'lastSeen'>;

/** A job in which an issue was found. */
export interface IssueSighting extends FoundIssue {
  jobId: string;
  n: number;
  at: number;
  lab: string;
  board: string;
  tree: string | null;
  name: string;
  device: string | null;
}

/** Open jobs that wait for the same reason. */
export interface WaitingGroup {
  code: ReasonCode;
  lab: string;
  board: string;
  jobs: number;
  /** When the oldest of them was received. */
  oldest: number;
  /** The reason of one of them. */
  text: string;
}

/** Open jobs of a lab that completed the same stage last. */
export interface FlowStep {
  lab: string;
  stage: StageName;
  setAside: boolean;
  jobs: number;
  /** Since when the one has been there that has been there the longest. */
  oldest: number;
}

/** A test that ended otherwise in one job than in the other; null: it is not there. */
export interface TestChange {
  path: string;
  before: Status | null;
  after: Status | null;
}

/** Two jobs of the same name and board, compared. */
export interface Comparison {
  before: ListedJob;
  after: ListedJob;
  changes: TestChange[];
  /** How many tests ended alike in both. */
  same: number;
}

/** Two builds, compared: their jobs in pairs, and the jobs of only one of them. */
export interface BuildComparison {
  pairs: Comparison[];
  onlyBefore: ListedJob[];
  onlyAfter: ListedJob[];
}

/** A build that jobs tested. */
interface BuildRecord {
  build: string;
  tree: string | null;
  branch: string | null;
  commitHash: string | null;
  /** When its last job was received. */
  lastAt: number;
}

/** The store, to be read only. */
export interface Reader
  extends
    Pick<JobStore, 'job' | 'request' | 'openCounts'>,
    Pick<AttemptStore, 'attempts' | 'definition' | 'lavaJob'>,
    Pick<HistoryStore, 'timeline'>,
    Pick<DeliveryStore, 'deliveries' | 'deliveryBody' | 'deliveryCounts'> {
  drains(): Promise<Drain[]>;
  /** The newest first. */
  jobs(filter: JobFilter): Promise<Page<ListedJob>>;
  /** Jobs by what people know of them: an id, a node, a build, a LAVA id, the beginning of a commit (7 or more digits). */
  find(text: string, limit: number): Promise<ListedJob[]>;
  tests(jobId: string, filter: TestFilter): Promise<{ rows: TestRecord[]; next: number | undefined }>;
  /** The groups that the cases of a job stand in, counted, by the dots of their paths. */
  testGroups(jobId: string): Promise<TestGroup[]>;
  /** The first tests that are not well, those first whose log lines come first. */
  firstFailures(jobId: string, limit: number): Promise<TestRecord[]>;
  /** The issues of a job's runs. */
  foundIssues(jobId: string): Promise<(FoundIssue & { n: number })[]>;
  runs(filter: RunFilter): Promise<Page<RunRecord>>;
  /** The last runs of each of these devices, the newest first, by name. */
  lastRuns(lab: string, devices: readonly string[], limit: number): Promise<Map<string, RunRecord[]>>;
  /** What a device did since then, the oldest first, the newest `limit` spans of it. */
  deviceSpans(of: { lab: string; device: string }, since: number, limit: number): Promise<DeviceSpan[]>;
  totals(filter: TotalsFilter): Promise<Totals[]>;
  /** Hour by hour since then; hours without a run are left out. */
  hours(since: number): Promise<HourRecord[]>;
  issues(filter: IssueFilter): Promise<IssueRecord[]>;
  issue(signature: string, since: string): Promise<IssueRecord | undefined>;
  /** What failed on a device since then (ms), the most frequent first. */
  issuesOfDevice(of: { lab: string; device: string }, since: number, limit: number): Promise<DeviceIssue[]>;
  /** Where an issue was found, the newest first. */
  sightings(signature: string, limit: number, after?: Cursor): Promise<Page<IssueSighting>>;
  waiting(): Promise<WaitingGroup[]>;
  flow(): Promise<FlowStep[]>;
  /** undefined: one of the jobs is not there. */
  compareJobs(before: string, after: string): Promise<Comparison | undefined>;
  compareBuilds(before: string, after: string): Promise<BuildComparison>;
  /** The last builds of a tree that were tested (on a board), the newest first. */
  lastBuilds(of: { tree: string; branch?: string; board?: string }, limit: number): Promise<BuildRecord[]>;
  close(): Promise<void>;
}
