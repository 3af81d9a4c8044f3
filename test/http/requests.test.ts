import { describe, expect, it } from 'vitest';
import { order } from '../support/order.ts';
import { definition, LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

const NODE = '68f0c0ffee0000000000beef';

function request(world: TestWorld, id = NODE, data: Record<string, unknown> = {}): Record<string, unknown> {
  const node = { id, kind: 'job', name: 'smoke', path: ['smoke'], state: 'available' };
  return {
    node: { ...node, data: { runtime: LAB, platform: X86, ...data } },
    definition: definition(world, { name: 'smoke' }),
  };
}

describe('a pushed request', () => {
  it('is run once, however often it is pushed, and answered as known', async () => {
    const world = await testWorld();

    expect(await order(world, 'requests', request(world))).toMatchObject({
      status: 202,
      json: { id: `${LAB}:${NODE}` },
    });
    const again = await Promise.all(
      Array.from({ length: 10 }, () => order(world, 'requests', request(world))),
    );

    expect(again.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await world.ended(NODE)).toMatchObject({ stage: 'reported', source: 'push' });
    expect((await order(world, 'requests', request(world))).status).toBe(200);
    expect(world.lava.jobs()).toHaveLength(1);
  });

  it('of a node that Maestro has, too, is one job, whichever way it came first', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'received');

    expect((await order(world, 'requests', request(world, nodeId))).status).toBe(200);

    expect(await world.ended(nodeId)).toMatchObject({ source: 'pull_labs' });
    expect(world.lava.jobs()).toHaveLength(1);
    expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
  });

  it('is refused with the reason, and what can be reported is', async () => {
    const world = await testWorld();

    expect((await order(world, 'requests', request(world), 'wrong')).status).toBe(401);
    expect(await order(world, 'requests', { node: { id: NODE } })).toMatchObject({
      status: 400,
      json: { error: 'invalid' },
    });
    expect(await order(world, 'requests', request(world, NODE, { runtime: 'lava-other' }))).toMatchObject({
      status: 422,
      json: { error: 'unknown_runtime', field: 'node.data.runtime' },
    });
    expect(await world.daemon.context.store.jobs({ limit: 10 })).toEqual([]);
    expect(await order(world, 'requests', request(world, NODE, { platform: 'no-such-board' }))).toMatchObject(
      {
        status: 422,
        json: { error: 'unknown_board', id: `${LAB}:${NODE}` },
      },
    );
    expect(await world.ended(NODE)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.objects('tests')).toMatchObject([
      { path: 'boot', status: 'MISS' },
      { path: 'shell', status: 'MISS' },
    ]);
  });

  it('is refused by a lab that takes none', async () => {
    const world = await testWorld({ lab: { accept: ['pull_labs'] } });

    expect(await order(world, 'requests', request(world))).toMatchObject({
      status: 422,
      json: { error: 'not_accepted' },
    });
  });
});

describe('a job’s log', () => {
  it('is asked for again and again while someone looks', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    const asked = (): number => world.lava.calls.get('scheduler.jobs.logs') ?? 0;
    expect(asked()).toBe(0);

    const reader = new AbortController();
    const log = await fetch(`${world.url}/api/v1/jobs/${nodeId}/log?follow=true`, { signal: reader.signal });
    const text = Buffer.from((await log.body?.getReader().read())?.value ?? []).toString();
    expect(text).toContain('Linux version');
    await until('it was asked again', () => (asked() >= 3 ? true : undefined));
    reader.abort();
  });
});
