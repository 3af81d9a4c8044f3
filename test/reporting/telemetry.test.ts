import { describe, expect, it } from 'vitest';
import { DAY } from '../../src/core/time.ts';
import { ARM64, LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

const once = { lab: { retries: { infrastructure: 1, pause: '100ms' } } };

function sent(world: TestWorld, kind: string): Record<string, unknown>[] {
  return world.maestro.telemetry.filter((event) => event['kind'] === kind);
}

async function dropped(world: TestWorld, nodeId: string): Promise<true | undefined> {
  const mine = (await world.deliveries(nodeId)).filter((d) => d.destination === 'telemetry');
  return mine.length > 0 && mine.every((d) => d.state === 'dropped') ? true : undefined;
}

describe('Maestro’s statistics', () => {
  it('learn how LAVA ended a job, and each of its results', async () => {
    const world = await testWorld({ config: { report: { maestro: 'hierarchy' } } });
    world.fly();
    const nodeId = world.publish({ name: 'told', scenario: 'mixed' });
    await world.ended(nodeId);

    const run = { runtime: LAB, device_type: X86, job_name: 'told', node_id: nodeId, job_id: '1', retry: 0 };
    expect(sent(world, 'job_result')).toMatchObject([
      {
        ...run,
        device_id: expect.stringMatching(/./),
        arch: 'x86_64',
        result: 'pass',
        is_infra_error: false,
      },
    ]);
    const results = sent(world, 'test_result');
    expect(results).toContainEqual(
      expect.objectContaining({
        ...run,
        test_name: 'login',
        result: 'pass',
        extra: { suite: 'setup', attempt: 1 },
      }),
    );
    expect(results.filter((r) => r['result'] === 'fail').length).toBeGreaterThan(0);
    const below = (id: string): string[] =>
      world.maestro.database
        .children(id)
        .flatMap((node) => (node.kind === 'test' ? [node.name] : below(node.id)));
    expect(results.map((r) => String(r['test_name'])).toSorted()).toEqual(below(nodeId).toSorted());
  });

  it('learn of each of our LAVA jobs for a node, and which the lab is to blame for', async () => {
    const world = await testWorld(once);
    world.fly();
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.ended(nodeId);

    expect(sent(world, 'job_result')).toMatchObject([
      {
        job_id: '1',
        result: 'incomplete',
        is_infra_error: true,
        error_type: 'Infrastructure',
        extra: { attempt: 1 },
      },
      { job_id: '2', result: 'pass', is_infra_error: false, extra: { attempt: 2 } },
    ]);
  });

  it('learn of a kernel failure that is no fault of the lab', async () => {
    const world = await testWorld(once);
    world.fly();
    await world.ended(world.publish({ scenario: 'boot-panic' }));

    expect(sent(world, 'job_result')).toMatchObject([{ result: 'incomplete', is_infra_error: false }]);
  });

  it('learn of a request that was refused', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ board: 'no-such-board' });
    await world.ended(nodeId);

    expect(world.maestro.telemetry).toMatchObject([
      {
        kind: 'runtime_error',
        node_id: nodeId,
        error_type: 'invalid_job_params',
        device_type: 'no-such-board',
      },
    ]);
  });

  it('learn that a node was ended while it waited for a board', async () => {
    const world = await testWorld();
    await world.daemon.context.store.drain(LAB, ARM64, 'the rack moves');
    const nodeId = world.publish({ board: ARM64 });
    await world.waits(nodeId, 'drained');
    world.maestro.database.change(nodeId, { state: 'done', result: 'incomplete' }, false);
    await world.daemon.context.store.resume(LAB, ARM64);
    await world.daemon.context.store.wakeStage(LAB, 'received');
    world.jump(60_000);
    await world.ended(nodeId);

    expect(world.maestro.telemetry).toMatchObject([
      { kind: 'job_skip', node_id: nodeId, error_msg: `node ${nodeId} is done (incomplete)` },
    ]);
    expect(world.lava.lab.jobs.size).toBe(0);
  });

  it('hold up no job when they are refused', async () => {
    const world = await testWorld();
    world.maestro.faults.add({ kind: 'status', status: 404, path: /telemetry/ });
    world.fly();
    const nodeId = world.publish();

    await world.at(nodeId, 'reported');
    await until('they are given up', () => dropped(world, nodeId));
  });

  it('hold up no report while they can’t be reached, and are given up after a day', async () => {
    const world = await testWorld();
    world.maestro.faults.add({ kind: 'status', status: 500, path: /telemetry/ });
    world.fly();
    const nodeId = world.publish();

    await world.at(nodeId, 'reported');
    expect(await dropped(world, nodeId)).toBeUndefined();
    world.jump(DAY + 60_000);

    await until('they are given up', () => dropped(world, nodeId));
    expect(world.maestro.telemetry).toEqual([]);
  });

  it('are left alone if the admin says so', async () => {
    const world = await testWorld({ config: { report: { telemetry: false } } });
    world.fly();
    await world.ended(world.publish());

    expect(world.maestro.telemetry).toEqual([]);
  });
});
