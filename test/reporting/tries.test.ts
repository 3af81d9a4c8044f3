import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { testWorld, until, X86, type JobSpec, type TestWorld } from '../support/world.ts';

const noRetries = { retries: { infrastructure: 0 } };
const last = { config: { report: { tries: 'last' } }, lab: noRetries };

/** A world in which the job has nothing left but the report that is held back. */
async function heldBack(spec: JobSpec): Promise<{ world: TestWorld; nodeId: string }> {
  const world = await testWorld(last);
  world.fly();
  const nodeId = world.publish(spec);
  await until('the report alone is left', async () => {
    const open = (await world.deliveries(nodeId)).filter(({ state }) => state !== 'done');
    return open.length === 1 && open[0]?.destination === 'kcidb' ? true : undefined;
  });
  await world.waits(nodeId, 'deliveries');
  expect(world.kcidb.objects('tests')).toEqual([]);
  return { world, nodeId };
}

describe('a run that Maestro tries again', () => {
  it('is reported to KCIDB at once, with its number', async () => {
    const world = await testWorld({ lab: noRetries });
    world.fly();
    await world.ended(world.publish({ scenario: 'no-power', retryCounter: 1 }));

    expect(world.kcidb.objects('tests')).toContainEqual(
      expect.objectContaining({ path: 'boot', misc: expect.objectContaining({ retry_counter: 1 }) }),
    );
  });

  describe('with report.tries: last', () => {
    it('is not reported where Maestro has tried it again within three hours', async () => {
      const { world, nodeId } = await heldBack({ scenario: 'no-power', retryCounter: 2, name: 'again' });
      const build = String(world.maestro.node(nodeId)?.['parent']);
      world.maestro.addLavaPullJob(
        { build, name: 'again', runtime: 'lava-other', platform: X86, retryCounter: 3 },
        'actions: []',
      );

      world.jump(3 * HOUR + MINUTE);

      expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
      expect(world.kcidb.objects('tests')).toEqual([]);
      expect(await world.deliveries(nodeId)).toContainEqual(
        expect.objectContaining({ destination: 'kcidb', state: 'dropped' }),
      );
    });

    it('is reported where Maestro has not', async () => {
      const { world, nodeId } = await heldBack({ scenario: 'boot-panic', name: 'baseline-x86' });

      world.jump(3 * HOUR + MINUTE);

      expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
      expect(world.kcidb.objects('tests')).toContainEqual(
        expect.objectContaining({ path: 'boot', status: 'FAIL' }),
      );
    });

    it('waits with it while Maestro does not answer', async () => {
      const { world, nodeId } = await heldBack({ scenario: 'no-power', name: 'unknown' });
      world.maestro.faults.add({ kind: 'status', status: 500, path: /nodes/ });

      world.jump(3 * HOUR + MINUTE);
      await world.waits(nodeId, 'deliveries');
      expect(world.kcidb.objects('tests')).toEqual([]);
      world.maestro.faults.clear();

      expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
      expect(world.kcidb.objects('tests').length).toBeGreaterThan(0);
    });

    it.each([
      ['the last try', { scenario: 'no-power', retryCounter: 3 }],
      ['a failure that is no baseline’s', { scenario: 'boot-panic', name: 'ltp' }],
      ['a run that passes', { scenario: 'pass' }],
    ])('is reported at once if it is %s', async (_what, spec) => {
      const world = await testWorld(last);
      world.fly();
      await world.ended(world.publish(spec));

      expect(world.kcidb.objects('tests').length).toBeGreaterThan(0);
    });
  });
});
