// The life of a job, as data: its stages, how one step can end, and how a job is read back from the store.
//
// A job's `stage` is the last one that it completed. The runner takes the next one from the table in stages.ts, lets
// it act, and stores what came of it in one transaction. A stage may be run again at any time, after a crash or twice
// in a row: it reads what is stored first, and does only what is not done yet.
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { ERROR_CODES } from '../verdict/node-result.ts';
import { JobRequest } from '../maestro/request.ts';
import type { AttemptRecord, Change, JobRecord } from '../store/index.ts';
import type { Ending } from '../verdict/model.ts';
import type { Context } from './context.ts';

/** All stages, in their order (design 2). */
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

/** How one run of a stage ended. */
export type Outcome =
  /** The stage is complete. The next one is due at `until` (ms), if not at once. */
  | { kind: 'done'; change?: Change; note?: string; until?: number }
  /** It can't go on yet: look again at `until` (ms), or when woken. `reason` is shown to the admin. */
  | { kind: 'wait'; until: number; reason: string; change?: Change }
  /** The job ends here: what is left is to judge and to report that. */
  | { kind: 'end'; ending: Ending; change?: Change }
  /** Again from after stage `to`, with a new attempt. */
  | { kind: 'again'; to: StageName; at: number; reason: string; change?: Change }
  /** It is not ours any more: nothing is reported. */
  | { kind: 'forget'; reason: string; change?: Change };

/** One step of a job's life. */
export interface Stage {
  /** What the job has been through when this is done. */
  name: StageName;
  /** One at a time in each lab, until what came of it is stored: for a stage that counts what is there. */
  serial?: true;
  run: (job: JobRecord, ctx: Context, signal: AbortSignal) => Promise<Outcome>;
}

const StageWord = z.enum(STAGES);

/** The last stage that a stored job completed. */
export function stageOf(job: JobRecord): StageName {
  return StageWord.parse(job.stage);
}

/** The stage that a job needs next; undefined after the last. */
export function nextStage(stage: StageName): StageName | undefined {
  return STAGES[STAGES.indexOf(stage) + 1];
}

const StoredEnding = z.object({
  kind: z.enum(['rejected', 'canceled', 'timed_out', 'lost']),
  reason: z.string(),
  errorCode: z.enum(ERROR_CODES).optional(),
});

export function endingOf(job: JobRecord): Ending | undefined {
  if (job.ending === null) return undefined;
  const { errorCode, ...rest } = StoredEnding.parse(JSON.parse(job.ending));
  return errorCode === undefined ? rest : { ...rest, errorCode };
}

export function requestOf(job: JobRecord): JobRequest {
  return JobRequest.parse(JSON.parse(job.request));
}

type Rendered = Pick<
  AttemptRecord,
  'jobId' | 'n' | 'lab' | 'mark' | 'definition' | 'ask' | 'deviceType' | 'jobTimeout' | 'queueTimeout'
>;

/** An attempt that LAVA has not heard of yet. */
export function freshAttempt(rendered: Rendered): AttemptRecord {
  return {
    ...rendered,
    sinceId: null,
    intentAt: null,
    sentAt: null,
    lavaId: null,
    submittedAt: null,
    lavaState: null,
    device: null,
    runningAt: null,
    finishedAt: null,
    cancelAt: null,
    missingAt: null,
    lavaJob: null,
    log: null,
    evidence: null,
    outcome: null,
  };
}

/** The attempt that the job is at. Throws if there is none: a stage ran before its time. */
export function currentAttempt(attempts: readonly AttemptRecord[]): AttemptRecord {
  const last = attempts.at(-1);
  if (!last) throw new BridgeError('no_attempt', 'the job has no attempt yet');
  return last;
}

/** The attempt that is reported: the last one, unless a further one was to take its place. */
export function countingAttempt(attempts: readonly AttemptRecord[]): AttemptRecord | undefined {
  const last = attempts.at(-1);
  return last?.outcome === null ? last : undefined;
}

/** The LAVA id of an attempt that was submitted. */
export function lavaIdOf(attempt: AttemptRecord): number {
  if (attempt.lavaId === null) throw new BridgeError('no_lava_id', 'the attempt has no LAVA id yet');
  return attempt.lavaId;
}
