import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { startCheckpoints } from '../../src/store/checkpoints.ts';
import { atEnd } from '../support/at-end.ts';
import { newFolder } from '../support/folder.ts';
import { workerThreads } from '../support/threads.ts';
import { until } from '../support/wait.ts';

const MIB = 1024 * 1024;

it('a long write-ahead log is moved into the database by a thread that is there for no longer', async () => {
  const file = join(await newFolder(), 'own.db');
  const database = new DatabaseSync(file);
  atEnd(async () => database.close());
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE large (content)');
  const before = workerThreads();
  const warnings: string[] = [];
  const checkpoints = startCheckpoints(
    file,
    { warn: (_facts, text) => warnings.push(text) },
    { every: 10, unused: 2000 },
  );
  atEnd(() => checkpoints.stop());

  for (const size of [6, 12]) {
    database.exec(`INSERT INTO large VALUES (zeroblob(${6 * MIB}))`);
    await until('what was written is in the database', async () =>
      (await stat(file)).size >= size * MIB ? true : undefined,
    );
    await until('the thread has ended', () => (workerThreads() <= before ? true : undefined));
  }
  expect(warnings).toEqual([]);
});
