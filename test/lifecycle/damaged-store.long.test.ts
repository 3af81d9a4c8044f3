// A store that is damaged while no daemon runs: what becomes of its jobs.
import { readFile, readdir, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { makeBackup } from '../../src/store/backup.ts';
import { blobFolder, evidenceFolder } from '../../src/store/blobs.ts';
import { restoreBackup } from '../../src/store/restore.ts';
import { DAMAGES } from '../support/damage.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

const databaseOf = (world: TestWorld): string => join(world.folder, 'state', 'lava-bridge.db');

/** What LAVA has of a node's jobs. */
function inLava(world: TestWorld, nodeId: string): number {
  return world.lava.jobs().filter(({ definition }) => definition.job_name.includes(nodeId)).length;
}

/** A world whose daemon was stopped while LAVA ran its jobs, which have ended since. */
async function stoppedWorld(): Promise<{ world: TestWorld; nodes: string[] }> {
  const world = await testWorld({ lava: { pace: { runMs: 3000 } } });
  const nodes = Array.from({ length: 3 }, () => world.publish({ scenario: 'fail' }));
  for (const node of nodes) await world.at(node, 'submitted');
  await world.daemon.stop();
  await until('LAVA has ended them', () =>
    world.lava.jobs().every(({ state }) => state === 'Finished') ? true : undefined,
  );
  return { world, nodes };
}

describe.each(Object.entries(DAMAGES))('a store with damage: %s', (_kind, damage) => {
  it('is set aside, and each of its jobs is run and reported once', async () => {
    const { world, nodes } = await stoppedWorld();
    const file = databaseOf(world);
    const { instanceId } = world.daemon.context.store;
    await damage(file);
    const damaged = await readFile(file);

    await world.restart();
    expect(world.daemon.context.store.instanceId).toBe(instanceId);
    const [aside = ''] = (await readdir(join(world.folder, 'state'))).filter((name) =>
      name.startsWith('lava-bridge.db.damaged-'),
    );
    expect((await readFile(join(world.folder, 'state', aside))).equals(damaged)).toBe(true);
    expect(world.log.filter((line) => line.includes(aside) && line.includes('"error"'))).toHaveLength(1);
    const { status, json } = await world.http('/readyz');
    expect(status).toBe(503);
    expect(JSON.stringify(json)).toContain('the lab lava-demo');

    world.jump(MINUTE);
    world.fly();
    await until('it is ready', async () => ((await world.http('/readyz')).status === 200 ? true : undefined));
    for (const node of nodes) {
      expect(await world.ended(node)).toMatchObject({ result: 'fail' });
      expect(inLava(world, node)).toBe(1);
      expect(world.maestro.node(node)).toMatchObject({ state: 'done', result: 'fail' });
    }
    expect(world.kcidb.objects('tests').filter(({ path }) => path === 'boot')).toHaveLength(nodes.length);
    // A new job is nothing that was lost.
    await world.ended(world.publish());
  });
});

describe('an older state that is put back', () => {
  it('submits no job a second time that LAVA has', async () => {
    const world = await testWorld();
    const database = databaseOf(world);
    const places = { database, folders: { evidence: evidenceFolder(dirname(database)) } };
    await world.daemon.context.store.drain(LAB, '', 'for a moment');
    const node = world.publish({ scenario: 'fail' });
    await world.waits(node, 'drained');
    const backup = join(world.folder, 'state.backup');
    await makeBackup(places, backup, Date.now());
    await world.daemon.context.store.resume(LAB, '');
    await world.daemon.context.store.wakeStage(LAB, 'received');
    world.daemon.context.wake(LAB);
    await world.at(node, 'submitted');
    await world.daemon.stop();

    await restoreBackup(backup, places, { force: true });
    await world.restart();
    world.jump(MINUTE);
    world.fly();
    expect(await world.ended(node)).toMatchObject({ result: 'fail' });
    expect(inLava(world, node)).toBe(1);
    expect(await world.timeline(node, 'found')).toHaveLength(1);
  });
});

describe('the log of a job that is lost before it was judged', () => {
  it.each([
    ['gone', (path: string) => rm(path)],
    ['cut off', (path: string) => truncate(path, 40)],
  ])('is fetched again: %s', async (_what, damage) => {
    const world = await testWorld();
    const node = world.publish({ scenario: 'fail' });
    const { id } = await world.ended(node);
    await world.daemon.stop();
    const database = new DatabaseSync(databaseOf(world));
    database.exec("UPDATE jobs SET done = 0, stage = 'finished'");
    database.close();
    await damage(join(evidenceFolder(join(world.folder, 'state')), blobFolder(id), '1.yaml.gz'));

    await world.restart();
    world.fly();
    expect(await world.ended(node)).toMatchObject({ result: 'fail' });
    expect(await world.timeline(node, 'evidence_lost')).toHaveLength(1);
    expect(await world.attempts(node)).toMatchObject([{ n: 1, evidence: 'fetched' }]);
  });
});
