import { beforeEach, expect, it } from 'vitest';
import { openSqlite } from '../../src/store/sqlite.ts';
import { rowStatement, statement } from '../../src/store/statement.ts';
import type { Database } from '../../src/store/database.ts';

let builds: string[];
let database: Database;
beforeEach(async () => {
  builds = [];
  database = await newDatabase();
});

async function newDatabase(): Promise<Database> {
  const opened = openSqlite(':memory:');
  await opened.db.schema
    .createTable('meta')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text')
    .execute();
  return opened;
}

async function valueOf({ db }: Database, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

const insert = statement((db, { key, value }: { key: string; value: string }) => {
  builds.push('insert');
  return db.insertInto('meta').values({ key, value });
});

const update = rowStatement(
  (db, { of }: { of: string }, row: { key?: string; value?: string | undefined }) => {
    builds.push('update');
    return db.updateTable('meta').set(row).where('key', '=', of).returning(['key', 'value']);
  },
);

it('is built once for a database, and runs with other values each time', async () => {
  const other = await newDatabase();
  for (const key of ['a', 'b', 'c']) await insert(database.db, { key, value: `of ${key}` });
  await insert(other.db, { key: 'a', value: 'elsewhere' });

  expect(await valueOf(database, 'a')).toBe('of a');
  expect(await valueOf(database, 'c')).toBe('of c');
  expect(await valueOf(other, 'a')).toBe('elsewhere');
  expect(builds).toEqual(['insert', 'insert']);
});

it('is the same within a transaction, and is taken back with it', async () => {
  await insert(database.db, { key: 'a', value: 'before' });
  const failed = database.connection.write(async (tx) => {
    await update(tx, { of: 'a' }, { value: 'within' });
    throw new Error('no');
  });

  await expect(failed).rejects.toThrow('no');
  expect(await valueOf(database, 'a')).toBe('before');
});

it('changes the columns that a row has, and leaves those that it does not say', async () => {
  await insert(database.db, { key: 'a', value: 'first' });

  expect(await update(database.db, { of: 'a' }, { key: 'b', value: undefined })).toEqual([
    { key: 'b', value: 'first' },
  ]);
  expect(await update(database.db, { of: 'b' }, { value: 'second' })).toEqual([
    { key: 'b', value: 'second' },
  ]);
  expect(await update(database.db, { of: 'b' }, { value: 'third' })).toEqual([{ key: 'b', value: 'third' }]);
  expect(builds.filter((one) => one === 'update').length).toBeLessThanOrEqual(2);
});
