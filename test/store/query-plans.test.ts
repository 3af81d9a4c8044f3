import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { newFolder } from '../support/folder.ts';
import { faultsOf, planOf } from '../support/query-plans.ts';

describe('a query', () => {
  it('that reads or sorts a whole table is refused while tests run', async () => {
    const file = `${await newFolder()}/bridge.db`;
    await (await openStore({ sqlite: file })).close();
    const database = new DatabaseSync(file);

    expect(() => database.prepare('SELECT * FROM jobs WHERE priority = 1')).toThrow(/no index serves/);
    expect(() => database.prepare('SELECT * FROM jobs WHERE lab = 1 ORDER BY tries')).toThrow(/TEMP B-TREE/);
    expect(database.prepare('SELECT * FROM jobs WHERE id = ?').all('x')).toEqual([]);
    database.close();
  });

  it('is judged by its plan', async () => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE t (a, b); CREATE INDEX i ON t (a)');

    expect(faultsOf(planOf(database, 'SELECT b FROM t'))).toEqual(['SCAN t']);
    expect(faultsOf(planOf(database, 'SELECT a FROM t'))).toEqual(['SCAN t USING COVERING INDEX i']);
    expect(faultsOf(planOf(database, 'SELECT b FROM t WHERE a = 1'))).toEqual([]);
    database.close();
  });
});

describe('lists of jobs', () => {
  it('are read by an index, whatever they are asked for', async () => {
    const store = await openStore({ sqlite: ':memory:' });
    const wishes = {
      lab: 'lava-a',
      board: 'b',
      stage: 'received',
      nodeId: 'n',
      done: false,
      before: 5,
      after: { at: 4, id: 'x' },
      tree: 't',
      layer: 'kernel',
      device: 'd',
      reasonCode: 'offline',
    } as const;
    const keys = Object.keys(wishes);
    for (let mask = 0; mask < 2 ** keys.length; mask++) {
      const some = Object.entries(wishes).filter((_, i) => (mask & (1 << i)) !== 0);
      if (some.length > 4) continue;
      expect(await store.jobs({ limit: 10, ...Object.fromEntries(some) })).toEqual([]);
    }
    await store.close();
  });
});
