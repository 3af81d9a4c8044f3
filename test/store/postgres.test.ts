// What PostgreSQL does to transactions that come in each other's way, which a database with one writer never does.
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { LOST_BEFORE, openStore } from '../../src/store/index.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { hasPostgres, startCluster, type Cluster } from '../support/postgres.ts';
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
  const NOW = Date.UTC(2026, 10, 28);

  /** What is to be searched for after a start, if anything (ms). */
  async function lostBefore(postgres: string): Promise<string | undefined> {
    const store = await openStore({ postgres }, () => NOW);
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

    const other = await change(server, url);

    expect(await lostBefore(other)).toBe(String(NOW));
  });

  it('takes nothing more when a standby took over while it is open, and is searched for at the next start', async () => {
    const server = await startCluster();
    const url = await server.database();
    const store = await openStore({ postgres: url }, () => NOW);
    const standby = await server.standby();
    await store.probe();

    await standby.takeOver();

    await eventually(() => expect(store.probe()).rejects.toMatchObject({ code: 'other_database' }));
    await store.close();
    expect(await lostBefore(url)).toBe(String(NOW));
    await server.stop();
  });
});
