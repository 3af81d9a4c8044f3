// What happens to a job that may have to be reported: what every destination is offered, and takes what concerns it.
import type { JobRequest, Source } from '../maestro/request.ts';
import type { AttemptRecord } from '../store/index.ts';
import type { Ending, Evidence, Verdict } from '../verdict/model.ts';
import type { NodeResult } from '../verdict/node-result.ts';
import type { PublishedLogs } from './logs.ts';

/** A job, as reports describe it. */
export interface ReportedJob {
  job: {
    id: string;
    lab: string;
    nodeId: string;
    /** The name of Maestro's job node. */
    name: string;
    /** The platform's name; empty if the request named none. */
    board: string;
    source: Source;
    /** Whether Maestro's node carries, or carried, our mark. */
    isClaimed: boolean;
    /** Milliseconds since the epoch, as all times here. */
    receivedAt: number;
  };
  request: JobRequest;
  lab: { origin: string; lavaUrl: string };
  /** The board's compatible list, if it is known. */
  compatible: readonly string[] | undefined;
}

/** One LAVA job of it. */
export type ReportedAttempt = Pick<AttemptRecord, 'n' | 'lavaId' | 'sinceId' | 'device' | 'outcome'>;

/** A LAVA job that ended, or a job that ended without one. */
interface Judged {
  /** All LAVA jobs so far, the oldest first. */
  attempts: readonly ReportedAttempt[];
  /** The one that was judged; undefined: there was none, or none that counts. */
  attempt: ReportedAttempt | undefined;
  evidence: Evidence;
  verdict: Verdict;
  /** How the job ended by our own record. */
  ending: Ending | undefined;
}

/** A verdict that takes the place of one that was reported. */
interface Correction {
  /** When it was judged again, RFC 3339: distinguishes its deliveries from those before. */
  at: string;
  /** The result that was reported. */
  corrects: NodeResult;
}

/** Something that happened to a job, with the job. */
export type JobEvent = ReportedJob &
  (
    | /** Maestro ended the node before the job was let in. */ { kind: 'not-wanted'; why: string }
    | { kind: 'submitted'; lavaId: number }
    /** LAVA runs it. `bootPath`: the path of its boot test. */
    | { kind: 'started'; attempt: ReportedAttempt; startedAt: number; bootPath: string }
    /** A LAVA job failed, and another takes its place. */
    | ({ kind: 'superseded' } & Judged)
    /** The end: `logs` are what was published of it. */
    | ({ kind: 'judged'; logs: PublishedLogs; correction?: Correction } & Judged)
  );

/** An event that comes with a verdict. */
export type JudgedEvent = Extract<JobEvent, { kind: 'judged' | 'superseded' }>;
