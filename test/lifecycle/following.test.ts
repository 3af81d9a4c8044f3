import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MINUTE } from '../../src/core/time.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

/** A lab that is polled often; `events` are those of the simulator. */
async function polled(): Promise<TestWorld> {
  const world = await testWorld();
  world.fly(30);
  return world;
}

async function allReported(world: TestWorld, nodes: readonly string[]): Promise<void> {
  for (const nodeId of nodes) {
    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', result: 'fail' });
  }
  expect(world.lava.jobs()).toHaveLength(nodes.length);
}

describe('following LAVA', () => {
  for (const events of ['mute', 'dead', 'refuse', 'double'] as const) {
    it(`reports all when the event stream is not as it should be: ${events}`, async () => {
      const world = await polled();
      world.lava.switches.events = events;
      if (events === 'refuse') world.lava.cutEvents();

      await allReported(
        world,
        [1, 2, 3].map(() => world.publish({ scenario: 'fail' })),
      );
    });
  }

  for (const callbacks of ['drop', 'double'] as const) {
    it(`reports all when callbacks are not as they should be: ${callbacks}`, async () => {
      const world = await polled();
      world.lava.switches.callbacks = callbacks;

      await allReported(
        world,
        [1, 2, 3].map(() => world.publish({ scenario: 'fail' })),
      );
    });
  }

  it('fetches the evidence once, whatever wakes the job meanwhile', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'fail' });
    const calls = (name: string): number => world.lava.calls.get(name) ?? 0;
    await world.at(nodeId, 'running');
    world.lava.faults.add({ kind: 'slow', delayMs: 100, path: /^\/RPC2/ });
    await until('the log is asked for', () => (calls('scheduler.jobs.logs') > 0 ? true : undefined));
    await world.daemon.context.store.wake(`${LAB}:${nodeId}`);

    await world.ended(nodeId);
    expect(calls('scheduler.jobs.logs')).toBe(1);
    expect((await world.attempts(nodeId)).map(({ evidence }) => evidence)).toEqual(['fetched']);
  });

  it('reports all by the poll alone, from what it fetches', async () => {
    const world = await polled();
    world.lava.switches.callbacks = 'drop';
    world.lava.switches.events = 'mute';
    const nodes = [1, 2, 3, 4].map(() => world.publish({ scenario: 'fail' }));

    await allReported(world, nodes);

    for (const nodeId of nodes) expect(await world.attempts(nodeId)).toMatchObject([{ evidence: 'fetched' }]);
  });

  it('comes to the same report from a callback and from what it fetches', async () => {
    const world = await polled();
    const first = world.publish({ scenario: 'test-panic', name: 'same' });
    await world.ended(first);
    world.lava.switches.callbacks = 'drop';
    const second = world.publish({ scenario: 'test-panic', name: 'same' });
    await world.ended(second);

    const verdicts = await Promise.all([first, second].map(async (id) => (await world.job(id))?.verdict));
    const [called, fetched] = verdicts;
    expect(fetched).toEqual(called);
  });

  it('fetches the evidence when the callback was above the limit', async () => {
    const world = await testWorld({ lab: { limits: { max_callback: 500, max_queued_per_device: 50 } } });
    world.fly(30);
    const nodeId = world.publish({ scenario: 'fail' });

    await world.ended(nodeId);

    expect(await world.attempts(nodeId)).toMatchObject([{ evidence: 'fetched' }]);
    expect(world.lava.callbacks).toEqual({ sent: 1, accepted: 0 });
  });

  it('looks at all jobs of a lab in one request', async () => {
    const world = await testWorld({ lava: { pace: { scheduleMs: 30, startMs: 30, runMs: 60_000 } } });
    const nodes = [1, 2].map(() => world.publish());
    for (const nodeId of nodes) await world.at(nodeId, 'running');
    const looks = await Promise.all(nodes.map((nodeId) => world.waits(nodeId, 'in_lava')));
    const before = world.lava.calls.get('system.multicall') ?? 0;

    world.jump(MINUTE);
    for (const { nodeId, nextAt } of looks) {
      await until('it was looked at', async () =>
        ((await world.job(nodeId))?.nextAt ?? 0) > nextAt ? true : undefined,
      );
    }

    expect((world.lava.calls.get('system.multicall') ?? 0) - before).toBeLessThanOrEqual(1);
  });
});

describe('a LAVA job that LAVA does not end', () => {
  it('is lost when LAVA goes on denying it, and is reported so', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'lost' });
    await world.at(nodeId, 'running');
    world.fly(600);

    const job = await world.ended(nodeId);

    expect(job.ending).toMatchObject({ kind: 'lost', code: 'unknown_to_lava' });
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', result: 'incomplete' });
    expect(world.kcidb.objects('tests')[0]).toMatchObject({ path: 'boot', status: 'MISS' });
  });

  it('is lost also when its events go on to say that it runs', async () => {
    const world = await testWorld({ lava: { pace: { runMs: 3_600_000 } } });
    const nodeId = world.publish();
    await world.at(nodeId, 'running');
    const [lavaJob] = world.lava.jobs();
    if (!lavaJob) throw new Error('no job');
    world.lava.lab.jobs.delete(lavaJob.id);
    world.jump(MINUTE);
    await world.waits(nodeId, 'unknown_to_lava');
    await world.lava.lab.cancel(lavaJob); // sends an event, and does not list it
    world.fly(600);

    expect((await world.ended(nodeId)).ending).toMatchObject({ kind: 'lost', code: 'unknown_to_lava' });
  });

  it('is not lost when LAVA denies it for a while only', async () => {
    const world = await testWorld({ lava: { pace: { runMs: 60_000 } } });
    const nodeId = world.publish({ scenario: 'pass' });
    await world.at(nodeId, 'running');
    const [lavaJob] = world.lava.jobs();
    if (!lavaJob) throw new Error('no job');
    world.lava.lab.jobs.delete(lavaJob.id);
    world.jump(MINUTE);
    await world.waits(nodeId, 'unknown_to_lava');

    world.lava.lab.jobs.set(lavaJob.id, lavaJob);
    world.jump(MINUTE);
    await world.waits(nodeId, 'in_lava');
    expect(await world.timeline(nodeId, 'known_again')).toHaveLength(1);
  });

  it('is cancelled past its deadline, and then lost', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'stuck' });
    await world.at(nodeId, 'running');
    world.jump(12 * 60 * MINUTE);
    await until('LAVA was asked to cancel', () =>
      world.lava.jobs()[0]?.state === 'Canceling' ? true : undefined,
    );
    world.fly(600);

    const job = await world.ended(nodeId);

    expect(job.ending).toMatchObject({ kind: 'lost', code: 'not_canceled' });
    expect(await world.timeline(nodeId, 'runs_too_long')).toHaveLength(1);
  });
});

describe('cancelling', () => {
  async function cancel(world: TestWorld, nodeId: string): Promise<number> {
    return (await order(world, `jobs/${nodeId}/cancel`, { reason: 'not wanted' })).status;
  }

  it('ends a job that waits to be let in; LAVA never hears of it', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline');

    expect(await cancel(world, nodeId)).toBe(202);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.lava.jobs()).toHaveLength(0);
    expect(world.maestro.node(nodeId)).toMatchObject({
      state: 'done',
      result: 'incomplete',
      data: { error_code: 'Canceled' },
    });
  });

  it('ends a job in LAVA’s queue, and it counts as cancelled, not as timed out', async () => {
    const world = await testWorld({ lava: { pace: { scheduleMs: 3_600_000 } } });
    const nodeId = world.publish();
    await world.at(nodeId, 'submitted');

    expect(await cancel(world, nodeId)).toBe(202);

    await world.ended(nodeId);
    expect(world.lava.jobs()).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
    expect((await world.job(nodeId))?.verdict).toMatchObject({ rule: 'never-ran' });
    const why = world.maestro.node(nodeId)?.['data'];
    expect(why).toMatchObject({ error_code: 'Canceled', error_msg: expect.stringContaining('not wanted') });
  });

  it('ends a job that runs; a second order is refused', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');

    expect(await cancel(world, nodeId)).toBe(202);
    expect(await cancel(world, nodeId)).toBe(409);

    await world.ended(nodeId);
    expect(world.maestro.node(nodeId)).toMatchObject({
      result: 'incomplete',
      data: { error_code: 'Canceled' },
    });
  });

  it('is asked for again when LAVA’s answer was lost, and does no harm twice', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    world.lava.switches.loseAnswersOf = 'scheduler.jobs.cancel';
    world.lava.switches.loseAnswers = 2;
    world.fly();

    expect(await cancel(world, nodeId)).toBe(202);

    await world.ended(nodeId);
    expect(world.lava.jobs()).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
    expect(world.maestro.node(nodeId)).toMatchObject({ data: { error_code: 'Canceled' } });
  });

  it('while it is not known whether LAVA has the job ends that job, if LAVA has it', async () => {
    const world = await testWorld({ lava: { pace: { runMs: 3_600_000 } } });
    world.lava.switches.loseAnswers = 1;
    const nodeId = world.publish();
    await world.waits(nodeId, 'answer_lost');

    expect(await cancel(world, nodeId)).toBe(202);
    world.fly();

    await world.ended(nodeId);
    expect(world.lava.jobs()).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
    expect(world.maestro.node(nodeId)).toMatchObject({ data: { error_code: 'Canceled', job_id: '1' } });
  });

  it('while it is not known whether LAVA has the job submits nothing any more, if LAVA has not', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    const back = world.lava.faults.add({ kind: 'cut', path: /^\/RPC2/ });
    await until('it was tried', async () => ((await world.attempts(nodeId))[0]?.sentAt ? true : undefined));

    expect(await cancel(world, nodeId)).toBe(202);
    back();
    world.fly();

    expect((await world.ended(nodeId)).ending).toMatchObject({ code: 'cancel', reason: 'not wanted' });
    expect(world.lava.jobs()).toHaveLength(0);
  });

  it('happens in LAVA when Maestro ended the node', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    world.maestro.database.change(nodeId, { state: 'done', result: 'incomplete' }, false);
    world.jump(11 * MINUTE);

    const job = await world.ended(nodeId);

    expect(job.cancel).toContain('incomplete');
    expect(world.lava.jobs()).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
  });

  it('happens before LAVA hears of the job, if Maestro ended the node meanwhile', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    world.lava.setDown(true);
    await world.waits(nodeId, ['down', 'unreachable', 'answer_lost']);
    world.maestro.database.change(nodeId, { state: 'done', result: 'incomplete' }, false);
    world.lava.setDown(false);
    world.jump(11 * MINUTE);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.lava.jobs()).toHaveLength(0);
  });

  it('by somebody in LAVA itself is reported as cancelled, too', async () => {
    const world = await testWorld({ lava: { pace: { scheduleMs: 3_600_000 } } });
    const nodeId = world.publish();
    await world.at(nodeId, 'submitted');
    const [lavaJob] = world.lava.jobs();
    if (lavaJob) await world.lava.lab.cancel(lavaJob);

    await world.ended(nodeId);
    expect(world.maestro.node(nodeId)).toMatchObject({ data: { error_code: 'Canceled' } });
  });

  it('is not what happened when LAVA’s queue time-out ended the job', async () => {
    const world = await testWorld({
      lava: { pace: { scheduleMs: 3_600_000 } },
      lab: { limits: { queue_timeout: '2s', max_queued_per_device: 50 } },
    });
    const nodeId = world.publish();

    const { ending } = await world.ended(nodeId);

    expect(ending).toMatchObject({ kind: 'timed_out', code: 'queue_timeout' });
    expect(world.kcidb.objects('tests')[0]).toMatchObject({ status: 'MISS' });
    expect(world.kcidb.objects('incidents')).toHaveLength(1);
  });
});

describe('a definition’s own time-out for the queue', () => {
  /** Pushes a definition for a board that is never free; gives the job's node id. */
  async function push(world: TestWorld, queue: Record<string, number>): Promise<string> {
    const id = '68f0c0ffee0000000000abcd';
    const node = { id, kind: 'job', name: 'own', path: ['own'], state: 'available' };
    const { status, text } = await order(world, 'requests', {
      node: { ...node, data: { runtime: LAB, platform: 'theirs' } },
      definition_yaml: stringify({
        job_name: 'own',
        device_type: 'qemu',
        visibility: 'public',
        timeouts: { job: { minutes: 10 }, queue },
        context: { arch: 'x86_64' },
        actions: [{ boot: { method: 'qemu', media: 'tmpfs', prompts: ['# '] } }],
      }),
    });
    if (status >= 300) throw new Error(text);
    return id;
  }
  const BUSY = { pace: { scheduleMs: 3_600_000 } };

  it('is what ended the job if it is shorter than the lab’s', async () => {
    const world = await testWorld({ lava: BUSY });
    const nodeId = await push(world, { seconds: 2 });

    const { ending } = await world.ended(nodeId);

    expect(ending).toMatchObject({ kind: 'timed_out', code: 'queue_timeout' });
    expect(world.kcidb.objects('tests')[0]).toMatchObject({ status: 'MISS' });
  });

  it('is kept by us if LAVA does not keep it', async () => {
    const world = await testWorld({ lava: BUSY });
    const nodeId = await push(world, { hours: 1 });
    await world.at(nodeId, 'submitted');
    world.jump(80 * MINUTE);
    await world.waits(nodeId, 'in_lava', 'Submitted');
    expect(world.lava.jobs()).toMatchObject([{ state: 'Submitted' }]);

    world.jump(20 * MINUTE);

    await world.ended(nodeId);
    expect(world.lava.jobs()).toMatchObject([{ state: 'Finished', health: 'Canceled' }]);
    expect(await world.timeline(nodeId, 'queued_too_long')).toHaveLength(1);
  });
});

describe('Maestro’s node', () => {
  it('is kept from timing out while LAVA has the job, and its time-out is the only thing that changes', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    world.maestro.database.change(nodeId, { timeout: Date.now() + 30 * MINUTE }, true);
    const before = world.maestro.node(nodeId) ?? {};
    world.jump(11 * MINUTE);

    const after = await until('the time-out moved', () => {
      const node = world.maestro.node(nodeId) ?? {};
      return node['timeout'] === before['timeout'] ? undefined : node;
    });

    expect(after).toMatchObject({
      state: before['state'],
      data: before['data'],
      artifacts: before['artifacts'],
    });
    expect(world.lava.jobs()).toMatchObject([{ state: 'Running' }]);
  });

  it('is not missed for long: a Maestro that is away does not stop the following', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    world.maestro.faults.add({ kind: 'cut' });
    world.jump(30 * MINUTE);
    await world.waits(nodeId, 'in_lava');

    world.maestro.faults.clear();
    world.jump(5.5 * 60 * MINUTE);
    await until('the time-out moved', async () =>
      (await world.timeline(nodeId, 'node_timeout_moved')).length > 0 ? true : undefined,
    );
  });
});
