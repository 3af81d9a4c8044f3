import { describe, expect, it } from 'vitest';
import { order } from '../support/order.ts';
import { ARM64, LAB, testWorld, until, X86, type JobSpec, type TestWorld } from '../support/world.ts';

const ON = { lab: { supersede: true } };
/** Boards take a job only when a test says so, and then run it for longer than any test lasts. */
const SLOW = { lava: { pace: { scheduleMs: 3_600_000, startMs: 10, runMs: 3_600_000 } } };
const QUEUED = { ...ON, ...SLOW };

/** Publishes the same job for a commit. */
function publish(world: TestWorld, commit: string, spec: JobSpec = {}): string {
  return world.publish({ name: 'baseline', ...spec, commit: commit.repeat(40) });
}

/** Publishes one that LAVA then has in its queue. */
async function queued(world: TestWorld, commit: string, spec: JobSpec = {}): Promise<string> {
  const nodeId = publish(world, commit, spec);
  await world.at(nodeId, 'submitted');
  return nodeId;
}

/** LAVA gives the jobs that wait to devices, now. */
function start(world: TestWorld): void {
  for (const { name } of world.lava.lab.devices.values()) world.lava.lab.setDevice(name, 'Good');
}

function drain(world: TestWorld): Promise<void> {
  return world.daemon.context.store.drain(LAB, '', 'the rack moves');
}

/** The poll has just looked at the job, so it does not look again for a minute. */
async function afterPoll(world: TestWorld, nodeId: string): Promise<void> {
  const { nextAt } = await world.at(nodeId, 'submitted');
  world.jump(nextAt - Date.now());
  await until('it was polled', async () => ((await world.job(nodeId))?.nextAt === nextAt ? undefined : true));
}

/** LAVA's jobs for a node. */
function inLava(world: TestWorld, nodeId: string): { state: string; health: string }[] {
  return world.lava.jobs().filter(({ definition }) => definition.job_name.includes(nodeId));
}

async function expectKept(world: TestWorld, nodeId: string): Promise<void> {
  expect(await world.job(nodeId)).toMatchObject({ supersededBy: null, ending: null });
  expect(await world.timeline(nodeId, 'superseded')).toEqual([]);
}

async function expectSuperseded(world: TestWorld, older: string, newer: string): Promise<void> {
  const { ending } = await world.ended(older);
  expect(ending).toMatchObject({ kind: 'canceled', code: 'superseded' });
  expect(ending?.reason).toContain(`${LAB}:${newer}`);
  expect(world.maestro.node(older)).toMatchObject({
    state: 'done',
    result: 'incomplete',
    data: { error_code: 'Canceled' },
  });
}

describe('a newer request of the same tree, job and board', () => {
  it('replaces one that waits to be admitted; timeline, journal and Maestro name the newer job', async () => {
    const world = await testWorld(QUEUED);
    await drain(world);
    const older = publish(world, 'a');
    await world.waits(older, 'drained');

    const newer = publish(world, 'b');

    await expectSuperseded(world, older, newer);
    expect(inLava(world, older)).toEqual([]);
    expect(world.maestro.node(older)).toMatchObject({ data: { error_msg: expect.stringContaining(newer) } });
    expect(await world.timeline(older, 'superseded')).toMatchObject([
      { kind: 'note', text: expect.stringContaining(newer) },
      { kind: 'stage', text: expect.stringContaining(newer) },
    ]);
    const journal = world.log.map((line): unknown => JSON.parse(line));
    expect(journal).toContainEqual(
      expect.objectContaining({
        job: `${LAB}:${older}`,
        reason: 'superseded',
        msg: expect.stringContaining(newer),
      }),
    );
    await expectKept(world, newer);
  });

  it('replaces one that waits in LAVA, and cancels it there', async () => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a');

    const newer = await queued(world, 'b');

    await expectSuperseded(world, older, newer);
    expect(inLava(world, older)).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
    expect(inLava(world, newer)).toMatchObject([{ state: 'Submitted' }]);
    expect(world.kcidb.objects('tests').filter(({ path }) => path === 'boot')).toMatchObject([
      { status: 'MISS' },
    ]);
  });

  it('replaces all that wait', async () => {
    const world = await testWorld(QUEUED);
    const first = await queued(world, 'a');
    const second = await queued(world, 'b');
    const third = await queued(world, 'c');

    await expectSuperseded(world, first, second);
    await expectSuperseded(world, second, third);
    await expectKept(world, third);
  });

  it('replaces nothing when it is not switched on', async () => {
    const world = await testWorld(SLOW);
    const older = await queued(world, 'a');
    await queued(world, 'b');

    await expectKept(world, older);
    expect(inLava(world, older)).toMatchObject([{ state: 'Submitted' }]);
  });

  it('is itself replaced if its build is the older one, and it only came later', async () => {
    const world = await testWorld(QUEUED);
    const { store } = world.daemon.context;
    const newer = await queued(world, 'b');
    const request = await store.request(`${LAB}:${newer}`);
    const { node, kbuild } = structuredClone(request);
    const late = node.id.replace(/^.{8}/, '00000000');
    if (kbuild === undefined) throw new Error('the request has no build');
    kbuild.created = '2020-01-01T00:00:00';
    for (const { data } of [node, kbuild]) {
      if (data.kernel_revision) data.kernel_revision.commit = 'a'.repeat(40);
    }
    await order(world, 'requests', { ...request, node: { ...node, id: late, state: 'available' }, kbuild });

    expect((await world.ended(late)).ending).toMatchObject({ kind: 'canceled', code: 'superseded' });
    await expectKept(world, newer);
  });
});

describe('what runs already', () => {
  it('goes on', async () => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a');
    start(world);
    await world.at(older, 'running');

    await queued(world, 'b');

    await expectKept(world, older);
    expect(inLava(world, older)).toMatchObject([{ state: 'Running' }]);
  });

  it('goes on where only LAVA knows yet that it runs', async () => {
    const world = await testWorld(QUEUED);
    world.lava.switches.events = 'mute';
    world.lava.switches.callbacks = 'drop';
    const older = await queued(world, 'a');
    await afterPoll(world, older);
    start(world);
    await until('it runs', () => (inLava(world, older)[0]?.state === 'Running' ? true : undefined));
    expect(await world.job(older)).toMatchObject({ stage: 'submitted' });

    const newer = await queued(world, 'b');

    expect(await world.at(older, 'running')).toMatchObject({ supersededBy: null, ending: null });
    expect(await world.timeline(older, 'superseded')).toHaveLength(1);
    expect(await world.timeline(older, 'not_superseded')).toMatchObject([
      { text: expect.stringContaining(newer) },
    ]);
    expect(await world.timeline(older, 'canceling')).toEqual([]);
    expect(inLava(world, older)).toMatchObject([{ state: 'Running' }]);
  });

  it('is what is tried again, too', async () => {
    const world = await testWorld({
      ...ON,
      lab: { ...ON.lab, retries: { infrastructure: 2, pause: '1h' } },
    });
    const older = publish(world, 'a', { scenario: 'infrastructure-once' });
    await world.waits(older, 'lab_failed');

    await world.ended(publish(world, 'b'));

    await expectKept(world, older);
    expect(await world.job(older)).toMatchObject({ done: false });
  });

  it('is what Maestro tries again, too', async () => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a', { retryCounter: 1 });

    await queued(world, 'b');

    await expectKept(world, older);
  });
});

describe('another', () => {
  it('request, which somebody submitted by hand, replaces nothing and is not replaced', async () => {
    const world = await testWorld(QUEUED);
    const { store } = world.daemon.context;
    const older = await queued(world, 'a');
    const request = structuredClone(await store.request(`${LAB}:${older}`));
    const byHand = request.node.id.replace(/^.{8}/, '00000000');
    for (const data of [request.node.data, request.kbuild?.data]) {
      if (data?.kernel_revision) data.kernel_revision.commit = 'c'.repeat(40);
    }
    const node = { ...request.node, id: byHand, state: 'available' };
    await world.http('/api/v1/requests', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.token}`,
        'content-type': 'application/json',
        'x-lava-bridge-source': 'hand',
      },
      body: JSON.stringify({ ...request, node }),
    });
    await world.at(byHand, 'submitted');
    await expectKept(world, older);

    await queued(world, 'd');

    expect(await world.job(byHand)).toMatchObject({ source: 'hand' });
    await expectKept(world, byHand);
  });

  it.each([
    ['board', { board: X86 }, { board: ARM64 }],
    ['tree', { tree: 'mainline' }, { tree: 'next' }],
    ['job', { name: 'baseline' }, { name: 'kselftest' }],
    ['build of the commit', { build: 'kbuild-gcc-14-x86' }, { build: 'kbuild-clang-21-x86' }],
  ])('%s replaces nothing', async (_, first, second) => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a', first);
    await queued(world, 'b', second);

    await expectKept(world, older);
  });

  it('request for the same commit replaces nothing', async () => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a');
    await queued(world, 'a');

    await expectKept(world, older);
  });

  it('request that is less urgent replaces nothing', async () => {
    const world = await testWorld(QUEUED);
    const older = await queued(world, 'a', { priority: 'high' });
    await queued(world, 'b', { priority: 'low' });

    await expectKept(world, older);
  });
});

describe('superseding twice', () => {
  it('changes nothing, when the request comes again', async () => {
    const world = await testWorld(QUEUED);
    const { store } = world.daemon.context;
    const older = await queued(world, 'a');
    const newer = await queued(world, 'b');
    await expectSuperseded(world, older, newer);
    const before = await world.timeline(older);

    await order(world, 'requests', await store.request(`${LAB}:${newer}`));

    expect(await world.timeline(older)).toEqual(before);
    expect(inLava(world, older)).toHaveLength(1);
    await expectKept(world, newer);
  });

  it('leaves a cancel that somebody orders as it is', async () => {
    const world = await testWorld(QUEUED);
    await drain(world);
    const older = publish(world, 'a');
    await world.waits(older, 'drained');
    await order(world, `jobs/${LAB}:${older}/cancel`);

    publish(world, 'b');

    expect((await world.ended(older)).ending).toMatchObject({ kind: 'canceled', code: 'cancel' });
  });
});
