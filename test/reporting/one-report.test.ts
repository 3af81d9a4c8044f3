import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { DEMO_CASES } from '../../src/demo/cases.ts';
import { follow, publish } from '../../src/demo/run.ts';
import { isTriedAgain } from '../../src/reporting/job-retry.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

/** Lets Maestro's services hear and scan, as often as they would do within the next half hour. */
function runServices(world: TestWorld): void {
  for (let minutes = 6; minutes <= 30; minutes += 6)
    world.maestro.services.run(Date.now() + minutes * MINUTE);
}

/** How many reports of a node's run KCIDB has: ours, and those that Maestro's bridge sends of the node and what is below it. */
async function reportsOf(world: TestWorld, nodeId: string): Promise<{ ours: number; maestros: number }> {
  const lavaIds = (await world.attempts(nodeId)).flatMap(({ lavaId }) =>
    lavaId === null ? [] : [String(lavaId)],
  );
  const keys = [nodeId, ...lavaIds].map((key) => `demo:${LAB}-${key}-boot`);
  const ours = world.kcidb.objects('tests').filter(({ id }) => keys.includes(String(id)));
  const below = (id: string): string[] => [
    id,
    ...world.maestro.database.children(id).flatMap((child) => below(child.id)),
  ];
  const nodes = below(nodeId);
  return {
    ours: ours.length,
    maestros: world.maestro.services.sent.filter((id) => nodes.includes(id)).length,
  };
}

describe('KCIDB has one report of each run', () => {
  it.each(['close', 'hierarchy'])('of all cases of the demo, with report.maestro: %s', async (maestro) => {
    const world = await testWorld({ config: { report: { maestro } } });
    world.fly(5);
    const nodes = publish(world, DEMO_CASES);
    const jobs = await follow(world, DEMO_CASES, nodes, 200_000, () => undefined);
    expect(jobs.filter((job) => job === undefined || !job.done)).toEqual([]);

    runServices(world);

    const counts: Record<string, unknown> = {};
    const wanted: Record<string, unknown> = {};
    const retried: string[] = [];
    for (const { name, result } of DEMO_CASES) {
      const nodeId = nodes.get(name) ?? '';
      counts[name] = await reportsOf(world, nodeId);
      wanted[name] = { ours: 1, maestros: 0 };
      if (isTriedAgain(name, result, 0)) retried.push(nodeId);
    }
    expect(counts).toEqual(wanted);
    // And job_retry has heard of each that it is to try again, once.
    expect([...world.maestro.services.retried].toSorted()).toEqual(retried.toSorted());
  });

  it.each(['close', 'hierarchy'])(
    'from Maestro where ours is off, with report.maestro: %s',
    async (maestro) => {
      const world = await testWorld({ config: { report: { kcidb: 'off', maestro } } });
      world.fly();
      const nodeId = world.publish({ scenario: 'mixed' });
      await world.ended(nodeId);

      runServices(world);

      expect(world.maestro.services.sent.filter((id) => id === nodeId)).toHaveLength(1);
      expect(new Set(world.maestro.services.sent).size).toBe(world.maestro.services.sent.length);
      expect(world.kcidb.objects('tests')).toEqual([]);
    },
  );

  it('when the answer to each write of the node’s end is lost', async () => {
    for (const lost of [1, 2, 3]) {
      const world = await testWorld();
      const nodeId = world.publish();
      await world.at(nodeId, 'finished');
      world.maestro.faults.add({ kind: 'lose', method: 'PATCH', times: lost });
      world.fly();
      await world.ended(nodeId);

      runServices(world);

      expect(await reportsOf(world, nodeId)).toEqual({ ours: 1, maestros: 0 });
    }
  });
});

describe('a node', () => {
  it('for whose end somebody waits is closed with its event', async () => {
    const world = await testWorld({ config: { report: { with_event: ['waited-for'] } } });
    world.fly();
    const waitedFor = world.publish({ name: 'waited-for' });
    const other = world.publish({ name: 'other' });
    await world.ended(waitedFor);
    await world.ended(other);

    expect(world.transitionEvents(waitedFor)).toContain('available→done');
    expect(world.transitionEvents(other)).not.toContain('available→done');
  });

  it('that a user made is closed with its event, and KCIDB gets nothing', async () => {
    const world = await testWorld();
    world.fly();
    const nodeId = world.publish();
    world.maestro.database.change(nodeId, { submitter: 'user:somebody@example.com' }, true);
    await world.ended(nodeId);

    expect(world.transitionEvents(nodeId)).toContain('available→done');
    runServices(world);
    expect(world.kcidb.objects('tests')).toEqual([]);
    expect(world.maestro.services.sent).toEqual([]);
    expect(await world.timeline(nodeId, 'no_report')).toHaveLength(1);
  });

  it('that a user made is reported to KCIDB where the configuration says so', async () => {
    const world = await testWorld({
      config: { report: { submitters: ['service:pipeline', 'user:us@example.com'] } },
    });
    world.fly();
    const nodeId = world.publish();
    world.maestro.database.change(nodeId, { submitter: 'user:us@example.com' }, true);
    await world.ended(nodeId);

    expect(await reportsOf(world, nodeId)).toEqual({ ours: 1, maestros: 0 });
  });

  it('that timed out in Maestro gets the real result, and job_retry does not hear of it twice', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'no-power', retryCounter: 1 });
    await world.at(nodeId, 'running');
    world.maestro.runTimeouts(Date.now() + 24 * 60 * MINUTE);
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', data: { error_code: 'node_timeout' } });
    world.fly();
    await world.ended(nodeId);

    expect(world.maestro.node(nodeId)).toMatchObject({ result: 'incomplete' });
    runServices(world);
    expect(world.maestro.services.retried).toEqual([nodeId]);
  });

  it.each(['pass', 'fail', 'skip'])(
    'that a person ended as %s is left as it is, and its job cancelled',
    async (result) => {
      const world = await testWorld();
      const nodeId = world.publish({ scenario: 'long' });
      await world.at(nodeId, 'running');
      world.maestro.database.change(nodeId, { state: 'done', result: result as 'pass' }, false);
      const { updated: _then, ...before } = world.maestro.node(nodeId) ?? {};
      world.fly(200);
      await world.ended(nodeId);

      expect(world.maestro.node(nodeId)).toMatchObject(before);
      await until('LAVA cancelled it', () =>
        [...world.lava.lab.jobs.values()].every((job) => JSON.stringify(job).includes('Cancel'))
          ? true
          : undefined,
      );
    },
  );
});
