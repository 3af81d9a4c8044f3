import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/core/time.ts';
import { childWorld } from '../support/child.ts';
import { listen } from '../support/listen.ts';
import { order } from '../support/order.ts';
import { atEnd, testWorld, until, type TestWorld } from '../support/world.ts';

const Stage = z.object({ stage: z.string() });

function isAt(world: TestWorld, nodeId: string, stage: string): Promise<true> {
  return until(`${nodeId} is ${stage}`, async () => {
    const { json } = await world.http(`/api/v1/jobs/${nodeId}`);
    return Stage.safeParse(json).data?.stage === stage ? true : undefined;
  });
}

describe('stopping', () => {
  it('takes seconds, whatever hangs: LAVA, Maestro, KCIDB, a reader of a log', async () => {
    const { world, daemon } = await childWorld({ config: { log_level: 'info' } });
    await daemon.start();
    const nodeId = world.publish({ scenario: 'long' });
    await isAt(world, nodeId, 'running');
    const reader = new AbortController();
    atEnd(async () => reader.abort());
    const log = await fetch(`${world.url}/api/v1/jobs/${nodeId}/log?follow=true`, {
      signal: reader.signal,
    });
    await log.body?.getReader().read();
    world.kcidb.faults.add({ kind: 'mute' });
    const other = world.publish();
    await isAt(world, other, 'judged');
    world.lava.faults.add({ kind: 'mute', path: /RPC2/ });
    world.maestro.faults.add({ kind: 'mute' });
    await order(world, `jobs/${nodeId}/cancel`);

    // What hangs would hang for a minute.
    const code = await Promise.race([daemon.end('SIGTERM'), sleep(30_000)]);

    expect(code).toBe(0);
    // A stop that goes well says nothing.
    expect(daemon.output()).not.toMatch(/stopp|level=error/);
  });

  it('is forced by a second signal', async () => {
    const { world, daemon } = await childWorld({ config: { log_level: 'debug' } });
    await daemon.start();
    const nodeId = world.publish({ scenario: 'long' });
    await isAt(world, nodeId, 'running');
    world.lava.faults.add({ kind: 'mute', path: /RPC2/ });
    await order(world, `jobs/${nodeId}/cancel`);
    // A stop with nothing under way would be over before the second signal comes.
    await until('a call hangs', () => (world.lava.faults.hits() > 0 ? true : undefined));
    daemon.signal('SIGTERM');
    await until('it stops', () => (daemon.output().includes('stopping') ? true : undefined));

    expect(await daemon.end('SIGINT')).toBe(1);
  });

  it('lets the calls under way end: what LAVA was given is known at the next start', async () => {
    const world = await testWorld();
    world.lava.faults.add({ kind: 'slow', delayMs: 700, path: /RPC2/ });
    const nodeId = world.publish();
    await until('LAVA has the job', () => (world.lava.jobs().length > 0 ? true : undefined));

    await world.daemon.stop();
    await world.restart();
    world.lava.faults.clear();

    expect(await world.attempts(nodeId)).toMatchObject([{ lavaId: 1 }]);
  });

  it('is what a start does when an address can’t be had', async () => {
    const { world, daemon } = await childWorld({ config: { log_level: 'info' } });
    await listen(() => undefined, { port: Number(new URL(world.url).port) });
    daemon.start().catch(() => undefined);

    await until('it says so', () => (daemon.output().includes('cannot listen on') ? true : undefined));

    expect(await daemon.end('SIGCONT')).toBe(1);
  });
});
