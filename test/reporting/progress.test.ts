import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DEMO_CASES } from '../../src/demo/cases.ts';
import { follow, publish } from '../../src/demo/run.ts';
import { testWorld, until, type TestWorld } from '../support/world.ts';

const progress = { config: { report: { progress: true } } };

/** The boot tests in the reports, in the order in which they came. */
function bootTests(world: TestWorld): Record<string, unknown>[] {
  return [...world.kcidb.submissions.values()].flatMap(({ report }) => {
    const { tests } = report as { tests: Record<string, unknown>[] };
    return tests.filter(({ path }) => path === 'boot');
  });
}

/** All that a report says, as the columns of KCIDB's database, of which each keeps the first value. */
function columnsOf(report: unknown): { id: string; column: string; value: unknown }[] {
  // Of an issue the first occurrence that KCIDB heard of is shown, as Maestro's are.
  const {
    version: _version,
    issues: _issues,
    ...lists
  } = report as Record<string, Record<string, unknown>[]>;
  return Object.values(lists).flatMap((objects) =>
    objects.flatMap(({ id, environment, ...rest }) =>
      [
        ...Object.entries(rest),
        ...Object.entries(environment ?? {}).map(([k, v]) => [`environment.${k}`, v]),
      ].map(([column, value]) => ({ id: String(id), column: String(column), value: value as unknown })),
    ),
  );
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

  it('no object of any case of the demo is reported twice with different values', async () => {
    const world = await testWorld(progress);
    world.fly(5);
    const nodes = publish(world, DEMO_CASES);
    const jobs = await follow(world, DEMO_CASES, nodes, 200_000, () => undefined);
    expect(jobs.filter((job) => job === undefined || !job.done)).toEqual([]);

    const said = new Map<string, unknown>();
    const changed: string[] = [];
    let again = 0;
    for (const { report } of world.kcidb.submissions.values()) {
      for (const { id, column, value } of columnsOf(report)) {
        const key = `${id} ${column}`;
        if (!said.has(key)) said.set(key, value);
        else if (isDeepStrictEqual(said.get(key), value)) again++;
        else changed.push(key);
      }
    }
    expect(changed).toEqual([]);
    // How many starts are reported before the end is for the machine to say.
    expect(again).toBeGreaterThan(0);
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
