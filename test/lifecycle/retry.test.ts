import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import type { SimDevice } from '../../src/sim/lava/model.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

const RETRIES = { retries: { infrastructure: 2, pause: '1m' }, limits: { max_queued_per_device: 50 } };

function lavaJobs(world: TestWorld, nodeId: string): number {
  return world.lava.jobs().filter(({ definition }) => definition.job_name.includes(nodeId)).length;
}

/** What KCIDB has of the boots. */
function boots(world: TestWorld): Record<string, unknown>[] {
  return world.kcidb.objects('tests').filter(({ path }) => path === 'boot');
}

describe('a failure of the lab', () => {
  it('is tried again after a pause; only the attempt that counts is reported, and names the other', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.waits(nodeId, 'lab_failed');
    expect(lavaJobs(world, nodeId)).toBe(1);
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'available' });
    world.jump(MINUTE);

    const job = await world.ended(nodeId);

    expect(job.stage).toBe('reported');
    expect(lavaJobs(world, nodeId)).toBe(2);
    expect(boots(world)).toMatchObject([
      { id: 'demo:lava-demo-2-boot', status: 'PASS', misc: { attempts: [{ job_id: '1' }] } },
    ]);
    expect(world.maestro.node(nodeId)).toMatchObject({
      state: 'done',
      result: 'pass',
      data: { job_id: '2' },
    });
    expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
  });

  it.each(['Retired', 'Maintenance'] as const)(
    'is a cancel of a job whose device is in %s now, unless we asked for it',
    async (health) => {
      const world = await testWorld({
        lab: RETRIES,
        lava: { age: 'newest', pace: { scheduleMs: 10, startMs: 10, runMs: 3_600_000 } },
      });
      const taken = world.publish();
      await world.at(taken, 'running');
      const [first] = world.lava.jobs();
      if (first?.device === undefined) throw new Error('the job has no device');
      world.lava.lab.setDevice(first.device.name, health);
      // LAVA does that itself for a device that is retired.
      await world.lava.lab.cancel(first);
      await world.waits(taken, 'lab_failed');

      const unwanted = world.publish();
      await world.at(unwanted, 'running');
      const second = world.lava.jobs().at(-1);
      if (second?.device === undefined) throw new Error('the job has no device');
      await order(world, `jobs/${LAB}:${unwanted}/cancel`);
      world.lava.lab.setDevice(second.device.name, health);

      await world.ended(unwanted);
      expect(lavaJobs(world, unwanted)).toBe(1);
      expect(world.maestro.node(unwanted)).toMatchObject({ data: { error_code: 'Canceled' } });
    },
  );

  it('is not tried again sooner because LAVA reports its end once more', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    const { nextAt } = await world.waits(nodeId, 'lab_failed');

    const { status } = await world.http(`/callback/lava-demo/${nodeId}`, {
      method: 'POST',
      headers: { authorization: world.lava.callback.token },
      body: JSON.stringify({ id: 1, state_string: 'Finished', health_string: 'Incomplete' }),
    });

    expect(status).toBe(200);
    expect(await world.job(nodeId)).toMatchObject({ nextAt });
    expect((await world.timeline(nodeId)).at(-1)).toMatchObject({ code: 'callback_late' });
  });

  it('is tried as often as the limit says, with longer pauses, and reported then', async () => {
    const world = await testWorld({ lab: RETRIES });
    world.fly(300);
    const nodeId = world.publish({ scenario: 'no-power' });

    await world.ended(nodeId);

    expect(lavaJobs(world, nodeId)).toBe(3);
    expect(boots(world)).toMatchObject([{ status: 'ERROR' }]);
    expect(await world.timeline(nodeId, 'lab_failed')).toMatchObject([
      { text: expect.stringContaining('1m 00s') },
      { text: expect.stringContaining('2m 00s') },
    ]);
    expect(world.maestro.node(nodeId)).toMatchObject({
      result: 'incomplete',
      data: { error_code: 'Infrastructure' },
    });
  });

  it('is not tried again when Maestro has begun to', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'no-power', retryCounter: 1 });

    await world.ended(nodeId);

    expect(lavaJobs(world, nodeId)).toBe(1);
  });

  it('is not tried again when the kernel failed as well', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'boot-panic' });

    await world.ended(nodeId);

    expect(lavaJobs(world, nodeId)).toBe(1);
    expect(boots(world)).toMatchObject([{ status: 'FAIL' }]);
  });

  it('is reported as cancelled when somebody cancels while it waits to be tried again', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'no-power' });
    await world.waits(nodeId, 'lab_failed');
    await order(world, `jobs/${nodeId}/cancel`);

    const job = await world.ended(nodeId);

    expect(job.ending?.kind).toBe('canceled');
    expect(lavaJobs(world, nodeId)).toBe(1);
    expect(boots(world)).toMatchObject([{ status: 'MISS', misc: { attempts: [{ job_id: '1' }] } }]);
  });

  it('waits while its lab is drained', async () => {
    const world = await testWorld({ lab: RETRIES });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.waits(nodeId, 'lab_failed');
    await world.daemon.context.store.drain('lava-demo', '', 'the rack moves');
    world.jump(MINUTE);
    await world.waits(nodeId, 'drained');

    expect(lavaJobs(world, nodeId)).toBe(1);
  });
});

describe('the device that failed', () => {
  const device = (name: string): SimDevice => ({
    name,
    type: 'qemu',
    tags: [],
    worker: 'lab-worker',
    health: 'Good',
    state: 'Idle',
    job: undefined,
  });

  /** A lab of two devices, on one of which a job has failed. */
  async function failedOnOne(lava: { age?: 'newest' } = {}): Promise<{
    world: TestWorld;
    nodeId: string;
    failed: string | null;
    other: SimDevice;
  }> {
    const world = await testWorld({
      lab: RETRIES,
      lava: { ...lava, devices: [device('one'), device('two')] },
    });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.waits(nodeId, 'lab_failed');
    const [{ device: failed } = { device: null }] = await world.attempts(nodeId);
    const other = [...world.lava.lab.devices.values()].find(({ name }) => name !== failed);
    if (!other) throw new Error('no other device');
    return { world, nodeId, failed, other };
  }

  it('is not tried again while it alone is free and others are busy', async () => {
    const { world, nodeId, other } = await failedOnOne();
    other.state = 'Running';
    world.jump(MINUTE);

    await world.waits(nodeId, 'other_device');
    expect(lavaJobs(world, nodeId)).toBe(1);

    other.state = 'Idle';
    world.jump(MINUTE);
    await until('it was submitted again', () => (lavaJobs(world, nodeId) === 2 ? true : undefined));
  });

  it('is waited out for half an hour at most', async () => {
    const { world, nodeId, other } = await failedOnOne();
    other.state = 'Running';
    world.jump(31 * MINUTE);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('is passed over by name where LAVA takes a job for one device, also while the others are busy', async () => {
    const { world, nodeId, failed, other } = await failedOnOne({ age: 'newest' });
    other.state = 'Running';
    world.jump(MINUTE);
    await until('it was submitted again', () => (lavaJobs(world, nodeId) === 2 ? true : undefined));
    expect(world.lava.jobs().at(-1)?.definition.device).toBe(other.name);
    other.state = 'Idle';
    world.fly();

    await world.ended(nodeId);
    expect((await world.attempts(nodeId)).map((attempt) => attempt.device)).toEqual([failed, other.name]);
    expect(boots(world)).toMatchObject([{ status: 'PASS' }]);
  });

  it('is not passed over by the name of a device that LAVA refuses to us', async () => {
    const { world, nodeId, other } = await failedOnOne({ age: 'newest' });
    other.closed = true;
    world.jump(MINUTE);
    world.fly();

    await world.ended(nodeId);
    expect(lavaJobs(world, nodeId)).toBe(2);
    expect(world.lava.jobs().at(-1)?.definition.device).toBeUndefined();
    expect(await world.timeline(nodeId, 'other_device')).toHaveLength(1);
    expect(boots(world)).toMatchObject([{ status: 'PASS', misc: { attempts: [{ job_id: '1' }] } }]);
  });

  it('is tried again at once where there is no other', async () => {
    const world = await testWorld({ lab: RETRIES, lava: { devices: [device('one')] } });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.waits(nodeId, 'lab_failed');
    world.jump(MINUTE);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(lavaJobs(world, nodeId)).toBe(2);
  });
});
