import { describe, expect, it } from 'vitest';
import { createDrift } from '../../src/engine/clock.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { testWorld, until, type TestWorld } from '../support/world.ts';

/** A world on a machine whose clock can be set. */
async function worldWithClock(): Promise<{ world: TestWorld; set: (by: number) => void }> {
  let drift = 0;
  const world = await testWorld({ drift: () => drift });
  function set(by: number): void {
    drift += by;
    world.jump(by);
  }
  return { world, set };
}

describe('the machine’s clock', () => {
  it('may be set back by hours: what waits goes on within minutes', async () => {
    const { world, set } = await worldWithClock();
    world.lava.switches.events = 'mute';
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline');
    set(-5 * HOUR);
    await until('it is logged', () =>
      world.log.some((line) => line.includes('set back by 5h 00m')) ? true : undefined,
    );
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    world.jump(10 * MINUTE);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('may be set back while the daemon is away', async () => {
    const { world } = await worldWithClock();
    world.lava.switches.events = 'mute';
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline');
    await world.daemon.stop();
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    world.jump(-5 * HOUR);
    await world.restart();
    world.jump(10 * MINUTE);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });

  it('may be set forward by hours: no job is taken for one that runs too long', async () => {
    const { world, set } = await worldWithClock();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    set(12 * HOUR);

    await world.waits(nodeId, 'in_lava');

    expect(world.lava.jobs()).toMatchObject([{ state: 'Running' }]);
    world.jump(12 * HOUR);
    await until('it has run too long', () =>
      world.lava.jobs()[0]?.state === 'Canceling' ? true : undefined,
    );
  });
});

it('measures what the clock was set by with one that cannot be set', () => {
  let wall = 1_000_000;
  let steady = 50;
  const drift = createDrift(
    () => wall,
    () => steady,
  );
  wall += 500;
  steady += 500;
  expect(drift()).toBe(0);
  wall -= HOUR;
  expect(drift()).toBe(-HOUR);
});
