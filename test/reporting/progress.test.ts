import { describe, expect, it } from 'vitest';
import { testWorld, until, type TestWorld } from '../support/world.ts';

const progress = { config: { report: { progress: true } } };

/** The boot tests in the reports, in the order in which they came. */
function bootTests(world: TestWorld): Record<string, unknown>[] {
  return [...world.kcidb.submissions.values()].flatMap(({ report }) => {
    const { tests } = report as { tests: Record<string, unknown>[] };
    return tests.filter(({ path }) => path === 'boot');
  });
}

describe('with report.progress', () => {
  it('KCIDB gets the boot test at its start without a status, and the end says nothing else of what was said', async () => {
    const lava = { pace: { scheduleMs: 30, startMs: 30, runMs: 5000 } };
    const world = await testWorld({ ...progress, lava });
    const nodeId = world.publish();
    world.fly(5);
    await world.at(nodeId, 'running');
    const start = await until('the start is in', () => bootTests(world)[0]);
    expect(start).not.toHaveProperty('status');
    expect(start).toMatchObject({
      start_time: expect.stringMatching(/T.*Z$/),
      environment: { misc: { job_id: '1', device: expect.any(String) } },
    });
    world.fly();
    await world.ended(nodeId);

    const [, end] = bootTests(world);
    expect(end).toMatchObject(start);
    expect(end).toHaveProperty('status');
    expect(world.kcidb.objects('tests').filter(({ path }) => path === 'boot')).toHaveLength(1);
  });

  it('a LAVA job whose place another takes does not stay open in KCIDB', async () => {
    const world = await testWorld({ ...progress, lab: { retries: { infrastructure: 1, pause: '100ms' } } });
    world.fly();
    await world.ended(world.publish({ scenario: 'infrastructure-once' }));

    const boots = world.kcidb.objects('tests').filter(({ path }) => path === 'boot');
    expect(boots.map(({ status }) => status)).toEqual(expect.arrayContaining(['PASS']));
    expect(boots.filter(({ status }) => status === undefined)).toEqual([]);
  });
});

it('without it a run is reported at its end alone', async () => {
  const world = await testWorld();
  world.fly();
  await world.ended(world.publish());

  expect(bootTests(world)).toHaveLength(1);
});
