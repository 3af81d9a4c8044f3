// What a job is, as the store gives it: the stages of its life, why it waits, its attempts in LAVA, its timeline. Shared
// by all parts that work on jobs. Times are milliseconds since the epoch; null is "not (yet)".
import { z } from 'zod';
import type { ReasonCode } from '../core/reason-codes.ts';
import { LAVA_STATES, type LavaJob, type LavaState } from '../lava/model.ts';
import { SOURCES, type JobRequest, type Source } from '../maestro/request.ts';
import { LAYERS, type Layer } from '../verdict/layers.ts';
import {
  REACHED,
  RULE_NAMES,
  STATUSES,
  type Ending,
  type ExpectedTests,
  type RuleName,
} from '../verdict/model.ts';
import { NODE_RESULTS, type NodeResult } from '../verdict/node-result.ts';

export { SOURCES };

/** The stages of a job's life, in their order (docs/architecture.md). */
export const STAGES = [
  'received',
  'admitted',
  'claimed',
  'rendered',
  'submitted',
  'running',
  'finished',
  'judged',
  'reported',
] as const;
export type StageName = (typeof STAGES)[number];

/** The stage that follows; undefined after the last. */
export function stageAfter(stage: StageName): StageName | undefined {
  return STAGES[STAGES.indexOf(stage) + 1];
}

/** The halves of a job's life: what is on its way to LAVA never stands before what comes from there. */
export type Half = 'toLava' | 'fromLava';

/** The stages of the first half. A job of any other is in the second, of one that only a newer version knows as well. */
export const TO_LAVA: readonly StageName[] = ['received', 'admitted', 'claimed', 'rendered'];

/** The half that a job of this stage is in. */
export function halfOf(stage: StageName): Half {
  return TO_LAVA.includes(stage) ? 'toLava' : 'fromLava';
}

/** Some of a lab's jobs, which are worked on in the order in which they become due. */
export interface Lane {
  lab: string;
  half: Half;
}

/** Why a job waits, or why its last step failed: a word that stays the same, and a text for people. */
export interface Reason {
  code: ReasonCode;
  text: string;
}

/** A job, as the work on it needs it. */
export interface JobRecord {
  /** `<lab>:<node id>`. */
  id: string;
  lab: string;
  nodeId: string;
  source: Source;
  /** The name of Maestro's job node. */
  name: string;
  /** The platform's name. */
  board: string;
  /** The last stage that it completed. */
  stage: StageName;
  /** Nothing is left to do. */
  done: boolean;
  /** It was under way in several crashes of the daemon, so it is left alone until an admin takes it up again. */
  setAside: boolean;
  /** How it ended by our own record. */
  ending: Ending | null;
  reason: Reason | null;
  /** Why it is to be cancelled. */
  cancel: string | null;
  /** The id of the newer job that takes its place, if this one has not begun to run. */
  supersededBy: string | null;
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
  receivedAt: number;
  updatedAt: number;
  /** When it completed its last stage. */
  stageAt: number;
}

/** What lists are asked for by in addition: what the job tests, where it runs, and what came of it. */
export interface Outline {
  /** Of the kernel's source; null: the request does not say. */
  tree: string | null;
  branch: string | null;
  commitHash: string | null;
  /** Maestro's kbuild node. */
  build: string | null;
  /** Of its last attempt; of the one that is reported, once it is judged. */
  device: string | null;
  lavaId: number | null;
  /** Maestro's word for the verdict. */
  result: NodeResult | null;
  rule: RuleName | null;
  layer: Layer | null;
}

/** A job as lists and pages show it. */
export interface ListedJob extends JobRecord, Outline {
  verdict: StoredVerdict | null;
}

/** What is known of a job when its request arrives. */
export interface NewJob {
  lab: string;
  nodeId: string;
  source: Source;
  name: string;
  board: string;
  request: JobRequest;
  priority: number;
  stage: StageName;
  ending: Ending | null;
  /** Whether it takes the place of older ones of its series, or leaves its own to a newer one. */
  supersedes?: boolean;
}

/** What of a job may change. */
export type JobChange = Partial<
  Pick<
    JobRecord,
    | 'stage'
    | 'done'
    | 'ending'
    | 'reason'
    | 'cancel'
    | 'supersededBy'
    | 'tries'
    | 'nextAt'
    | 'claimedAt'
    | 'nodeSeenAt'
  >
>;

/** Where the evidence of an attempt came from. */
export const EVIDENCE_SOURCES = ['callback', 'fetched'] as const;
/** Where the evidence of an attempt came from. */
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number];

/** One LAVA job for a job; a retry is a new attempt. Its definition and results are read for themselves. */
export interface AttemptRecord {
  jobId: string;
  /** From 1. */
  n: number;
  lab: string;
  /** Stands in the LAVA job's name, and nowhere else in the world. */
  submissionKey: string;
  /** Whether the definition has the submission key; an admin's own template may leave it out. */
  hasKey: boolean;
  deviceType: string;
  /** LAVA's whole-job time-out, ms. */
  jobTimeout: number;
  /** How long LAVA lets it wait for a device, ms. */
  queueTimeout: number;
  /** The largest LAVA id that was known when it was first sent: its own is larger, unless the lab counts from 1 again. */
  sinceId: number | null;
  /** When it was first decided to submit: from then on LAVA may have it. */
  intentAt: number | null;
  /** When it was sent last, while no answer is known. */
  sentAt: number | null;
  lavaId: number | null;
  submittedAt: number | null;
  /** What LAVA said last, asked or by itself. */
  lavaState: LavaState | null;
  device: string | null;
  runningAt: number | null;
  finishedAt: number | null;
  /** When LAVA was asked to cancel it. */
  cancelAt: number | null;
  /** Since when LAVA says that it knows no such job. */
  missingAt: number | null;
  /** The name of its log among the blobs. */
  log: string | null;
  /** Where the evidence came from; once it is set, LAVA's results are stored. */
  evidence: EvidenceSource | null;
  /** Why it is not the attempt that counts. */
  outcome: string | null;
}

/** An attempt that LAVA has not heard of yet. */
export type NewAttempt = Pick<
  AttemptRecord,
  'jobId' | 'n' | 'lab' | 'submissionKey' | 'deviceType' | 'jobTimeout' | 'queueTimeout'
> & { definition: string; expectedTests: ExpectedTests };

/** What of an attempt may change; `lavaJob` is what LAVA said of the finished job, without its log. */
export type AttemptChange = Partial<
  Omit<AttemptRecord, 'jobId' | 'n' | 'lab' | 'submissionKey' | 'hasKey'> & { lavaJob: LavaJob }
>;

/** The kinds of lines in a timeline. */
export const ENTRY_KINDS = ['stage', 'wait', 'attempt', 'callback', 'report', 'note', 'error'] as const;
type EntryKind = (typeof ENTRY_KINDS)[number];

/** A line for a job's timeline. */
export interface Entry {
  kind: EntryKind;
  /** What it reports, in a word that stays the same; a line of a stage that is complete has none. */
  code?: ReasonCode;
  text: string;
}

export interface TimelineRecord {
  id: number;
  at: number;
  kind: EntryKind;
  code: ReasonCode | null;
  text: string;
}

/** A callback that is not worked up yet. */
export interface CallbackRecord {
  id: number;
  jobId: string;
  lavaId: number;
  state: LavaState;
  receivedAt: number;
  /** The body as it came, without secrets and without the log, gzipped JSON. */
  body: Uint8Array;
  /** The name of its log among the blobs; null: it brought none that is of use. */
  log: string | null;
}

/** What stops new work for a lab, or for one board or one device of it (`board` and `device` empty: the whole lab). */
export interface Drain {
  lab: string;
  board: string;
  device: string;
  since: number;
  why: string;
  /** The bridge ordered it, and ends it when LAVA's health check of the device passes. */
  untilHealthy: boolean;
}

/** The verdict as it is kept with a job: enough for lists, pages and the timeline. The whole is in the reports. */
export const StoredVerdict = z.strictObject({
  /** The rule of the verdicts' table that decided. */
  rule: z.enum(RULE_NAMES),
  why: z.array(z.string()),
  reached: z.enum(REACHED),
  /** Maestro's word for it. */
  result: z.enum(NODE_RESULTS),
  layer: z.enum(LAYERS),
  tests: z.array(
    z.strictObject({
      path: z.string(),
      status: z.enum(STATUSES),
      leaves: z.number(),
      /** How many of its leaves have each status. */
      counts: z.partialRecord(z.enum(STATUSES), z.number()),
    }),
  ),
  issues: z.array(z.strictObject({ test: z.string(), signature: z.string(), comment: z.string() })),
});
export type StoredVerdict = z.infer<typeof StoredVerdict>;

export { LAVA_STATES };
