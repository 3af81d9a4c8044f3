// One step of a job: runs the stage that comes next, and stores what came of it in one transaction.
import type { Logger } from 'pino';
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { backoff, MINUTE, SECOND, sleep, type Clock } from '../core/time.ts';
import type { CrashGuard } from '../engine/crash-guard.ts';
import { createKeyedQueue } from '../engine/keyed-queue.ts';
import { isLostLease } from '../core/lease.ts';
import type { Outage } from '../engine/outage.ts';
import {
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
}

export type Step = (job: JobRecord, signal: AbortSignal) => Promise<void>;

/** Builds the runner's step: the next stage of a job, and the storing of what came of it. */
export function createStep(options: StepOptions): Step {
  const { store, stages, guard, log, storeOutage } = options;
  const oneAtATime = createKeyedQueue();

  async function work(job: JobRecord, stage: ReadyStage, signal: AbortSignal): Promise<void> {
    try {
      await settle(job, stage, await stage.run(job, signal), options);
      storeOutage.worked();
    } catch (error) {
      if (error instanceof StaleError) return; // Another writer changed it; it is still due and will be read again.
      if (signal.aborted) return;
      if (isLostLease(error)) return sleep(SECOND, signal); // Another daemon goes on with it.
      await settleFailure(job, stage, error, options, signal);
    }
  }

  return async (job, signal) => {
    const name = stageAfter(job.stage);
    const stage = stages.find((s) => s.name === name);
    if (!stage) {
      log.error({ job: job.id, stage: job.stage }, 'no stage follows; the job is closed');
      await store.save(job, { job: { done: true } });
      return;
    }
    const watched = (): Promise<void> => guard.watch(job.id, () => work(job, stage, signal));
    await (stage.serial ? oneAtATime(`${job.lab} ${stage.name}`, watched) : watched());
  };
}

type Settling = Pick<StepOptions, 'store' | 'now' | 'wakeOutbox'>;

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
  { store, now, wakeOutbox }: Settling,
): Promise<void> {
  const change: Change = outcome.change ?? {};
  const { fields, entry } = resultOf(job, stage, outcome, now());
  await store.save(job, {
    ...change,
    job: { ...change.job, ...fields },
    entries: [...(change.entries ?? []), ...(entry === undefined ? [] : [entry])],
  });
  if (change.deliveries !== undefined && change.deliveries.length > 0) wakeOutbox();
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
