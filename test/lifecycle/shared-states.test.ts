// Two daemons that know of each other by the database alone: what one says of its work, the other shows.
import { pino } from 'pino';
import { beforeEach, expect, it } from 'vitest';
import { configMarks, type Marks } from '../../src/config/marks.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import { createCallbackWatch, type CallbackWatch } from '../../src/lifecycle/callback-watch.ts';
import { openLabs } from '../../src/lifecycle/open-lab.ts';
import type { KnownPart } from '../../src/lifecycle/parts.ts';
import { createSharedStates } from '../../src/lifecycle/shared-states.ts';

const MINUTE = 60_000;
const LAB = {
  name: 'a',
  origin: 'a',
  lava: { url: 'http://127.0.0.1:1', user: 'bridge', token: 'x' },
  callback: { token_name: 'bridge-callback', token: 'y' },
};

interface Process {
  id: string;
  names: string[];
  holds: string[];
  version?: string;
}

/** What the database has; its clock is everybody's. */
let now: number;
let processes: Process[];
let rows: Map<string, { process: string; body: string; at: number }>;
let writes: number;
/** By a job's id: whether it has ended in LAVA. */
let jobs: Map<string, boolean>;

beforeEach(() => {
  now = 1_800_000_000_000;
  processes = [
    { id: 'one', names: ['lab a'], holds: ['lab a'] },
    { id: 'two', names: ['lab a'], holds: [] },
  ];
  rows = new Map();
  writes = 0;
  jobs = new Map();
});

interface TestDaemon {
  watch: CallbackWatch;
  /** One look at the database. */
  look: () => Promise<void>;
  callbacks: () => Promise<KnownPart | undefined>;
  said: string[];
  /** In what another daemon differs from this one. */
  differs: (name: string) => readonly string[] | undefined;
}

/** `marks`: of its configuration. */
function daemon(id: string, marks: () => Marks = () => ({})): TestDaemon {
  const clock = (): number => now;
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
  const attempt = (jobId: string) => ({ lavaId: 1, finishedAt: jobs.get(jobId) === true ? 1 : null });
  const store = {
    attempts: async (jobId: string) => (jobs.has(jobId) ? [attempt(jobId)] : []),
    callbacks: async () => [],
  };
  const watch = createCallbackWatch({
    store: store as never,
    log,
    now: clock,
    labs: new Map([['a', { tokenName: 'bridge-callback', url: 'http://bridge.example' }]]),
  });
  const labs = openLabs(BridgeConfig.parse({ labs: [LAB] }).labs, {
    log,
    now: clock,
    signal: new AbortController().signal,
    onUp: () => undefined,
    onInventory: () => undefined,
    onCall: () => undefined,
  });
  const states = createSharedStates({
    leases: {
      processId: id,
      sharedWork: async () => ({
        processes: processes.map((one) => ({
          ...one,
          host: one.id,
          pid: 1,
          version: one.version ?? '0.1.0',
          startedAt: 0,
          restMs: 8000,
        })),
        leases: processes.flatMap((one) => one.holds.map((name) => ({ name, holder: one.id, fence: 1 }))),
      }),
      async saveState(name, body) {
        writes++;
        rows.set(name, { process: id, body, at: now });
      },
      states: async () =>
        [...rows]
          .filter(([, { process }]) => process !== id)
          .map(([name, { body, at }]) => ({ name, body, ageMs: now - at })),
    },
    parts: [{ kind: 'callbacks', name: 'a', state: () => watch.state('a') }],
    callbackWatch: watch,
    labs,
    marks,
    storeOutage: {
      failed: (error: unknown) => {
        throw error;
      },
      worked: () => undefined,
    },
    log,
    now: clock,
  });
  return {
    watch,
    said,
    async look() {
      const once = new AbortController();
      const running = states.run(once.signal);
      once.abort();
      await running;
    },
    differs: (host) => states.daemons().find(({ name }) => name === `${host}:1`)?.differs,
    callbacks: async () => (await states.parts()).find(({ kind }) => kind === 'callbacks'),
  };
}

/** All look until each knows what the other knows. */
async function lookAround(...daemons: TestDaemon[]): Promise<void> {
  for (let times = 0; times < 3; times++) for (const each of daemons) await each.look();
}

/** Jobs of the lab that ended without a callback, as its holder sees it. */
function missed({ watch }: TestDaemon, times = 3): void {
  for (let n = 0; n < times; n++) watch.ended('a', now, false);
}

it('a daemon that gets no callbacks says nothing of it while another gets them', async () => {
  const [holder, taker] = [daemon('one'), daemon('two')];
  now += MINUTE;
  taker.watch.accepted('a');
  await lookAround(taker, holder);
  missed(holder);
  await lookAround(taker, holder);

  for (const each of [holder, taker]) expect(await each.callbacks()).toMatchObject({ status: 'up' });

  now += 2 * MINUTE;
  missed(holder);
  await lookAround(taker, holder);
  for (const each of [holder, taker])
    expect(await each.callbacks()).toMatchObject({
      status: 'down',
      why: expect.stringContaining('without a callback'),
    });
});

it('a callback that one refuses is known to the daemon that does the lab, until one is accepted anywhere', async () => {
  const [holder, taker] = [daemon('one'), daemon('two')];
  jobs.set('a:1', false);
  await taker.watch.refused('a', 'a:1', 'name');
  jobs.set('a:1', true);
  await lookAround(taker, holder);

  for (const each of [holder, taker])
    expect(await each.callbacks()).toMatchObject({
      status: 'down',
      why: expect.stringContaining('bridge-callback'),
    });

  now += MINUTE;
  holder.watch.accepted('a');
  await lookAround(taker, holder);
  for (const each of [holder, taker]) expect(await each.callbacks()).toMatchObject({ status: 'up' });
});

it('who takes a lab over knows of its callbacks what the other knew', async () => {
  const [first, second] = [daemon('one'), daemon('two')];
  first.watch.accepted('a');
  await lookAround(first, second);
  processes = [{ id: 'two', names: ['lab a'], holds: ['lab a'] }];
  await second.look();

  expect(await second.callbacks()).toMatchObject({ status: 'up', answeredAt: now });
});

it('a thousand callbacks cost no write each', async () => {
  const taker = daemon('two');
  for (let n = 0; n < 1000; n++) {
    taker.watch.accepted('a');
    now += 100;
    await taker.look();
  }
  expect(writes).toBeLessThan(10);
});

it('what a holder has not said for long is not known any more, and its age is shown', async () => {
  const [holder, other] = [daemon('one'), daemon('two')];
  holder.watch.accepted('a');
  const acceptedAt = now;
  await lookAround(holder, other);
  expect(await other.callbacks()).toMatchObject({ status: 'up' });

  now += 5 * MINUTE;
  await other.look();
  expect(await other.callbacks()).toMatchObject({ status: 'unknown', answeredAt: acceptedAt });
});

/** A configuration's marks. `lab`, `more`: merged into the lab's entry and into the top level. */
function marksOf(lab: object = {}, more: object = {}): Marks {
  return configMarks(BridgeConfig.parse({ labs: [{ ...LAB, ...lab }], ...more }));
}

it('what only one of two daemons can do is said once', async () => {
  processes = [
    { id: 'one', names: ['lab a', 'lab b'], holds: ['lab a'] },
    { id: 'two', names: ['lab a'], holds: [] },
    // One that stops.
    { id: 'three', names: [], holds: [] },
  ];
  const two = daemon('two', () => marksOf());
  const other = BridgeConfig.parse({ labs: [LAB, { ...LAB, name: 'b.x' }] });
  const one = daemon('one', () => configMarks(other));
  await lookAround(one, two, one, two);

  expect(two.said).toEqual([expect.stringContaining('"onlyThere":["lab b"]')]);
  expect(two.differs('one')).toEqual(['labs.b.x']);
  expect(one.differs('two')).toEqual(['labs.b.x']);
});

it('daemons name the keys in which they differ, until they do no more', async () => {
  let marks = marksOf({ limits: { max_jobs: 10 } }, { report: { maestro: 'hierarchy' } });
  const [one, two] = [daemon('one', () => marks), daemon('two', () => marksOf())];
  await lookAround(one, two);

  for (const each of [one, two]) expect(each.said).toEqual([expect.stringMatching(/another configuration/)]);
  expect(two.differs('one')).toEqual(['labs.a.limits', 'report.maestro']);
  expect(two.differs('two')).toEqual([]);

  marks = marksOf({ limits: { max_jobs: 10 } });
  await lookAround(one, two);
  expect(two.differs('one')).toEqual(['labs.a.limits']);
  marks = marksOf();
  await lookAround(one, two);
  expect(two.differs('one')).toEqual([]);
  expect(two.said).toHaveLength(2);
});

it('a daemon of another version is named as such, also one that keeps no marks', async () => {
  processes = [
    { id: 'one', names: ['lab a'], holds: ['lab a'], version: '0.2.0' },
    { id: 'two', names: ['lab a'], holds: [] },
  ];
  const two = daemon('two', () => marksOf());
  await lookAround(two);

  expect(two.differs('one')).toEqual(['version']);
  expect(two.said).toHaveLength(1);
});
