// Drives jobs through their stages: one lane per lab, so that a dead or slow lab holds up no other. A lane takes the
// jobs that are due, runs the next stage of each, and stores what came of it. It knows no stage by name.
import type { Logger } from 'pino';
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { backoff, MINUTE, SECOND, sleep } from '../core/time.ts';
import {
  stageAfter,
  StaleError,
  type Change,
  type Entry,
  type JobRecord,
  type ReasonCode,
} from '../store/index.ts';
import type { Context } from '../lifecycle/context.ts';
import { createLane, type Lane } from './work-loop.ts';
import type { Outcome, Stage } from '../lifecycle/model.ts';
import { STAGE_TABLE } from '../lifecycle/stages/table.ts';

export interface Runner {
  start: () => void;
  /** Looks at the store now: something made a job of this lab due. */
  wake: (lab: string) => void;
  /** Takes no new work, tells the stages that run to stop, and waits until they have. */
  stop: () => Promise<void>;
  /** When a lane last looked for work (ms): the watchdog's sign of life. */
  lastRound: () => number;
}

/** How many jobs of one lab are worked on at once. */
const LANE_WIDTH = 16;

export function createRunner(ctx: Context, stages: readonly Stage[] = STAGE_TABLE): Runner {
  const abort = new AbortController();
  const lanes = new Map([...ctx.labs.keys()].map((lab) => [lab, laneOf(lab)]));
  let lastRound = ctx.now();

  function laneOf(lab: string): Lane {
    return createLane({
      width: LANE_WIDTH,
      due: (limit) => ctx.store.due(lab, ctx.now(), limit),
      nextDue: () => ctx.store.nextDue(lab, ctx.now()),
      id: (job) => job.id,
      work: step,
      onError: ctx.storeTrouble.failed,
      onRound: () => {
        lastRound = ctx.now();
      },
      signal: abort.signal,
      now: ctx.now,
    });
  }

  const queues = new Map<string, Promise<unknown>>();
  function oneAtATime(queue: string, work: () => Promise<void>): Promise<void> {
    const mine = (queues.get(queue) ?? Promise.resolve()).then(work);
    queues.set(
      queue,
      mine.catch(() => undefined),
    );
    return mine;
  }

  async function step(job: JobRecord): Promise<void> {
    const log = ctx.log.child({ job: job.id });
    const name = stageAfter(job.stage);
    const stage = stages.find((s) => s.name === name);
    if (!stage) {
      log.error({ stage: job.stage }, 'no stage follows; the job is closed');
      await ctx.store.save(job, { job: { done: true } });
      return;
    }
    const run = async (): Promise<void> => {
      await settle(job, stage, await stage.run(job, ctx, abort.signal), ctx);
      ctx.storeTrouble.worked();
    };
    try {
      await (stage.serial ? oneAtATime(`${job.lab} ${stage.name}`, run) : run());
    } catch (error) {
      if (error instanceof StaleError) return; // Somebody else changed it; it is still due and will be read again.
      if (abort.signal.aborted) return;
      await settleFailure(job, stage, error, ctx, log, abort.signal);
    }
  }

  let running: Promise<unknown> | undefined;
  return {
    start() {
      running ??= Promise.all([...lanes.values()].map((lane) => lane.run()));
    },
    wake(lab) {
      lanes.get(lab)?.wake();
    },
    async stop() {
      abort.abort();
      await running;
    },
    lastRound: () => lastRound,
  };
}

/** Stores what a stage came to. */
export async function settle(
  job: JobRecord,
  stage: Stage,
  outcome: Outcome,
  ctx: Context,
): Promise<JobRecord> {
  const { change = {} } = 'change' in outcome ? outcome : {};
  const at = ctx.now();
  const save = async (
    fields: NonNullable<Change['job']>,
    kind: Entry['kind'],
    text: string | undefined,
    code?: ReasonCode,
  ): Promise<JobRecord> => {
    const saved = await ctx.store.save(job, {
      ...change,
      job: { ...change.job, ...fields },
      entries: [
        ...(change.entries ?? []),
        ...(text === undefined ? [] : [{ kind, text, ...(code === undefined ? {} : { code }) }]),
      ],
    });
    if (change.deliveries !== undefined && change.deliveries.length > 0) ctx.wakeOutbox();
    return saved;
  };
  switch (outcome.kind) {
    case 'done': {
      const last = stageAfter(stage.name) === undefined;
      const note = outcome.note === undefined ? stage.name : `${stage.name}: ${outcome.note}`;
      return save(
        {
          stage: stage.name,
          done: last,
          tries: 0,
          reason: null,
          nextAt: outcome.until ?? at,
        },
        'stage',
        note,
      );
    }
    case 'wait': {
      const isNew = outcome.reason.text !== job.reason?.text;
      return save(
        { reason: outcome.reason, tries: 0, nextAt: outcome.until },
        'wait',
        isNew ? `waits to be ${stage.name}: ${outcome.reason.text}` : undefined,
        outcome.reason.code,
      );
    }
    case 'end': {
      const { ending } = outcome;
      const fields = {
        stage: 'finished' as const,
        ending,
        tries: 0,
        reason: null,
        nextAt: at,
      };
      return save(fields, 'stage', `${ending.kind}: ${ending.reason}`);
    }
    case 'again':
      return save(
        { stage: outcome.to, tries: 0, reason: outcome.reason, nextAt: outcome.at },
        'attempt',
        outcome.reason.text,
        outcome.reason.code,
      );
    case 'forget':
      return save(
        { done: true, reason: outcome.reason, tries: 0 },
        'note',
        `forgotten: ${outcome.reason.text}`,
        outcome.reason.code,
      );
  }
}

async function settleFailure(
  job: JobRecord,
  stage: Stage,
  error: unknown,
  ctx: Context,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const text = errorText(error);
  const passing = error instanceof TemporaryError;
  // What is not known to pass is tried again too, but seldom: an admin may mend it (a permission, a template, a disk).
  const pause = passing
    ? backoff(job.tries, 2 * SECOND, 5 * MINUTE)
    : backoff(job.tries, 30 * SECOND, 10 * MINUTE);
  const wait = Math.max(pause, (passing ? error.retryAfterMs : undefined) ?? 0);
  const code = error instanceof BridgeError ? error.code : 'internal';
  const isNew = text !== job.reason?.text;
  if (!passing && isNew) log.error({ stage: stage.name, error: text }, 'a stage failed');
  try {
    await ctx.store.save(job, {
      job: { tries: job.tries + 1, reason: { code, text }, nextAt: ctx.now() + wait },
      entries: isNew ? [{ kind: 'error', code, text: `${stage.name}: ${text}` }] : [],
    });
  } catch (failure) {
    if (failure instanceof StaleError) return;
    ctx.storeTrouble.failed(failure);
    await sleep(5 * SECOND, signal); // it is still due: without a pause it would be tried without end
  }
}
