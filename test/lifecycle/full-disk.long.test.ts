import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import type { StageName } from '../../src/store/index.ts';
import { fullStore, type FullStore } from '../support/full-store.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

async function worldOnDisk(): Promise<{ world: TestWorld; disk: FullStore }> {
  let disk: FullStore | undefined;
  const world = await testWorld({
    delays: { claimSettle: 100, kcidbFirstLook: 100, askParts: 500, notify: 200 },
    store: async (file) => {
      disk = fullStore(await openStore({ sqlite: file }));
      return disk.store;
    },
  });
  if (disk === undefined) throw new Error('the store was not made');
  return { world, disk };
}

/** So many further writes are refused while it is watched. */
const MORE = 30;

/** How often the log says so. */
function logged(world: TestWorld, words: string): number {
  return world.log.filter((line) => line.includes(words)).length;
}

describe('a full disk', () => {
  const stages: StageName[] = ['received', 'claimed', 'submitted', 'running', 'judged'];
  for (const stage of stages) {
    it(`loses nothing and does nothing twice (full when a job is ${stage})`, async () => {
      const { world, disk } = await worldOnDisk();
      // Without KCIDB no job ends before the disk is full.
      const over = world.kcidb.faults.add({ kind: 'cut' });
      const nodes = [1, 2, 3].map(() => world.publish({ scenario: 'fail' }));
      for (const nodeId of nodes) await world.at(nodeId, stage);
      disk.isFull = true;
      world.fly();
      await until('nothing can be stored', () => (disk.refused >= 3 ? true : undefined));
      disk.isFull = false;
      over();

      for (const nodeId of nodes) {
        expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
        expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', result: 'fail' });
      }
      expect(world.lava.jobs()).toHaveLength(3);
      expect(world.kcidb.objects('tests').filter(({ path }) => path === 'boot')).toHaveLength(3);
      for (const nodeId of nodes) {
        expect((await world.deliveries(nodeId)).map(({ state }) => state)).not.toContain('parked');
      }
    });
  }

  it('is reported once, keeps no part busy, and makes the daemon unready', async () => {
    const { world, disk } = await worldOnDisk();
    const nodes = [1, 2, 3, 4, 5].map(() => world.publish({ scenario: 'fail' }));
    for (const nodeId of nodes) await world.at(nodeId, 'claimed');
    await disk.fill();
    // A write that had begun before may still be noted as a sign that the store works.
    const fails = (): number => logged(world, 'the store fails');
    const isOut = (): boolean => fails() > logged(world, 'the store works again');
    const before = disk.refused;
    await until('it is logged', () => (disk.refused > before + 5 && isOut()) || undefined);
    const [failures, refused, since] = [fails(), disk.refused, Date.now()];
    await until('more is refused', () => disk.refused >= refused + MORE || undefined);

    expect(MORE / ((Date.now() - since) / 1000)).toBeLessThan(20);
    expect(fails()).toBe(failures);
    expect((await world.http('/healthz')).status).toBe(200);
    expect((await world.http('/readyz')).status).toBe(503);

    disk.isFull = false;
    world.fly();
    for (const nodeId of nodes) await world.ended(nodeId);
    expect((await world.http('/readyz')).status).toBe(200);
    await until('it is over', () => logged(world, 'the store works again') === failures || undefined);
  });

  it('lets no callback be answered as stored', async () => {
    const { world, disk } = await worldOnDisk();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    disk.isFull = true;

    const { status } = await world.http(`/callback/${LAB}/${nodeId}`, {
      method: 'POST',
      headers: { authorization: world.lava.callback.token, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 1, state_string: 'Finished', health_string: 'Complete' }),
    });

    expect(status).toBe(500);
    expect(await world.daemon.context.store.callbacks(`${LAB}:${nodeId}`)).toHaveLength(0);
    disk.isFull = false;
  });
});
