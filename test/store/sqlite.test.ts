// What the database does where the disk ends. That a file may not grow further stands for a full disk: SQLite meets both
// with the same error, and takes the whole transaction back by itself.
import { sql } from 'kysely';
import { expect, it } from 'vitest';
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

  await Promise.all(Array.from({ length: 200 }, () => store.setting('cursor x')));
  clearImmediate(immediate);

  expect(turns).toBeGreaterThan(100);
  await store.close();
});
