import { describe, expect, it } from 'vitest';
import type { StageName } from '../../src/store/index.ts';
import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import type { Fault } from '../../src/sim/http-faults.ts';
import type { SimServer } from '../../src/sim/http-server.ts';
import { order } from '../support/order.ts';
import { atEnd, LAB, testWorld, until, type TestWorld } from '../support/world.ts';

const KINDS: Fault[] = [{ kind: 'cut' }, { kind: 'status', status: 503 }, { kind: 'mute' }];

type Side = 'lava' | 'maestro' | 'kcidb';

/** A side that is away from a stage of the jobs on. */
interface Case {
  side: Side;
  from: StageName;
  about: string;
}

/** The lines of the log that say that something went or came; what happened to a job may repeat it. */
function logged(world: TestWorld, words: RegExp): string[] {
  return world.log.filter((line) => words.test(line) && !line.includes('"event":'));
}

/** Waits until somebody has found it away some more times. */
async function triedAgain({ faults }: SimServer): Promise<void> {
  const before = faults.hits();
  await until('it is tried again', () => (faults.hits() >= before + 3 ? true : undefined));
}

const SAYS: Record<Side, { away: RegExp; back: RegExp }> = {
  lava: { away: /the lab is away/, back: /the lab is back/ },
  maestro: { away: /maestro is away/, back: /maestro is back/ },
  kcidb: { away: /kcidb is away/, back: /kcidb is back/ },
};

describe('an outage', () => {
  const cases: Case[] = [
    { side: 'lava', from: 'received', about: 'LAVA before the job is let in' },
    { side: 'lava', from: 'claimed', about: 'LAVA before the job is submitted' },
    { side: 'lava', from: 'running', about: 'LAVA while the job runs' },
    { side: 'maestro', from: 'received', about: 'Maestro before the node is claimed' },
    { side: 'maestro', from: 'running', about: 'Maestro while the job runs' },
    { side: 'kcidb', from: 'running', about: 'KCIDB when the report is sent' },
  ];
  for (const fault of KINDS) {
    // Most of the time is waited: for what does not answer, and for the next try.
    it(`is waited out, and reported once (${fault.kind})`, { timeout: 600_000 }, async () => {
      const stand = async (one: Case): Promise<[Case, TestWorld]> => [one, await worldToCutOff(fault)];
      const worlds = await Promise.all(cases.map(stand));
      await Promise.all(worlds.map(([one, world]) => outage(one, fault, world)));
    });
  }

  function worldToCutOff(fault: Fault): Promise<TestWorld> {
    return testWorld({
      // What is mute is away once calls timed out; a busy machine still answers in that time.
      ...(fault.kind === 'mute' ? { timeout: '4s' } : {}),
      // Its jobs are still there to be asked for when the outage begins.
      lava: { pace: { scheduleMs: 30, startMs: 30, runMs: 3000 } },
    });
  }

  async function outage({ side, from, about }: Case, fault: Fault, world: TestWorld): Promise<void> {
    const server: SimServer = world[side];
    const nodes = [1, 2].map(() => world.publish({ scenario: 'fail' }));
    for (const nodeId of nodes) await world.at(nodeId, from);
    world.fly(60);
    const over = server.faults.add({ ...fault, path: /^\/(?!sim)/ });
    await until(`it is logged: ${about}`, () =>
      logged(world, SAYS[side].away).length > 0 ? true : undefined,
    );
    await triedAgain(server);
    over();

    for (const nodeId of nodes) {
      expect(await world.ended(nodeId), about).toMatchObject({ stage: 'reported' });
      expect(world.maestro.node(nodeId), about).toMatchObject({ state: 'done', result: 'fail' });
    }
    expect(world.lava.jobs(), about).toHaveLength(2);
    expect(
      world.kcidb.objects('tests').filter(({ path }) => path === 'boot'),
      about,
    ).toHaveLength(2);
    const [away, back] = [
      (): number => logged(world, SAYS[side].away).length,
      (): number => logged(world, SAYS[side].back).length,
    ];
    await until(`it is back: ${about}`, () => (back() > 0 && back() === away() ? true : undefined));
    // On a busy machine what answers may time out, too: that is an outage of its own.
    if (fault.kind !== 'mute') expect(away(), about).toBe(1);
  }

  it('of a lab shows in its jobs, its state, and nowhere as ours', async () => {
    const world = await testWorld();
    world.lava.setDown(true);
    const nodeId = world.publish();
    world.fly(60);
    await world.waits(nodeId, ['down', 'unreachable'], LAB);

    expect((await world.http('/api/v1/labs')).json).toMatchObject({
      labs: [{ name: 'lava-demo', up: false, why: expect.any(String) }],
    });
    const ready = await world.http('/readyz');
    expect([ready.status, ready.json]).toMatchObject([200, { labs: { 'lava-demo': 'down' } }]);
    const { state, data } = world.maestro.database.get(nodeId) ?? {};
    expect([state, data?.['job_id'] ?? null]).toEqual(['available', null]);
  });
});

describe('one lab that swallows all we send', () => {
  it('delays no job of another', async () => {
    const other = await startLavaSimulator();
    atEnd(() => other.stop());
    const hole = {
      name: 'lava-hole',
      origin: 'hole',
      // Whatever waits for its answer does so for longer than the test.
      lava: { url: other.url, user: other.user, token: other.token, timeout: '10m' },
      callback: { token_name: other.callback.name, token: other.callback.token },
      limits: { max_queued_per_device: 50 },
    };
    const world = await testWorld({ labs: [hole] });
    other.faults.add({ kind: 'mute', path: /^\/RPC2/ });
    for (let i = 0; i < 40; i++) world.publish({ lab: 'lava-hole' });
    await until('it was asked', () => (other.faults.hits() > 0 ? true : undefined));

    const mine = [1, 2, 3].map(() => world.publish());
    for (const nodeId of mine) expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });

    expect(other.jobs()).toHaveLength(0);
  });
});

describe('a token that is refused', () => {
  it('parks nothing: KCIDB gets all when the token is good again', async () => {
    const world = await testWorld();
    world.fly(200);
    const over = world.kcidb.faults.add({ kind: 'status', status: 401 });
    const nodes = [1, 2, 3].map(() => world.publish());
    for (const nodeId of nodes) await world.at(nodeId, 'judged');
    await until('KCIDB was asked', () => (logged(world, SAYS.kcidb.away).length > 0 ? true : undefined));
    await triedAgain(world.kcidb);
    for (const nodeId of nodes) {
      const report = (await world.deliveries(nodeId)).find((d) => d.destination === 'kcidb');
      expect(report?.state).toBe('pending');
    }
    expect(logged(world, /check kcidb\.token/)).toHaveLength(1);
    over();

    for (const nodeId of nodes) expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('of Maestro is reported as such, and the nodes are ended when it is good again', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'running');
    world.fly(200);
    const overs = ['PATCH', 'PUT'].map((method) =>
      world.maestro.faults.add({ kind: 'status', status: 401, method }),
    );
    overs.push(world.maestro.faults.add({ kind: 'status', status: 401, path: /whoami/ }));
    await until('it is logged', () => (logged(world, /maestro is away/).length > 0 ? true : undefined));
    for (const over of overs) over();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', result: 'pass' });
  });

  it('for one node alone parks that node’s delivery, and Maestro is not away', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'running');
    world.maestro.faults.add({ kind: 'status', status: 401, method: 'PATCH', path: new RegExp(nodeId) });

    const job = await world.waits(nodeId, 'parked');

    expect(job.done).toBe(false);
    expect((await world.deliveries(nodeId)).filter((d) => d.state === 'parked').length).toBeGreaterThan(0);
    expect(logged(world, /maestro is away/)).toHaveLength(0);

    world.maestro.faults.clear();
    expect((await order(world, `jobs/${nodeId}/retry`)).status).toBe(202);
    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });
});
