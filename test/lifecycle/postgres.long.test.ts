import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { openStore } from '../../src/store/index.ts';
import { childWorld } from '../support/child.ts';
import { failsWith, lavaBridge } from '../support/command.ts';
import { ownCluster, PLACES } from '../support/places.ts';
import { startCluster } from '../support/postgres.ts';
import { atEnd, testWorld, until, type TestWorld } from '../support/world.ts';

/** The configuration of an empty database. */
async function place(): Promise<{ store: { postgres: string } }> {
  return { store: { postgres: await (await ownCluster()).database() } };
}

describe.runIf('PostgreSQL' in PLACES)('the daemon on PostgreSQL', () => {
  it('takes a job the whole way, and has its logs in the database', async () => {
    const world = await testWorld({ config: await place() });
    const node = world.publish();

    await world.ended(node);

    expect(world.maestro.database.get(node)).toMatchObject({ state: 'done', result: 'pass' });
    const id = `lava-demo:${node}`;
    const rejudged = await world.http(`/api/v1/jobs/${id}/rejudge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ report: false }),
    });
    expect(rejudged).toMatchObject({ status: 200, json: { changes: [] } });
    const log = await world.http(`/api/v1/jobs/${encodeURIComponent(id)}/log`);
    expect(log.status).toBe(200);
    expect(log.text).not.toBe('');
    expect(world.log.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });

  it(
    'does no job twice and loses none while it is killed and the database ends',
    { timeout: 600_000 },
    async () => {
      const { world, daemon } = await childWorld({ config: await place() });
      const cluster = await ownCluster();
      await daemon.start();
      const nodes = Array.from({ length: 6 }, (_, i) => world.publish({ name: `smoke-${i}` }));
      for (const jobs of [1, 3]) {
        await until('LAVA has some', () => (world.lava.jobs().length >= jobs ? true : undefined));
        await daemon.end('SIGKILL');
        await daemon.start();
        await cluster.restart();
      }

      await allReported(world, nodes);
    },
  );

  it('waits while the database is paused, says so, and goes on', { timeout: 600_000 }, async () => {
    const world = await testWorld({ config: await place() });
    const cluster = await ownCluster();
    const nodes = Array.from({ length: 3 }, (_, i) => world.publish({ name: `smoke-${i}` }));
    await until('LAVA has one', () => (world.lava.jobs().length > 0 ? true : undefined));

    cluster.signal('SIGSTOP');
    const ready = await until('it is not ready', async () => {
      const answer = await world.http('/readyz');
      return answer.status === 503 ? answer : undefined;
    });
    expect(ready.text).toContain('store: ');
    expect((await world.http('/healthz')).status).toBe(200);
    await until('the journal says it', () =>
      world.log.some((line) => line.includes('the store fails: the database')) ? true : undefined,
    );
    cluster.signal('SIGCONT');

    await allReported(world, nodes);
    expect((await world.http('/readyz')).status).toBe(200);
  });

  it('does nothing twice and loses nothing when a standby takes over that lacks the last jobs', async () => {
    const cluster = await startCluster();
    atEnd(cluster.stop);
    const world = await testWorld({ config: { store: { postgres: await cluster.database() } } });
    const standby = await cluster.standby();
    // Without KCIDB no job ends before.
    const over = world.kcidb.faults.add({ kind: 'cut' });
    const known = world.publish();
    await world.at(known, 'running');
    await standby.cutOff();
    const unknown = world.publish();
    await world.at(unknown, 'running');

    await standby.promote();
    await standby.lead();
    expect(await world.daemon.storeFault).toContain('a standby took over');
    const ready = await world.http('/readyz');
    await world.daemon.stop();
    await world.restart();

    expect(ready).toMatchObject({ status: 503, text: expect.stringContaining('a standby took over') });
    over();
    world.fly();
    await allReported(world, [known, unknown]);
  });

  it('refuses the store of a newer version', async () => {
    const { store } = await place();
    await (await openStore(store)).close();
    const client = new pg.Client({ connectionString: store.postgres });
    await client.connect();
    await client.query("UPDATE meta SET value = '99' WHERE key = 'schema'");
    await client.end();

    await expect(openStore(store)).rejects.toMatchObject({ code: 'newer_store' });
    expect(await lavaBridge(['run', '--config', await configured(store.postgres)])).toMatchObject({
      code: 78,
      stderr: failsWith('newer_store'),
    });
  });

  it('ends with 1, to be started again, while the database does not answer', async () => {
    const configFile = await configured('postgres://bridge@127.0.0.1:1/bridge');
    expect(await lavaBridge(['run', '--config', configFile])).toMatchObject({
      code: 1,
      stderr: failsWith('store', '127.0.0.1:1/bridge'),
    });
  });

  it('names what keeps a database from being a store', async () => {
    const world = await testWorld({ config: await place() });
    const check = async (url: string): Promise<string> => {
      const config = z.looseObject({}).parse(parse(await readFile(world.configFile, 'utf8')));
      await writeFile(world.configFile, stringify({ ...config, store: { postgres: url } }));
      return (await lavaBridge(['check', '--config', world.configFile])).stdout;
    };
    const url = await (await ownCluster()).database();

    expect(await check(url)).toMatch(/^ok +store: postgres:.*: PostgreSQL \d+/m);
    const odd = await (await ownCluster()).database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    expect(await check(odd)).toMatch(/^FAILED +store: .*its encoding is LATIN1/m);
    expect(await check(url.replace('/bridge_', '/none_'))).toMatch(/^FAILED +store: .*does not exist/m);
    const backup = await lavaBridge(['backup', `${world.folder}/b`, '--config', world.configFile]);
    expect(backup).toMatchObject({ code: 1, stderr: failsWith('backup') });
    expect(backup.stderr).toContain('pg_dump --format=custom');
  });
});

/** A configuration with that database. */
async function configured(postgres: string): Promise<string> {
  const { configFile, stop } = await testWorld();
  await stop();
  const config = z.looseObject({}).parse(parse(await readFile(configFile, 'utf8')));
  await writeFile(configFile, stringify({ ...config, store: { postgres } }));
  return configFile;
}

/** Each came out once, in LAVA, Maestro and KCIDB. */
async function allReported(world: TestWorld, nodes: readonly string[]): Promise<void> {
  const { database } = world.maestro;
  const isDone = (id: string): boolean => database.get(id)?.state === 'done';
  await until('all nodes are done', () => (nodes.every(isDone) ? true : undefined), 240_000);
  const boots = (): unknown[] => world.kcidb.objects('tests').filter(({ path }) => path === 'boot');
  await until('all reports are there', () => (boots().length === nodes.length ? true : undefined), 60_000);
  expect(nodes.map((id) => database.get(id)?.result)).toEqual(nodes.map(() => 'pass'));
  const names = world.lava.jobs().map(({ definition }) => definition.job_name);
  expect(names).toHaveLength(nodes.length);
  for (const id of nodes) expect(world.transitions(id)).toEqual(['running→available', 'available→done']);
}
