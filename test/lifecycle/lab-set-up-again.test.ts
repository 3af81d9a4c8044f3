// A lab that is set up again, or restored from an old copy: its jobs are gone, and it counts from 1 again.
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { testWorld, until, type TestWorld } from '../support/world.ts';

const SLOW = { pace: { runMs: 3_600_000 } };

/** The nodes' jobs in LAVA, by what it calls them. */
function namesOf(world: TestWorld, nodeId: string): string[] {
  return world.lava
    .jobs()
    .map(({ definition }) => definition.job_name)
    .filter((name) => name.includes(nodeId));
}

describe('a lab that counts its jobs from 1 again', () => {
  it('gives an old number to a new job, and both are reported as what they are', async () => {
    const world = await testWorld();
    const first = world.publish({ scenario: 'fail' });
    await world.ended(first);
    world.lava.lab.reset();
    const second = world.publish({ scenario: 'pass' });

    expect(await world.ended(second)).toMatchObject({ stage: 'reported' });

    expect(await world.attempts(first)).toMatchObject([{ lavaId: 1 }]);
    expect(await world.attempts(second)).toMatchObject([{ lavaId: 1 }]);
    expect(world.maestro.node(first)).toMatchObject({ result: 'fail' });
    expect(world.maestro.node(second)).toMatchObject({ result: 'pass' });
    const shells = world.kcidb.objects('tests').filter(({ path }) => path === 'shell');
    expect(shells).toMatchObject([
      { id: 'demo:lava-demo-1-shell', status: 'FAIL' },
      { id: `demo:lava-demo-1-${second}-shell`, status: 'PASS' },
    ]);
  });

  it('has not the old job that ran: it is lost, and does not take over the new one’s results', async () => {
    const world = await testWorld({ lava: SLOW });
    const old = world.publish();
    await world.at(old, 'running');
    world.lava.lab.reset();
    const young = world.publish();
    await world.at(young, 'running');
    expect(await world.attempts(young)).toMatchObject([{ lavaId: 1 }]);
    world.jump(MINUTE);

    await world.waits(old, 'not_ours');
    world.jump(11 * MINUTE);

    expect((await world.ended(old)).ending).toMatchObject({ kind: 'lost', code: 'not_ours' });
    expect(await world.job(young)).toMatchObject({ done: false, stage: 'running' });
    expect(world.lava.jobs()).toMatchObject([{ state: 'Running' }]);
  });

  it('is searched as a whole for a submission whose answer was lost', async () => {
    const world = await testWorld();
    for (const nodeId of [1, 2, 3].map(() => world.publish())) await world.ended(nodeId);
    world.lava.lab.reset();
    world.lava.switches.loseAnswers = 1;
    const nodeId = world.publish();
    await world.waits(nodeId, 'answer_lost');
    world.jump(40_000);

    await world.ended(nodeId);

    expect(namesOf(world, nodeId)).toHaveLength(1);
    expect(world.lava.calls.get('scheduler.jobs.submit')).toBe(4);
  });
});

describe('a search for a lost submission', () => {
  it('goes back far enough, whatever our clock does meanwhile', async () => {
    const world = await testWorld();
    await world.ended(world.publish());
    world.lava.switches.loseAnswers = 1;
    const nodeId = world.publish();
    await world.waits(nodeId, 'answer_lost');
    world.jump(-300 * MINUTE);
    const later = world.publish();
    await until('a later one is in LAVA', () => (namesOf(world, later).length > 0 ? true : undefined));
    world.jump(301 * MINUTE);

    await world.ended(nodeId);

    expect(namesOf(world, nodeId)).toHaveLength(1);
  });
});
