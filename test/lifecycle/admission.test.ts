import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { makeFiles } from '../support/folder.ts';
import { order } from '../support/order.ts';
import { ARM64, LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

/** A lab whose boards take no job, so that what LAVA has stays in its queue. */
const SLOW = { pace: { scheduleMs: 3_600_000 } };

function limits(more: Record<string, unknown>): { limits: Record<string, unknown> } {
  return { limits: { max_queued_per_device: 50, ...more } };
}

function isUnclaimed(world: TestWorld, nodeId: string): boolean {
  const node = world.maestro.database.get(nodeId);
  return node?.state === 'available' && (node.data?.['job_id'] ?? null) === null;
}

/** The devices of qemu boards in the simulated lab. */
function qemus(world: TestWorld): string[] {
  return [...world.lava.lab.devices.values()].filter((d) => d.type === 'qemu').map((d) => d.name);
}

describe('a job is let in', () => {
  it('goes on where our user may not see the workers', async () => {
    const world = await testWorld({ lava: { age: 'newest' } });
    world.lava.lab.setWorker('lab-worker', { hidden: true });

    const nodeId = world.publish();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    const { json } = await world.http('/api/v1/boards');
    expect(JSON.stringify(json)).toContain('our user may not see their workers');
  });

  it('when a device comes online; until then it waits with the reason, unclaimed', async () => {
    const world = await testWorld();
    for (const name of qemus(world)) world.lava.lab.setDevice(name, 'Maintenance');
    const nodeId = world.publish();

    const job = await world.waits(nodeId, 'offline', 'Maintenance');

    expect(job.stage).toBe('received');
    expect(isUnclaimed(world, nodeId)).toBe(true);
    for (const name of qemus(world)) world.lava.lab.setDevice(name, 'Good');
    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('when the worker of its devices comes back, whatever the devices say of themselves', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline', 'Offline');
    expect(isUnclaimed(world, nodeId)).toBe(true);

    world.lava.lab.setWorker('lab-worker', { state: 'Online', health: 'Maintenance' });
    await world.waits(nodeId, 'offline', 'Maintenance');

    world.lava.lab.setWorker('lab-worker', { health: 'Active' });
    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('when its lab is no longer drained, or its board is not', async () => {
    const world = await testWorld();
    expect((await order(world, 'drain', { lab: LAB, board: X86, reason: 'the rack moves' })).status).toBe(
      200,
    );
    const x86 = world.publish();
    const arm = world.publish({ board: ARM64 });

    await world.waits(x86, 'drained', 'the rack moves');
    expect(await world.ended(arm)).toMatchObject({ stage: 'reported' });
    expect((await order(world, 'drain', { lab: LAB, reason: 'the power is cut' })).status).toBe(200);
    expect((await order(world, 'resume', { lab: LAB, board: X86 })).status).toBe(200);
    await world.waits(x86, 'drained', 'the power is cut');
    expect(isUnclaimed(world, x86)).toBe(true);
    expect((await order(world, 'resume', { lab: LAB })).status).toBe(200);
    expect((await order(world, 'resume', { lab: LAB })).status).toBe(409);

    expect(await world.ended(x86)).toMatchObject({ stage: 'reported' });
  });

  it('as long as LAVA’s queue has room; what waits is not claimed, and goes in when there is room', async () => {
    const world = await testWorld({ lava: SLOW, lab: limits({ max_queued_per_device: 2 }) });
    const room = 2 * qemus(world).length;
    const nodes = Array.from({ length: room + 5 }, () => world.publish());
    await until('the room is taken', () => (world.lava.jobs().length === room ? true : undefined));

    const outside = nodes.filter((nodeId) => isUnclaimed(world, nodeId));
    expect(outside).toHaveLength(5);
    for (const nodeId of outside) await world.waits(nodeId, 'queue_full');

    const [first] = world.lava.jobs();
    if (first) await world.lava.lab.cancel(first);
    await until('one more is in LAVA', () => (world.lava.jobs().length === room + 1 ? true : undefined));
    world.jump(MINUTE);
    await world.waits(outside[4] ?? '', 'queue_full');
    expect(world.lava.jobs()).toHaveLength(room + 1);
  });

  it('by limits.max_jobs, and a burst does not get past it', async () => {
    const world = await testWorld({ lava: SLOW, lab: limits({ max_jobs: 3 }) });
    const nodes = Array.from({ length: 20 }, (_, i) => world.publish({ board: i % 2 ? X86 : ARM64 }));
    for (const nodeId of nodes) await world.at(nodeId, 'received');
    await until('three are in LAVA', () => (world.lava.jobs().length === 3 ? true : undefined));
    world.jump(2 * MINUTE);
    const outside = nodes.filter((nodeId) => isUnclaimed(world, nodeId));
    for (const nodeId of outside) await world.waits(nodeId, 'lab_full');

    expect(world.lava.jobs()).toHaveLength(3);
    expect(outside).toHaveLength(17);
  });

  it('before others if it is more urgent', async () => {
    const world = await testWorld({
      lava: { pace: { scheduleMs: 10, startMs: 10, runMs: 20 } },
      lab: limits({ max_jobs: 1 }),
    });
    world.fly();
    await order(world, 'drain', { lab: LAB });
    const low = Array.from({ length: 6 }, () => world.publish({ priority: 'low' }));
    const high = Array.from({ length: 3 }, () => world.publish({ priority: 'high' }));
    for (const nodeId of [...low, ...high]) await world.waits(nodeId, 'drained');
    await order(world, 'resume', { lab: LAB });
    for (const nodeId of [...low, ...high]) await world.ended(nodeId);

    const inOrder = world.lava.jobs().map(({ definition }) => definition.job_name);
    const isHigh = inOrder.map((name) => high.some((nodeId) => name.includes(nodeId)));
    expect(isHigh).toEqual([true, true, true, false, false, false, false, false, false]);
  });

  it('in a burst, without keeping anybody else from work', async () => {
    const world = await testWorld({ lava: { pace: { runMs: 20 } } });
    world.fly();
    const nodes = Array.from({ length: 40 }, () => world.publish());
    for (const nodeId of nodes) await world.ended(nodeId);

    expect(world.lava.jobs()).toHaveLength(40);
    expect((await world.http('/healthz')).status).toBe(200);
  });
});

describe('a board', () => {
  it('that is unknown is refused, and the refusal is reported', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ board: 'no-such-board' });

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.maestro.node(nodeId)).toMatchObject({
      state: 'done',
      result: 'incomplete',
      data: { error_code: 'invalid_job_params' },
    });
  });

  it('that is registered for other labs only is left to others', async () => {
    const types = await makeFiles({
      'theirs.yaml':
        'name: their-board\nlava_device_type: qemu\narch: x86_64\nboot_method: qemu\nlabs: [lava-elsewhere]\n',
    });
    const world = await testWorld({ config: { device_types: types } });
    const nodeId = world.publish({ board: 'their-board' });

    await world.waits(nodeId, 'unregistered');

    expect(isUnclaimed(world, nodeId)).toBe(true);
  });
});

describe('a wait', () => {
  it('stands in the timeline once, however long it lasts', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    const { nextAt } = await world.waits(nodeId, 'offline');
    world.fly(600);
    await until('it was looked at often', async () =>
      ((await world.job(nodeId))?.nextAt ?? 0) > nextAt + 5 * MINUTE ? true : undefined,
    );

    expect(await world.timeline(nodeId, 'offline')).toHaveLength(1);
  });
});
