// The life of a job, as data: what a stage is, and how one run of it can end.
//
// A job's `stage` is the last one that it completed. The runner takes the next one from the table in stages.ts, lets
// it act, and stores what came of it in one transaction. A stage may be run again at any time, after a crash or twice
// in a row: it reads what is stored first, and does only what is not done yet.
import { BridgeError } from '../core/errors.ts';
import type { AttemptRecord, Change, JobRecord, Reason, StageName } from '../store/index.ts';
import type { Ending } from '../verdict/model.ts';

/** How one run of a stage ended. */
export type Outcome =
  /** The stage is complete. The next one is due at `until` (ms), if not at once. */
  | { kind: 'done'; change?: Change; note?: string; until?: number }
  /** It can't go on yet: look again at `until` (ms), or when woken. `reason` is shown to the admin. */
  | { kind: 'wait'; until: number; reason: Reason; change?: Change }
  /** The job ends here: what is left is to judge and to report that. */
  | { kind: 'end'; ending: Ending; change?: Change }
  /** Again from after stage `to`, with a new attempt. */
  | { kind: 'again'; to: StageName; at: number; reason: Reason; change?: Change }
  /** Again from after stage `to`, with what is there: something that was stored of it is lost, or was found. */
  | { kind: 'back'; to: StageName; at: number; reason: Reason; change?: Change }
  /** It is not ours any more: nothing is reported. */
  | { kind: 'forget'; reason: Reason; change?: Change };

/** One step of a job's life, and what it uses. */
export interface Stage<Ports> {
  /** One at a time in each lab, until what came of it is stored: for a stage that counts what is there. */
  serial?: true;
  run: (job: JobRecord, ports: Ports, signal: AbortSignal) => Promise<Outcome>;
}

/** A stage that has what it uses. */
export interface ReadyStage extends Pick<Stage<never>, 'serial'> {
  /** What the job has been through when this is done. */
  name: StageName;
  run: (job: JobRecord, signal: AbortSignal) => Promise<Outcome>;
}

/**
 * How a job ends that somebody cancelled, or that a newer one takes the place of. The latter is a wish alone: a job that has begun
 * to run goes on.
 */
export function orderedEnding({
  cancel,
  supersededBy,
}: Pick<JobRecord, 'cancel' | 'supersededBy'>): Ending | undefined {
  if (cancel !== null) return { kind: 'canceled', code: 'cancel', reason: cancel };
  if (supersededBy === null) return undefined;
  const reason = `a newer request of the same tree, job and board took its place: ${supersededBy}`;
  return { kind: 'canceled', code: 'superseded', reason };
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
