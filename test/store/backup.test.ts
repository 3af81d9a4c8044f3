import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { JobRequest } from '../../src/maestro/request.ts';
import { makeBackup, type StatePlaces } from '../../src/store/backup.ts';
import { openStore } from '../../src/store/index.ts';
import { restoreBackup } from '../../src/store/restore.ts';
import { newFolder } from '../support/folder.ts';

let file: string;
let here: StatePlaces;
let elsewhere: StatePlaces;

const placesIn = (state: string): StatePlaces => ({
  database: join(state, 'lava-bridge.db'),
  folders: { evidence: join(state, 'evidence'), logs: join(state, 'logs') },
});

async function addJob(database: string, nodeId: string, at: number): Promise<void> {
  const node = { id: nodeId, kind: 'job', name: 'x', path: ['x'], state: 'available' };
  const store = await openStore({ sqlite: database }, () => at);
  const what = { lab: 'a', source: 'push', name: 'x', board: 'b', priority: 1, ending: null } as const;
  await store.receive({ ...what, nodeId, request: JobRequest.parse({ node }), stage: 'received' }, []);
  await store.close();
}

async function jobsOf(database: string): Promise<string[]> {
  const store = await openStore({ sqlite: database });
  const jobs = await store.jobs({ limit: 10 });
  await store.close();
  return jobs.map(({ id }) => id).toSorted();
}

function change(database: string, text: string): void {
  const opened = new DatabaseSync(database);
  opened.exec(text);
  opened.close();
}

beforeEach(async () => {
  const folder = await newFolder();
  file = join(folder, 'state.backup');
  here = placesIn(join(folder, 'here'));
  elsewhere = placesIn(join(folder, 'elsewhere'));
  await addJob(here.database, '1'.repeat(24), 1000);
  for (const name of ['evidence/a/1.gz', 'logs/a/log.txt', 'logs/.unfinished/x', 'evidence/a/2.gz.new']) {
    const path = join(dirname(here.database), name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${name} `.repeat(300_000));
  }
});

describe('a backup', () => {
  it('is read back as it was, without what was being written', async () => {
    const made = await makeBackup(here, file, 2000);
    expect(await restoreBackup(file, elsewhere)).toEqual(made);

    const state = dirname(elsewhere.database);
    expect(await jobsOf(elsewhere.database)).toEqual([`a:${'1'.repeat(24)}`]);
    expect((await readdir(state, { recursive: true })).toSorted()).toEqual(
      [
        'evidence',
        'evidence/a',
        'evidence/a/1.gz',
        'lava-bridge.db',
        'lava-bridge.db.instance',
        'logs',
        'logs/a',
        'logs/a/log.txt',
      ].toSorted(),
    );
    for (const name of ['evidence/a/1.gz', 'logs/a/log.txt']) {
      const [was, is] = [join(dirname(here.database), name), join(state, name)];
      expect((await readFile(is)).equals(await readFile(was))).toBe(true);
      expect(Math.round((await stat(is)).mtimeMs)).toBe(Math.round((await stat(was)).mtimeMs));
    }
  });

  it('makes no suspect of what the daemon worked on in that moment', async () => {
    change(here.database, "INSERT INTO under_way (item, running, crashes) VALUES ('job x', 1, 0)");
    await makeBackup(here, file, 2000);
    await restoreBackup(file, elsewhere);
    const store = await openStore({ sqlite: elsewhere.database });
    await store.countCrash();
    expect(await store.suspects()).toEqual([]);
    await store.close();
  });

  it('is written over no file, and leaves nothing where it fails', async () => {
    await writeFile(file, 'mine');
    await expect(makeBackup(here, file, 2000)).rejects.toMatchObject({ code: 'backup' });
    await expect(makeBackup(elsewhere, `${file}.2`, 2000)).rejects.toMatchObject({ code: 'backup' });
    await writeFile(here.database, 'no database at all'.repeat(1000));
    await expect(makeBackup(here, `${file}.2`, 2000)).rejects.toMatchObject({ code: 'backup' });
    expect((await readdir(dirname(file))).toSorted()).toEqual(['here', 'state.backup']);
  });
});

describe('a restore', () => {
  beforeEach(async () => {
    await makeBackup(here, file, 2000);
  });

  it('keeps what it replaces, and replaces what has changed since only where that is wanted', async () => {
    await addJob(elsewhere.database, '2'.repeat(24), 1500);
    await restoreBackup(file, elsewhere);
    expect(await jobsOf(elsewhere.database)).toEqual([`a:${'1'.repeat(24)}`]);
    expect(await jobsOf(`${elsewhere.database}.replaced`)).toEqual([`a:${'2'.repeat(24)}`]);

    await addJob(elsewhere.database, '3'.repeat(24), 3000);
    await expect(restoreBackup(file, elsewhere)).rejects.toMatchObject({ code: 'newer_state' });
    expect(await jobsOf(elsewhere.database)).toHaveLength(2);
    await restoreBackup(file, elsewhere, { force: true });
    expect(await jobsOf(elsewhere.database)).toHaveLength(1);
  });

  it.each([
    ['of a newer program', "UPDATE about SET value = 99 WHERE key = 'schema'", 'newer_store'],
    ['of another format', "UPDATE about SET value = 'x' WHERE key = 'format'", 'backup'],
    [
      'with a file that was changed',
      "UPDATE parts SET data = x'00' WHERE name = 'evidence/a/1.gz'",
      'backup',
    ],
    ['with half a file', "DELETE FROM parts WHERE name = 'logs/a/log.txt' AND n = 0", 'backup'],
    ['without a store', "DELETE FROM files WHERE name = 'lava-bridge.db'", 'backup'],
    [
      'that leads out of the folder',
      "UPDATE files SET name = 'logs/../../x' WHERE name = 'logs/a/log.txt'",
      'backup',
    ],
    [
      'that leads out of the folder behind a line end',
      "UPDATE files SET name = 'logs/a' || char(10) || '/../../../x' WHERE name = 'logs/a/log.txt'",
      'backup',
    ],
    ['with an absolute name', "UPDATE files SET name = '/etc/x' WHERE name = 'logs/a/log.txt'", 'backup'],
    [
      'with a file of what every object has',
      "UPDATE files SET name = '__proto__/x' WHERE name = 'logs/a/log.txt'",
      'backup',
    ],
    ['with a file of no folder', "UPDATE files SET name = 'etc/x' WHERE name = 'logs/a/log.txt'", 'backup'],
  ])('changes nothing for a file %s', async (_what, text, code) => {
    await addJob(elsewhere.database, '2'.repeat(24), 1500);
    change(file, text);
    await expect(restoreBackup(file, elsewhere)).rejects.toMatchObject({ code });
    const kept = ['lava-bridge.db', 'lava-bridge.db.instance'];
    expect((await readdir(dirname(elsewhere.database))).toSorted()).toEqual(kept);
    expect(await jobsOf(elsewhere.database)).toEqual([`a:${'2'.repeat(24)}`]);
  });

  it('refuses what is no backup', async () => {
    await writeFile(file, 'something else'.repeat(1000));
    await expect(restoreBackup(file, elsewhere)).rejects.toMatchObject({ code: 'backup' });
    await expect(restoreBackup(`${file}.none`, elsewhere)).rejects.toMatchObject({ code: 'backup' });
  });

  it('that was cut off keeps the daemon from starting on half a state, until it is run again', async () => {
    await restoreBackup(file, elsewhere);
    await writeFile(`${elsewhere.database}.restoring`, '');
    await expect(openStore({ sqlite: elsewhere.database })).rejects.toMatchObject({ code: 'store' });
    await restoreBackup(file, elsewhere);
    expect(await jobsOf(elsewhere.database)).toHaveLength(1);
  });
});

describe('a store', () => {
  it('of a newer program is refused, and said to be one', async () => {
    change(here.database, "UPDATE meta SET value = '99' WHERE key = 'schema'");
    await expect(openStore({ sqlite: here.database })).rejects.toMatchObject({ code: 'newer_store' });
  });
});
