// What judging made of one run of a job: the rows that lists, pages, statistics and rejudging read. A run is an attempt in
// LAVA, or the end of a job that never had one. Times are milliseconds, since the epoch where they are moments.
import type { Layer } from '../verdict/layers.ts';
import type { RuleName, Status } from '../verdict/model.ts';
import type { NodeResult } from '../verdict/node-result.ts';
import type { StoredVerdict } from './job.ts';

/** One run, as its row has it. */
export interface RunRecord {
  jobId: string;
  /** The attempt's number; 0: the job had none. */
  n: number;
  /** Whether it is the one that is reported; the others were tried again. */
  counts: boolean;
  lab: string;
  board: string;
  /** Empty: it never had one. */
  device: string;
  /** Empty: the request does not say. */
  tree: string;
  /** The job's name. */
  name: string;
  lavaId: number | null;
  result: NodeResult;
  rule: RuleName;
  layer: Layer;
  /** From submission to start. */
  queueMs: number | null;
  /** From start to end, in LAVA. */
  runMs: number | null;
  /** From the kernel's first sign to the login. */
  bootMs: number | null;
  startedAt: number | null;
  finishedAt: number;
}

/** A test of the job: one that was asked for (`path` is `root`), or a case below it. */
export interface TestRecord {
  /** Their order in the verdict, from 0. */
  pos: number;
  root: string;
  path: string;
  status: Status;
  ms: number | null;
  /** What was measured, with its unit. */
  value: number | null;
  unit: string | null;
  /** Lines of LAVA's log, from 0. */
  startLine: number | null;
  endLine: number | null;
  /** Why it is not PASS, for people; of a root. */
  reason: string | null;
  /** The part of the log that shows why; of a root. */
  excerpt: string | null;
}

/** What explains a failure of a run. */
export interface FoundIssue {
  signature: string;
  /** The path of the test that it stands on. */
  test: string;
  layer: Layer;
  comment: string;
  /** The line of LAVA's log where it is reported, from 0. */
  line: number | null;
}

/** A judged run, to be stored: its rows, and the job's verdict if it counts. Stored again, it takes its own place. */
export interface JudgedRun extends Omit<
  RunRecord,
  'jobId' | 'lab' | 'board' | 'tree' | 'name' | 'finishedAt'
> {
  /** null: the moment at which it was first judged. */
  finishedAt: number | null;
  verdict: StoredVerdict;
  tests: readonly TestRecord[];
  issues: readonly FoundIssue[];
}
