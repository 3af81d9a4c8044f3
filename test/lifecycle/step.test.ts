import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/core/logger.ts';
import { BridgeError, TemporaryError } from '../../src/core/errors.ts';
import { createOutage } from '../../src/engine/outage.ts';
import type { Outcome, ReadyStage } from '../../src/lifecycle/model.ts';
import { createStep } from '../../src/lifecycle/step.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { openStore, type ListedJob, type Store } from '../../src/store/index.ts';

const NODE = '66c0ffee0000000000000003';
const MINUTE = 60_000;
let store: Store;
let now: number;
let wakes: number;

beforeEach(async () => {
  now = 1_000_000;
  wakes = 0;
  store = await openStore({ sqlite: ':memory:' }, () => now);
});

async function received(): Promise<ListedJob> {
  const { job } = await store.receive(
    {
      lab: 'lava-a',
      nodeId: NODE,
      source: 'push',
      name: 'smoke',
      board: 'b',
      request: JobRequest.parse({
        node: { id: NODE, kind: 'job', name: 'smoke', path: ['smoke'], state: 'available' },
      }),
      priority: 0,
      stage: 'received',
      ending: null,
    },
    [],
  );
  return job;
}

/** Runs a step of the job through these stages, or one that comes to this, and gives the job as it is stored then. */
async function stepped(
  job: ListedJob,
  run: ReadyStage[] | (() => Promise<Outcome>),
  signal = new AbortController().signal,
): Promise<ListedJob> {
  const log = createLogger('fatal');
  const step = createStep({
    store: store.under({ name: 'lab lava-a', holder: '', fence: 0 }),
    stages: Array.isArray(run) ? run : [{ name: 'admitted', run }],
    guard: { watch: (_item, work) => work() },
    log,
    storeOutage: createOutage(log, 'the store fails', 'the store works again'),
    now: () => now,
    wakeOutbox: () => (wakes += 1),
    wake: () => undefined,
  });
  await step(job, signal);
  const stored = await store.job(job.id);
  if (!stored) throw new Error('the job is gone');
  return stored;
}

const texts = async (job: ListedJob): Promise<string[]> =>
  (await store.timeline(job.id)).map(({ text }) => text);

describe('a step', () => {
  it('that is done takes the job on, with all that changed', async () => {
    const job = await stepped(await received(), async () => ({
      kind: 'done',
      note: 'let in',
      until: now + MINUTE,
      change: { job: { claimedAt: 7 } },
    }));

    expect(job).toMatchObject({ stage: 'admitted', done: false, nextAt: now + MINUTE, claimedAt: 7 });
    expect(await texts(job)).toEqual(['admitted: let in']);
  });

  it('goes on with the next stage, if that is due at once', async () => {
    const begun: string[] = [];
    const stage = (name: ReadyStage['name'], until?: number): ReadyStage => ({
      name,
      run: async ({ stage: last }) => {
        begun.push(`${name} after ${last}`);
        return { kind: 'done', ...(until === undefined ? {} : { until }) };
      },
    });

    const job = await stepped(await received(), [
      stage('admitted'),
      stage('claimed', now + MINUTE),
      stage('rendered'),
    ]);

    expect(begun).toEqual(['admitted after received', 'claimed after admitted']);
    expect(job).toMatchObject({ stage: 'claimed', nextAt: now + MINUTE });
  });

  it('ends where it is when the daemon stops', async () => {
    const stop = new AbortController();
    const never = async (): Promise<Outcome> => ({ kind: 'done' });

    const job = await stepped(
      await received(),
      [
        {
          name: 'admitted',
          run: async () => {
            stop.abort();
            return { kind: 'done' };
          },
        },
        { name: 'claimed', run: never },
      ],
      stop.signal,
    );

    expect(job).toMatchObject({ stage: 'admitted', nextAt: now });
  });

  it('that waits shows why, and says so in the timeline once', async () => {
    const wait = async (): Promise<Outcome> => ({
      kind: 'wait',
      until: now + MINUTE,
      reason: { code: 'offline', text: 'no board' },
    });
    const first = await stepped(await received(), wait);
    const second = await stepped(first, wait);

    expect(second).toMatchObject({ stage: 'received', reason: { code: 'offline', text: 'no board' } });
    expect(await store.timeline(second.id)).toMatchObject([
      { kind: 'wait', code: 'offline', text: 'waits to be admitted: no board' },
    ]);
  });

  it('that ends the job leaves judging and reporting it', async () => {
    const job = await stepped(await received(), async () => ({
      kind: 'end',
      ending: { kind: 'canceled', code: 'cancel', reason: 'not wanted' },
    }));

    expect(job).toMatchObject({ stage: 'finished', done: false, ending: { kind: 'canceled' } });
  });

  it('that forgets the job leaves nothing to do', async () => {
    const job = await stepped(await received(), async () => ({
      kind: 'forget',
      reason: { code: 'node_taken', text: 'of another' },
    }));

    expect(job).toMatchObject({ stage: 'received', done: true, reason: { code: 'node_taken' } });
  });

  it('that fails is tried again, soon if it may pass, seldom if not, and never sooner than was asked for', async () => {
    const failures: [Error, number][] = [
      [new TemporaryError('down', 'away'), 5000],
      [new BridgeError('no_lab', 'no such lab'), 2 * MINUTE],
    ];
    for (const [error, within] of failures) {
      const job = await stepped(await received(), () => Promise.reject(error));
      expect(job.tries).toBeGreaterThan(0);
      expect(job.nextAt).toBeGreaterThan(now);
      expect(job.nextAt).toBeLessThanOrEqual(now + within);
    }
    const busy = new TemporaryError('down', 'busy', { retryAfterMs: 9 * MINUTE });
    const job = await stepped(await received(), () => Promise.reject(busy));
    expect(job.nextAt).toBeGreaterThanOrEqual(now + 9 * MINUTE);
    expect(job.reason).toEqual({ code: 'down', text: 'busy' });
  });

  it('decides nothing if the job was changed meanwhile', async () => {
    const job = await stepped(await received(), async () => {
      await store.wake(`lava-a:${NODE}`, now + 5);
      return { kind: 'done' };
    });

    expect(job).toMatchObject({ stage: 'received', nextAt: now + 5, tries: 0 });
  });

  it('wakes the outbox if there is something to send', async () => {
    await stepped(await received(), async () => ({
      kind: 'done',
      change: { deliveries: [{ destination: 'kcidb', kind: 'report', body: '{}', required: true }] },
    }));
    expect(wakes).toBe(1);
  });
});
