import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/core/logger.ts';
import { loadConfig } from '../../src/config/load.ts';
import { HOUR } from '../../src/core/time.ts';
import { createDaemon } from '../../src/daemon.ts';
import { openStore } from '../../src/store/index.ts';
import { newFolder } from '../support/folder.ts';
import { atEnd, testWorld, until } from '../support/world.ts';

describe('a node', () => {
  it('that another has taken is forgotten: nothing is submitted, written or reported', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline');
    const { data } = world.maestro.database.get(nodeId) ?? {};
    world.maestro.database.change(nodeId, { data: { ...data, job_id: 'other-lab:1' } }, true);
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });

    const job = await world.ended(nodeId);

    expect(job).toMatchObject({
      stage: 'admitted',
      reason: { code: 'node_taken', text: expect.stringContaining('other-lab:1') },
    });
    expect(await world.timeline(nodeId, 'node_taken')).toMatchObject([
      { text: expect.stringContaining('other-lab:1') },
    ]);
    expect(world.lava.jobs()).toHaveLength(0);
    expect(world.kcidb.submissions.size).toBe(0);
    expect(world.maestro.database.get(nodeId)).toMatchObject({
      state: 'available',
      data: { job_id: 'other-lab:1' },
    });
  });

  it('whose mark another overwrites while it settles is forgotten', async () => {
    const world = await testWorld({ delays: { claimSettle: HOUR } });
    const nodeId = world.publish();
    await world.waits(nodeId, 'claim');
    const { data } = world.maestro.database.get(nodeId) ?? {};
    expect(data?.['job_id']).toMatch(new RegExp(`^[0-9a-f]{12}:${nodeId}$`));
    world.maestro.database.change(nodeId, { data: { ...data, job_id: 'other-lab:1' } }, true);
    world.jump(HOUR);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'admitted' });
    expect(world.lava.jobs()).toHaveLength(0);
  });

  it('that ended before our claim is forgotten, not reported', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish();
    await world.waits(nodeId, 'offline');
    world.maestro.runTimeouts(Date.now() + 7 * 3_600_000);
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });

    expect(await world.ended(nodeId)).toMatchObject({
      stage: 'admitted',
      reason: { code: 'node_ended' },
    });
    expect(world.lava.jobs()).toHaveLength(0);
    expect(world.kcidb.submissions.size).toBe(0);
  });

  it('is run by one of two bridges that see it at once', async () => {
    const world = await testWorld({ delays: {} });
    const folder = await newFolder();
    const config = await loadConfig(world.configFile);
    const free = { host: '127.0.0.1', port: 0 };
    const other = await createDaemon(
      { ...config, http: { ...config.http, listen: free, api_listen: free, pages_listen: free } },
      { log: createLogger('fatal'), store: await openStore({ sqlite: join(folder, 'other.db') }) },
    );
    await other.start();
    atEnd(() => other.stop());

    const nodes = Array.from({ length: 6 }, () => world.publish());
    for (const nodeId of nodes) {
      await until(`${nodeId} is done in Maestro`, () =>
        world.maestro.node(nodeId)?.['state'] === 'done' ? true : undefined,
      );
    }

    for (const nodeId of nodes) {
      const mine = world.lava.jobs().filter(({ definition }) => definition.job_name.includes(nodeId));
      expect(mine).toHaveLength(1);
      expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
    }
  });
});
