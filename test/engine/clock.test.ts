import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createDrift, createSharedClock, type SharedClock } from '../../src/engine/clock.ts';
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
    await until('it is due within minutes again', async () => {
      const { nextAt = Infinity } = (await world.job(nodeId)) ?? {};
      return nextAt <= world.daemon.context.now() + 10 * MINUTE ? true : undefined;
    });
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    world.jump(10 * MINUTE);

    expect(world.log.filter((line) => line.includes('set back by 5h 00m'))).toHaveLength(1);
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

describe('a clock that follows another', () => {
  let steady: number;
  let machine: number;
  /** What it said in the journal. */
  let said: string[];

  function clock(): SharedClock {
    [steady, machine, said] = [50, 1_000_000, []];
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
    return createSharedClock(
      log,
      () => machine,
      () => steady,
    );
  }

  /** An answer that takes so long (ms). */
  const answers = (at: number, took = 0) => {
    return async (): Promise<number> => {
      steady += took;
      machine += took;
      return at;
    };
  };

  it('goes on by itself, whatever the machine’s is set to', async () => {
    const { now, follow } = clock();
    await follow(answers(1_000_000));
    machine += HOUR;
    steady += MINUTE;
    expect(now()).toBe(1_060_000);
    await follow(answers(1_060_000));
    expect(now()).toBe(1_060_000);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('59m 00s ahead of');
  });

  it('is put right by as little as the answer proves wrong', async () => {
    const { now, follow } = clock();
    await follow(answers(1_000_400, 500));
    expect(now()).toBe(1_000_500);
    await follow(answers(1_002_000, 500));
    expect(now()).toBe(1_002_000);
    await follow(answers(900_000, 500));
    expect(now()).toBe(900_500);
  });

  it('stays as it is when there is no answer', async () => {
    const { now, follow } = clock();
    await expect(follow(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(now()).toBe(1_000_000);
  });
});
