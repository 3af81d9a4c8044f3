// What the database does where the disk ends. That a file may not grow further stands for a full disk: SQLite meets both
// with the same error, and takes the whole transaction back by itself.
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createSingleConnection } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/index.ts';
import { openSqlite } from '../../src/store/sqlite.ts';

it('says that the disk is full, and works again when it is not', async () => {
  const { db } = openSqlite(':memory:');
  await sql`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)`.execute(db);
  await sql`PRAGMA max_page_count = 10`.execute(db);
  const insert = (key: string, value: string): Promise<unknown> =>
    db.transaction().execute(async (tx) => {
      await tx.insertInto('meta').values({ key, value: 'short' }).execute();
      await tx
        .insertInto('meta')
        .values({ key: `${key} too`, value })
        .execute();
    });
  const keys = async (): Promise<string[]> =>
    (await db.selectFrom('meta').select('key').where('key', '>', '').execute()).map(({ key }) => key);

  await expect(insert('a', 'x'.repeat(1_000_000))).rejects.toThrow('database or disk is full');
  expect(await keys()).toEqual([]);
  await sql`PRAGMA max_page_count = 1000`.execute(db);
  await insert('b', 'x'.repeat(1_000_000));
  expect(await keys()).toEqual(['b', 'b too']);
  await db.destroy();
});

it('lets everything else have its turn, however much is asked of it', async () => {
  const store = await openStore({ sqlite: ':memory:' });
  let turns = 0;
  const count = (): void => {
    turns++;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);

  await Promise.all(Array.from({ length: 5000 }, () => store.setting('cursor x')));
  clearImmediate(immediate);

  expect(turns).toBeGreaterThan(10);
  await store.close();
});

it('stores what is written at the same time together, each for itself whole or not at all', async () => {
  const { db, connection, close } = openSqlite(':memory:');
  await sql`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)`.execute(db);
  const store = (key: string, ...more: string[]): Promise<void> =>
    connection.write(async (tx) => {
      for (const each of [key, ...more])
        await tx.insertInto('meta').values({ key: each, value: '' }).execute();
    });

  const ends = await Promise.allSettled([store('a'), store('b', 'a'), store('c', 'c'), store('d')]);

  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  const rows = await db.selectFrom('meta').select('key').where('key', '>', '').execute();
  expect(rows.map(({ key }) => key)).toEqual(['a', 'd']);
  await close();
});

it('stores nothing of what is written together when the disk is full', async () => {
  const { db, connection, close } = openSqlite(':memory:');
  await sql`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)`.execute(db);
  await sql`PRAGMA max_page_count = 10`.execute(db);
  const store = (key: string, value = ''): Promise<unknown> =>
    connection.write((tx) => tx.insertInto('meta').values({ key, value }).execute());

  const ends = await Promise.allSettled([store('a'), store('b', 'x'.repeat(1_000_000)), store('c')]);

  // A single statement that does not fit is taken back alone; of a whole transaction nothing is left, and all are told.
  const stored = ends.filter(({ status }) => status === 'fulfilled').length;
  const rows = await db.selectFrom('meta').select('key').where('key', '>', '').execute();
  expect(rows).toHaveLength(stored);
  expect(ends[1]?.status).toBe('rejected');
  await store('e');
  await close();
});

it('is synced before anybody hears that it is stored', async () => {
  const order: string[] = [];
  const { db, close } = openSqlite(':memory:');
  await sql`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)`.execute(db);
  const connection = createSingleConnection(db, async () => {
    await Promise.resolve();
    order.push('synced');
  });
  const write = (key: string): Promise<unknown> =>
    connection
      .write((tx) => tx.insertInto('meta').values({ key, value: '' }).execute())
      .then(() => order.push(key));

  const both = [write('a'), write('b')];
  // Nor is it read before.
  const read = connection.read(async () => order.push('read'));
  await Promise.all([...both, read]);

  expect(order).toEqual(['synced', 'a', 'b', 'read']);
  await close();
});

it('is not stored where the disk does not sync it', async () => {
  const { db, close } = openSqlite(':memory:');
  await sql`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)`.execute(db);
  const connection = createSingleConnection(db, () => Promise.reject(new Error('the disk is broken')));

  const write = connection.write((tx) => tx.insertInto('meta').values({ key: 'a', value: '' }).execute());

  await expect(write).rejects.toThrow('the disk is broken');
  await close();
});
