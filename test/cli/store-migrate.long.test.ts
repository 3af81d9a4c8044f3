import { readFile, writeFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { openState, openStore } from '../../src/store/index.ts';
import { failsWith, processOf, type Ran } from '../support/command.ts';
import { ownCluster, PLACES } from '../support/places.ts';
import { testWorld, type TestWorld } from '../support/world.ts';

async function database(): Promise<string> {
  return (await ownCluster()).database();
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Stops its daemon, for good. */
async function stop({ daemon }: TestWorld): Promise<void> {
  await daemon.stop();
  daemon.stop = async () => undefined;
}

function migrate({ configFile }: TestWorld, to: string, ...more: string[]): Promise<Ran> {
  // As a process: to read all of each table is what it is for, which the tests else refuse.
  return processOf(['store', 'migrate', '--to', to, '--config', configFile, ...more]);
}

/** Changes the configuration as the command says, and starts the daemon with it. */
async function startOn(url: string, world: TestWorld): Promise<void> {
  const config = z.looseObject({}).parse(parse(await readFile(world.configFile, 'utf8')));
  await writeFile(world.configFile, stringify({ ...config, store: { postgres: url } }));
  await world.restart();
}

describe.runIf('PostgreSQL' in PLACES)('store migrate', () => {
  it('moves jobs, logs and the instance, and the daemon goes on with them', async () => {
    const world = await testWorld();
    const done = world.publish();
    await world.ended(done);
    const id = `lava-demo:${done}`;
    const { store } = world.daemon.context;
    const before = {
      instance: store.instanceId,
      job: await store.job(id),
      timeline: await store.timeline(id),
      log: (await world.http(`/api/v1/jobs/${id}/log`)).text,
    };
    await stop(world);
    const url = await database();

    const ran = await migrate(world, url);

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`store: { postgres: '${url}' }`);
    // A second time would need an empty database, and this one must not be emptied.
    const again = await migrate(world, url);
    expect(again).toMatchObject({ code: 1, stderr: failsWith('database_not_empty') });
    expect(again.stderr).toContain('start the daemon');
    expect(again.stderr).not.toContain('dropdb');
    await startOn(url, world);
    const moved = world.daemon.context.store;
    expect({
      instance: moved.instanceId,
      job: await moved.job(id),
      timeline: await moved.timeline(id),
      log: (await world.http(`/api/v1/jobs/${id}/log`)).text,
    }).toEqual(before);
    // What counts up goes on behind what came along.
    const next = world.publish();
    expect(await world.ended(next)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.objects('tests').length).toBeGreaterThan(0);
  });

  it('refuses while the daemon runs, and a database that holds something', async () => {
    const world = await testWorld();
    const url = await database();
    await stop(world);
    const claim = (await openState({ sqlite: join(world.folder, 'state/lava-bridge.db') })).claim();
    expect((await migrate(world, url)).stderr).toEqual(failsWith('in_use'));
    claim.release();
    await query(url, 'CREATE TABLE theirs (n integer)');
    await query(url, 'CREATE TABLE meta (theirs integer)');

    const ran = await migrate(world, url);

    expect(ran).toMatchObject({ code: 1, stderr: failsWith('database_not_empty') });
    expect(await query(url, 'SELECT * FROM theirs')).toEqual([]);
    const used = await database();
    await (await openStore({ postgres: used })).close();
    expect((await migrate(world, used)).stderr).toEqual(failsWith('database_not_empty'));
    expect((await migrate(world, 'db.example')).stderr).toEqual(failsWith('bad_option'));
  });

  it('that was broken off keeps the daemon out, and is begun again', async () => {
    const world = await testWorld();
    await world.ended(world.publish());
    await stop(world);
    const url = await database();
    const { store, folder } = { store: join(world.folder, 'state/lava-bridge.db'), folder: world.folder };
    const instance = (await readFile(`${store}.instance`, 'utf8')).trim();
    // As a run leaves it that died with some of the rows.
    await (await openStore({ postgres: url })).close();
    await query(url, `INSERT INTO meta VALUES ('moving', '${instance}')`);
    await query(url, "INSERT INTO device_spans VALUES ('lava-demo', 'half', 1, 1, 'idle', '')");
    const state = await openState({ postgres: url });
    await state.blobs.put('lava-demo/gone/1.yaml.gz', ['of a job that has gone meanwhile']);
    await state.close();
    await expect(openStore({ postgres: url })).rejects.toMatchObject({ code: 'store' });

    const ran = await migrate(world, url, '--json');

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ jobs: 1, damaged: [] });
    expect(await query(url, "SELECT * FROM device_spans WHERE device = 'half'")).toEqual([]);
    expect(await query(url, "SELECT name FROM files WHERE name LIKE '%gone%'")).toEqual([]);
    expect(await query(url, "SELECT value FROM meta WHERE key = 'moving'")).toEqual([]);
    expect((await stat(join(folder, 'state/evidence'))).isDirectory()).toBe(true);
  });

  it('leaves out a log that is damaged, and names it', async () => {
    const world = await testWorld();
    const node = world.publish();
    await world.ended(node);
    await stop(world);
    const log = join(world.folder, `state/evidence/lava-demo/${node}/1.yaml.gz`);
    await writeFile(log, (await readFile(log)).subarray(0, 30));

    const ran = await migrate(world, await database(), '--json');

    expect(JSON.parse(ran.stdout)).toMatchObject({ jobs: 1, damaged: [log] });
  });
});
