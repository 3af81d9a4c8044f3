import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TemporaryError } from '../../src/core/errors.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { createCircuit } from '../../src/engine/circuit.ts';
import { createCrashGuard } from '../../src/engine/crash-guard.ts';
import { createOutbox, type Outbox } from '../../src/engine/outbox.ts';
import type { OutboxDestination, Sent } from '../../src/engine/outbox-ports.ts';
import {
  openStore,
  type DeliveryRecord,
  type DueDelivery,
  type NewDelivery,
  type Store,
} from '../../src/store/index.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { SMOKE_REQUEST } from '../support/smoke-request.ts';
import { until } from '../support/world.ts';

let offset = 0;
const now = (): number => Date.now() + offset;
const running: Started[] = [];
let store: Store;
let ended: string[];

beforeEach(async () => {
  offset = 0;
  ended = [];
  store = await openStore({ sqlite: ':memory:' }, now);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((outbox) => outbox.stop()));
  await store.close();
});

type Destination = OutboxDestination<DueDelivery>;
type Send = (delivery: { kind: string; body: unknown; receipt: string | null }) => Promise<Sent>;

function destination(send: Send, more: Partial<Destination> = {}): Destination {
  return { name: 'there', need: 'required', send, circuit: createCircuit({ name: 'there', now }), ...more };
}

type Started = Outbox<DueDelivery, DeliveryRecord> & { stop: () => Promise<unknown> };

function start(...destinations: Destination[]): Started {
  const outage = {
    failed: (error: unknown): void => {
      throw error;
    },
    worked: (): void => undefined,
  };
  const log = pino({ level: 'silent' });
  const onEnd = (jobId: string): void => void ended.push(jobId);
  const guard = createCrashGuard({ notes: store, now, onTurn: () => undefined, deaths: () => 2 });
  const outbox = createOutbox<DueDelivery, DeliveryRecord>({
    destinations,
    log,
    outage,
    guard,
    now,
    onEnd,
  });
  const leased = { ...store, lease: { name: 'outbox', holder: '', fence: 0 } };
  const names = destinations.map(({ name }) => name);
  const abort = new AbortController();
  const lanes = [
    outbox.sweep(async () => names, leased, abort.signal),
    ...names.map((name) => outbox.send(name, leased, abort.signal)),
  ];
  const started = {
    ...outbox,
    stop() {
      abort.abort();
      return Promise.all(lanes);
    },
  };
  running.push(started);
  return started;
}

/** A job that waits for these deliveries; gives its id. */
async function jobWith(...deliveries: Partial<NewDelivery>[]): Promise<string> {
  const { job } = await store.receive(
    {
      lab: 'lab',
      nodeId: 'node',
      source: 'push',
      name: 'job',
      board: 'board',
      request: JobRequest.parse(SMOKE_REQUEST),
      stage: 'judged',
      priority: 0,
      ending: null,
    },
    [],
  );
  const all = deliveries.map((d, i) => ({
    destination: 'there',
    kind: `report ${i}`,
    body: { n: i },
    required: true,
    ...d,
  }));
  await store.save(job, { job: { nextAt: now() + HOUR }, deliveries: all });
  return job.id;
}

async function stateIs(job: string, state: DeliveryRecord['state'], n = 0): Promise<DeliveryRecord> {
  return until(`delivery ${n} is ${state}`, async () => {
    const found = (await store.deliveries(job))[n];
    return found?.state === state ? found : undefined;
  });
}

describe('a delivery', () => {
  it('whose body cannot be read is parked, and the others go out', async () => {
    const job = await jobWith({ body: { n: 'odd' } }, { destination: 'elsewhere' });
    const deliveryBody = store.deliveryBody.bind(store);
    store.deliveryBody = async (id) => {
      const body = await deliveryBody(id);
      if (JSON.stringify(body).includes('odd')) throw new PermanentError('store', 'it cannot be read');
      return body;
    };
    const send: Send = async () => ({ kind: 'done' });
    start(destination(send), destination(send, { name: 'elsewhere' }));

    expect(await stateIs(job, 'parked')).toMatchObject({ error: expect.any(String) });
    await stateIs(job, 'done', 1);
  });

  it('is sent as it was stored, and its job is made due when it was accepted', async () => {
    const bodies: unknown[] = [];
    const job = await jobWith({ body: { any: ['thing', 1, null] } });
    start(
      destination(async ({ body }) => {
        bodies.push(body);
        return { kind: 'done' };
      }),
    );

    await stateIs(job, 'done');

    expect(bodies).toEqual([{ any: ['thing', 1, null] }]);
    await until('its job is woken', () => (ended.includes(job) ? true : undefined));
    expect((await store.job(job))?.nextAt).toBeLessThanOrEqual(now());
  });

  it('waits for the one before it, to one destination', async () => {
    const order: string[] = [];
    let fails = 2;
    const job = await jobWith({}, {});
    start(
      destination(async ({ kind }) => {
        if (kind === 'report 0' && fails-- > 0) throw new TemporaryError('unreachable', 'no');
        order.push(kind);
        return { kind: 'done' };
      }),
    );

    await stateIs(job, 'done', 1);

    expect(order).toEqual(['report 0', 'report 1']);
  });

  it('is asked for by its receipt until the other side confirms it', async () => {
    const receipts: (string | null)[] = [];
    const job = await jobWith({});
    start(
      destination(async ({ receipt }) => {
        receipts.push(receipt);
        return receipts.length < 3 ? { kind: 'taken', receipt: 'r', afterMs: 1 } : { kind: 'done' };
      }),
    );

    await stateIs(job, 'done');

    expect(receipts).toEqual([null, 'r', 'r']);
  });

  it('is replaced by its parts', async () => {
    const job = await jobWith({});
    start(
      destination(async ({ kind }) => {
        if (kind !== 'report 0') return { kind: 'done' };
        const parts = ['a', 'b'].map((part) => ({ kind: part, body: {} }));
        return { kind: 'instead', parts, why: 'too large' };
      }),
    );

    await stateIs(job, 'done', 2);

    expect((await store.deliveries(job)).map(({ kind, required }) => [kind, required])).toEqual([
      ['report 0', true],
      ['a', true],
      ['b', true],
    ]);
  });

  it('that is refused is parked with the reason', async () => {
    const job = await jobWith({});
    start(
      destination(async () => {
        throw new PermanentError('kcidb_refused', 'never');
      }),
    );

    expect(await stateIs(job, 'parked')).toMatchObject({ error: 'never' });
  });

  it('is not sent before its time', async () => {
    let sent = 0;
    const job = await jobWith({ notBefore: now() + HOUR }, { destination: 'elsewhere' });
    const outbox = start(
      destination(async () => {
        sent += 1;
        return { kind: 'done' };
      }),
      destination(async () => ({ kind: 'done' }), { name: 'elsewhere' }),
    );
    await stateIs(job, 'done', 1);
    expect(sent).toBe(0);
    offset += HOUR + MINUTE;
    outbox.wake();

    await stateIs(job, 'done');
  });

  it('that an admin dropped while it was under way stays dropped', async () => {
    const isSent = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const job = await jobWith({});
    const outbox = start(
      destination(async () => {
        isSent.resolve();
        await goOn.promise;
        return { kind: 'taken', receipt: 'r', afterMs: 1 };
      }),
    );
    await isSent.promise;
    const [delivery] = await store.deliveries(job);
    if (delivery === undefined) throw new Error('no delivery');
    await store.saveDelivery(delivery, { delivery: { state: 'dropped', error: 'not wanted' } });
    goOn.resolve();
    await outbox.stop();

    expect((await store.deliveries(job))[0]).toMatchObject({ state: 'dropped', error: 'not wanted' });
  });
});

describe('a best-effort destination', () => {
  const bestEffort = (send: Send): Destination => destination(send, { need: 'bestEffort' });

  it('loses what it refuses', async () => {
    const job = await jobWith({ required: false });
    start(
      bestEffort(async () => {
        throw new PermanentError('maestro_refused', 'no');
      }),
    );

    await stateIs(job, 'dropped');
    expect(await store.timeline(job)).toContainEqual(expect.objectContaining({ code: 'dropped' }));
  });

  it.each([
    ['that is away', new TemporaryError('unreachable', 'away')],
    ['that refuses our token', new PermanentError('maestro_auth', 'who?')],
  ])('%s loses what it has not taken within a day', async (_what, error) => {
    const job = await jobWith({ required: false }, { required: false }, { required: false });
    const outbox = start(
      bestEffort(async () => {
        throw error;
      }),
    );
    await until('it was tried', async () => ((await store.deliveries(job))[0]?.tries ? true : undefined));
    offset += DAY + MINUTE;
    outbox.wake();

    await stateIs(job, 'dropped', 2);
  });
});

describe('a destination that is not in the configuration any more', () => {
  it.each(['pending', 'submitted', 'parked'] as const)(
    'has its %s deliveries dropped after a day, with a line in the timeline',
    async (state) => {
      const job = await jobWith({ destination: 'gone' });
      const [delivery] = await store.deliveries(job);
      if (delivery === undefined) throw new Error('no delivery');
      if (state === 'submitted') {
        await store.saveDelivery(delivery, { delivery: { state, receipt: 'r', nextAt: now() } });
      } else if (state === 'parked') {
        await store.saveDelivery(delivery, { delivery: { state, error: 'refused' } });
      }
      await start(destination(async () => ({ kind: 'done' }))).stop();
      await stateIs(job, 'unconfigured');
      offset += DAY + MINUTE;
      start(destination(async () => ({ kind: 'done' })));

      await stateIs(job, 'dropped');
      await until('its job is woken', () => (ended.includes(job) ? true : undefined));
      expect(await store.timeline(job)).toContainEqual(expect.objectContaining({ code: 'dropped' }));
    },
  );

  it('gets them where it comes back in time', async () => {
    const job = await jobWith({ destination: 'gone' });
    await start(destination(async () => ({ kind: 'done' }))).stop();
    await stateIs(job, 'unconfigured');
    offset += HOUR;

    start(destination(async () => ({ kind: 'done' }), { name: 'gone' }));

    await stateIs(job, 'done');
  });

  it('does not get another day by each start', async () => {
    const job = await jobWith({ destination: 'gone' });
    for (let i = 0; i < 3; i++) {
      await start(destination(async () => ({ kind: 'done' }))).stop();
      await stateIs(job, 'unconfigured');
      offset += 9 * HOUR;
    }

    start(destination(async () => ({ kind: 'done' })));

    await stateIs(job, 'dropped');
  });
});
