// One step of a job: runs the stage that comes next, and stores what came of it in one transaction.
import type { Logger } from 'pino';
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { backoff, MINUTE, SECOND, sleep, type Clock } from '../core/time.ts';
import type { CrashGuard } from '../engine/crash-guard.ts';
import { createKeyedQueue } from '../engine/keyed-queue.ts';
import { isLostLease } from '../core/lease.ts';
import type { Outage } from '../engine/outage.ts';
import {
  halfOf,
  stageAfter,
  StaleError,
  type Change,
  type Entry,
  type JobChange,
  type JobRecord,
  type LeasedStore,
} from '../store/index.ts';
import type { Outcome, ReadyStage } from './model.ts';

export interface StepOptions {
  store: Pick<LeasedStore, 'save' | 'lease'>;
  stages: readonly ReadyStage[];
  guard: Pick<CrashGuard, 'watch'>;
  log: Logger;
  storeOutage: Outage;
  now: Clock;
  /** A delivery was stored. */
  wakeOutbox: () => void;
  /** A job of the lab has come to the other half of its life. */
  wake: (lab: string) => void;
}

export type Step = (job: JobRecord, signal: AbortSignal) => Promise<void>;

/**
 * Builds the runner's step: the next stage of a job, and the storing of what came of it. As long as a stage is done and the next
 * one is due, the job goes on in its place: what was just stored need not be looked for.
 */
export function createStep(options: StepOptions): Step {
  const { store, stages, guard, log, storeOutage } = options;
  const oneAtATime = createKeyedQueue();

  /** Gives the job, if its next stage is due at once. */
  async function work(
    job: JobRecord,
    stage: ReadyStage,
    signal: AbortSignal,
  ): Promise<JobRecord | undefined> {
    try {
      const outcome = await stage.run(job, signal);
      const saved = await settle(job, stage, outcome, options);
      storeOutage.worked();
      const isDue = outcome.kind === 'done' && !saved.done && saved.nextAt <= options.now();
      // In the other half of its life it has another place.
      const isHere = halfOf(saved.stage) === halfOf(job.stage);
      return isDue && isHere && !signal.aborted ? saved : undefined;
    } catch (error) {
      if (error instanceof StaleError) return undefined; // Another writer changed it; it is still due and will be read again.
      if (signal.aborted) return undefined;
      if (isLostLease(error))
        await sleep(SECOND, signal); // Another daemon goes on with it.
      else await settleFailure(job, stage, error, options, signal);
      return undefined;
    }
  }

  async function next(
    job: JobRecord,
    stage: ReadyStage,
    signal: AbortSignal,
  ): Promise<JobRecord | undefined> {
    let saved: JobRecord | undefined;
    const watched = (): Promise<void> =>
      guard.watch(job.id, async () => {
        saved = await work(job, stage, signal);
      });
    await (stage.serial ? oneAtATime(`${job.lab} ${stage.name}`, watched) : watched());
    return saved;
  }

  const stageOf = (job: JobRecord): ReadyStage | undefined => {
    const name = stageAfter(job.stage);
    return stages.find((stage) => stage.name === name);
  };

  return async (job, signal) => {
    let stage = stageOf(job);
    if (!stage) {
      log.error({ job: job.id, stage: job.stage }, 'no stage follows; the job is closed');
      await store.save(job, { job: { done: true } });
    }
    for (let at: JobRecord | undefined = job; at !== undefined && stage !== undefined;) {
      at = await next(at, stage, signal);
      stage = at && stageOf(at);
    }
  };
}

type Settling = Pick<StepOptions, 'store' | 'now' | 'wakeOutbox' | 'wake'>;

/** What is stored of a job when a stage came to this, and the line in its timeline. */
function resultOf(
  job: JobRecord,
  stage: ReadyStage,
  outcome: Outcome,
  at: number,
): { fields: JobChange; entry?: Entry } {
  switch (outcome.kind) {
    case 'done':
      return {
        fields: {
          stage: stage.name,
          done: stageAfter(stage.name) === undefined,
          tries: 0,
          reason: null,
          nextAt: outcome.until ?? at,
        },
        entry: {
          kind: 'stage',
          text: outcome.note === undefined ? stage.name : `${stage.name}: ${outcome.note}`,
        },
      };
    case 'wait': {
      const { reason, until } = outcome;
      const fields = { reason, tries: 0, nextAt: until };
      // A reason stands in the timeline once, however long it holds.
      if (reason.text === job.reason?.text) return { fields };
      return {
        fields,
        entry: { kind: 'wait', code: reason.code, text: `waits to be ${stage.name}: ${reason.text}` },
      };
    }
    case 'end': {
      const { ending } = outcome;
      return {
        fields: { stage: 'finished', ending, tries: 0, reason: null, nextAt: at },
        entry: { kind: 'stage', code: ending.code, text: `${ending.kind}: ${ending.reason}` },
      };
    }
    case 'again': {
      const { to, reason } = outcome;
      return {
        fields: { stage: to, tries: 0, reason, nextAt: outcome.at },
        entry: { kind: 'attempt', code: reason.code, text: reason.text },
      };
    }
    case 'back': {
      const { to, reason } = outcome;
      return {
        fields: { stage: to, tries: 0, reason: null, nextAt: outcome.at },
        entry: { kind: 'note', code: reason.code, text: reason.text },
      };
    }
    case 'forget': {
      const { reason } = outcome;
      return {
        fields: { done: true, reason, tries: 0 },
        entry: { kind: 'note', code: reason.code, text: `forgotten: ${reason.text}` },
      };
    }
  }
}

async function settle(
  job: JobRecord,
  stage: ReadyStage,
  outcome: Outcome,
  { store, now, wakeOutbox, wake }: Settling,
): Promise<JobRecord> {
  const change: Change = outcome.change ?? {};
  const { fields, entry } = resultOf(job, stage, outcome, now());
  const saved = await store.save(job, {
    ...change,
    job: { ...change.job, ...fields },
    entries: [...(change.entries ?? []), ...(entry === undefined ? [] : [entry])],
  });
  if (change.deliveries !== undefined && change.deliveries.length > 0) wakeOutbox();
  if (fields.stage !== undefined && halfOf(fields.stage) !== halfOf(job.stage)) wake(job.lab);
  return saved;
}

async function settleFailure(
  job: JobRecord,
  stage: ReadyStage,
  error: unknown,
  { store, now, storeOutage }: StepOptions,
  signal: AbortSignal,
): Promise<void> {
  const text = errorText(error);
  const code = error instanceof BridgeError ? error.code : 'internal';
  const passing = error instanceof TemporaryError;
  // What is not known to pass is tried again too, but seldom: an admin may fix it (a permission, a template, a disk).
  const pause = passing
    ? backoff(job.tries, 2 * SECOND, 5 * MINUTE)
    : backoff(job.tries, 30 * SECOND, 10 * MINUTE);
  const wait = Math.max(pause, (passing ? error.retryAfterMs : undefined) ?? 0);
  const isNew = text !== job.reason?.text;
  try {
    await store.save(job, {
      job: { tries: job.tries + 1, reason: { code, text }, nextAt: now() + wait },
      entries: isNew ? [{ kind: 'error', code, text: `${stage.name}: ${text}` }] : [],
    });
  } catch (failure) {
    if (failure instanceof StaleError || isLostLease(failure)) return;
    storeOutage.failed(failure);
    await sleep(5 * SECOND, signal); // it is still due: without a pause it would be tried without end
  }
}
