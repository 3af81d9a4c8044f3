// Devices that keep failing: drained by the bridge, until LAVA's health check passes or somebody ends it.
import { expect, it } from 'vitest';
import { z } from 'zod';
import { device } from '../../src/sim/lava/model.ts';
import type { Drain } from '../../src/store/index.ts';
import { order } from '../support/order.ts';
import { startWebhook } from '../support/webhook.ts';
import { ARM64, LAB, testWorld, until, type TestWorld } from '../support/world.ts';

/** The one device of the lab. */
const DEVICE = 'qemu-01';
const ONE_DEVICE = { devices: [device(DEVICE, 'qemu')] };
const FAILING = { retries: { infrastructure: 0 }, drain_failing: true };

async function drainOf(world: TestWorld): Promise<Drain | undefined> {
  return (await world.daemon.context.store.drains()).find((drain) => drain.device === DEVICE);
}

/** Lets jobs fail on the device, one after the other. */
async function fail(world: TestWorld, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await world.ended(world.publish({ board: ARM64, scenario: 'no-power' }));
}

function drained(world: TestWorld): Promise<Drain> {
  return until('it is drained', () => drainOf(world));
}

function taking(world: TestWorld): Promise<true> {
  return until('it takes jobs again', async () => ((await drainOf(world)) === undefined ? true : undefined));
}

const Posted = z.object({ began: z.array(z.string()), ended: z.array(z.string()) });

it('a device that keeps failing because of the lab is drained until LAVA’s health check of it passes', async () => {
  const { url, posted } = await startWebhook(Posted);
  const world = await testWorld({
    lab: FAILING,
    lava: ONE_DEVICE,
    config: { log_level: 'info', notify: { webhook: { url }, harness_failures: 2, disk_free: 1 } },
  });
  // A check that passed before says nothing of what comes.
  world.lava.lab.checkHealth(DEVICE, 'Complete');
  await fail(world, 2);
  expect(await drained(world)).toMatchObject({ lab: LAB, board: '' });
  const waiting = world.publish({ board: ARM64 });
  await world.waits(waiting, 'drained', DEVICE);

  await world.daemon.stop();
  await world.restart();
  world.lava.lab.checkHealth(DEVICE, 'Incomplete');
  const looks = (): number => world.lava.calls.get('GET devices') ?? 0;
  const before = looks();
  await until('it was looked at', () => (looks() > before + 1 ? true : undefined));
  expect(await drainOf(world)).toBeDefined();
  world.lava.lab.checkHealth(DEVICE, 'Complete');
  await taking(world);
  await world.ended(waiting);

  // What failed before counts no more.
  await fail(world, 1);
  expect(await drainOf(world)).toBeUndefined();

  const orders = world.log.filter((line) => line.includes(DEVICE) && /"order":"(drain|resume)"/.test(line));
  expect(orders.map((line) => /"order":"(\w+)"/.exec(line)?.[1])).toEqual(['drain', 'resume']);
  await until('the end is notified of', () =>
    posted.some(({ ended }) => ended.length > 0) ? true : undefined,
  );
  const about = (texts: string[]): string[] => texts.filter((text) => text.includes(DEVICE));
  expect(posted.flatMap(({ began }) => about(began))).toHaveLength(1);
  expect(posted.flatMap(({ ended }) => about(ended))).toHaveLength(1);
});

it('somebody may end it, and drain a device by hand, which no health check ends', async () => {
  const world = await testWorld({
    lab: FAILING,
    lava: ONE_DEVICE,
    config: { notify: { harness_failures: 2 } },
  });
  await fail(world, 2);
  await drained(world);
  expect(await order(world, 'resume', { lab: LAB, device: DEVICE })).toMatchObject({
    status: 200,
    json: { lab: LAB, board: '', device: DEVICE, known: true },
  });
  expect(await order(world, 'resume', { lab: LAB, device: DEVICE })).toMatchObject({ status: 409 });

  await order(world, 'drain', { lab: LAB, device: DEVICE, reason: 'a new power supply' });
  world.lava.lab.checkHealth(DEVICE, 'Complete');
  const waiting = world.publish({ board: ARM64 });
  await world.waits(waiting, 'drained', 'a new power supply');
  expect(await drainOf(world)).toMatchObject({ untilHealthy: false });
  const boards = await world.http('/api/v1/boards');
  expect(boards.json).toMatchObject({
    boards: expect.arrayContaining([expect.objectContaining({ board: ARM64, online: 0, drained: null })]),
  });
  await order(world, 'resume', { lab: LAB, device: DEVICE });
  await world.ended(waiting);
  expect(await order(world, 'drain', { lab: LAB, board: ARM64, device: DEVICE })).toMatchObject({
    status: 400,
  });
});

it('where LAVA takes a choice of device, no job goes to a drained one while another is online', async () => {
  const world = await testWorld({ lava: { age: 'newest' } });
  await order(world, 'drain', { lab: LAB, device: 'qemu-01' });
  await order(world, 'drain', { lab: LAB, device: 'qemu-02' });
  const nodes = [world.publish(), world.publish(), world.publish()];
  for (const node of nodes) await world.ended(node);
  const devices = world.lava.jobs().map(({ device }) => device?.name);
  expect(devices).toEqual(['qemu-03', 'qemu-03', 'qemu-03']);
});

it('where LAVA does not say whether a health check passed, it stays drained, which is said once', async () => {
  const world = await testWorld({
    lab: FAILING,
    config: { notify: { harness_failures: 1 } },
    lava: { ...ONE_DEVICE, age: '2023.01' },
  });
  world.lava.faults.add({ kind: 'status', status: 404, path: /^\/api\/v0\.2\/devices/ });
  await fail(world, 1);
  await drained(world);
  world.lava.lab.checkHealth(DEVICE, 'Complete');
  const said = (): number => world.log.filter((line) => line.includes('stays drained')).length;
  await until('it is said', () => (said() > 0 ? true : undefined));
  expect(await drainOf(world)).toBeDefined();
  expect(said()).toBe(1);
});
