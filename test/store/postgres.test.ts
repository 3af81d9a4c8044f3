// What PostgreSQL does to transactions that come in each other's way, which a database with one writer never does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { LOST_BEFORE, openStore } from '../../src/store/index.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { hasPostgres, startCluster, type Cluster, type Standby } from '../support/postgres.ts';
import { eventually } from '../support/wait.ts';

let cluster: Cluster | undefined;
afterAll(() => cluster?.stop());

describe.runIf(hasPostgres())('transactions on PostgreSQL', () => {
  it('are all stored when they wait for each other: the one that is ended for that runs again', async () => {
    const { connection, db, close } = await openPostgres(await (cluster ??= await startCluster()).database());
    await db.schema
      .createTable('meta')
      .addColumn('key', 'text')
      .addColumn('value', 'text', (c) => c.notNull())
      .execute();
    const keys = ['one', 'two'];
    await db
      .insertInto('meta')
      .values(keys.map((key) => ({ key, value: '' })))
      .execute();
    const bothBegan = Promise.withResolvers<void>();
    let began = 0;
    let runs = 0;

    /** Locks the rows in that order; the second only when the other has the first of its own. */
    const write = (mark: string, order: readonly string[]): Promise<void> =>
      connection.write(async (tx) => {
        runs += 1;
        for (const [i, key] of order.entries()) {
          if (i === 1) {
            if (++began === 2) bothBegan.resolve();
            await bothBegan.promise;
          }
          await tx
            .updateTable('meta')
            .set({ value: sql`value || ${mark}` })
            .where('key', '=', key)
            .execute();
        }
      });
    await Promise.all([write('a', keys), write('b', keys.toReversed())]);

    const rows = await db.selectFrom('meta').select('value').execute();
    for (const { value } of rows) expect(['ab', 'ba']).toContain(value);
    expect(runs).toBe(3);
    await close();
  });
});

describe.runIf(hasPostgres())('a database on PostgreSQL', () => {
  /** What is to be searched for after a start, if anything (ms). */
  async function lostBefore(postgres: string): Promise<string | undefined> {
    const store = await openStore({ postgres });
    const lost = await store.setting(LOST_BEFORE);
    await store.close();
    return lost;
  }

  it('is known again, and nothing is searched for', async () => {
    const server = (cluster ??= await startCluster());
    const url = await server.database();

    expect(await lostBefore(url)).toBeUndefined();
    await server.restart();
    expect(await lostBefore(url)).toBeUndefined();
  });

  it.each([
    ['restored from a dump', (server: Cluster, url: string) => server.restored(url)],
    [
      'a copy of another one',
      (server: Cluster, url: string) => server.database(`TEMPLATE ${new URL(url).pathname.slice(1)}`),
    ],
  ])('is searched for what it lacks when it was %s', async (_, change) => {
    const server = (cluster ??= await startCluster());
    const url = await server.database();
    await lostBefore(url);
    const before = Date.now();

    const other = await change(server, url);

    expect(Number(await lostBefore(other))).toBeGreaterThanOrEqual(before);
  });

  it('is searched for what it lacks when the admin says so, as docs/postgresql.md does', async () => {
    const docs = readFileSync(join(import.meta.dirname, '../../docs/postgresql.md'), 'utf8');
    const [, statement = ''] = /psql \S+ -c "(UPDATE meta .*)"/.exec(docs) ?? [];
    const url = await (cluster ??= await startCluster()).database();
    await lostBefore(url);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(statement);
    await client.end();

    expect(await lostBefore(url)).toBeDefined();
  });

  describe('that is another one while it is open', () => {
    type Steps = Record<'open' | 'changed', (server: Cluster) => Promise<void>>;
    let standby: Standby;

    it.each<[string, Steps]>([
      [
        'a standby took over',
        {
          open: async (server) => void (standby = await server.standby()),
          changed: async () => {
            await standby.promote();
            await standby.lead();
          },
        },
      ],
      [
        'its address led to a standby before that took over',
        {
          open: async (server) => void (standby = await server.standby()),
          changed: async () => {
            await standby.lead();
            await standby.promote();
          },
        },
      ],
      [
        'an older copy of its disk was put back',
        { open: (server) => server.keepCopy(), changed: (server) => server.putBack() },
      ],
    ])('takes nothing more: %s', async (_, { open, changed }) => {
      const server = await startCluster();
      const store = await openStore({ postgres: await server.database() });
      await open(server);
      await store.probe();

      // How far its log is written is learned with each new connection.
      for (let i = 0; i < 50; i++) await store.probe();
      await server.restart();
      await eventually(() => store.probe());
      const isChanged = changed(server);
      const refused = eventually(() =>
        expect(store.probe()).rejects.toMatchObject({ code: 'other_database' }),
      );
      await isChanged;

      await refused;
      await expect(store.probe()).rejects.toMatchObject({ code: 'other_database' });
      await store.close();
      await server.stop();
    });

    it('has what it lacks searched for at the next start, and counts no death of what was under way', async () => {
      const server = await startCluster();
      const url = await server.database();
      const store = await openStore({ postgres: url });
      await store.leases?.enter({ host: 'here', pid: 1, version: '1', names: ['lab a'] });
      await store.leases?.take('lab a');
      await store.beginWork('job a');
      const before = Date.now();
      const other = await server.standby();
      await other.promote();
      await other.lead();
      await store.close();

      const next = await openStore({ postgres: url });

      expect(Number(await next.setting(LOST_BEFORE))).toBeGreaterThanOrEqual(before);
      expect(await next.leases?.sharedWork()).toMatchObject({ processes: [], leases: [{ holder: null }] });
      await next.countCrash();
      expect(await next.suspects()).toEqual([]);
      await next.close();
      await server.stop();
    });
  });
});
