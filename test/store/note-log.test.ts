import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openNoteLog } from '../../src/store/note-log.ts';
import { openStore } from '../../src/store/index.ts';
import { newFolder } from '../support/folder.ts';

it('knows after a death of the process what was begun and has not ended, and what of it waited', async () => {
  const path = join(await newFolder(), 'notes');
  const log = openNoteLog(path);
  for (const item of ['lab:1', 'odd\n"name"', 'lab:2', 'lab:3']) log.add('begins', item);
  log.add('waits', 'lab:1');
  log.add('waits', 'lab:2');
  log.add('goes-on', 'lab:2');
  log.add('ends', 'lab:3');
  // A wait may end when the work is over.
  log.add('goes-on', 'lab:3');

  const next = openNoteLog(path);

  expect(next.id()).toBe(log.id());
  expect(Object.fromEntries(next.items())).toEqual({ 'lab:1': false, 'odd\n"name"': true, 'lab:2': true });
  next.begin();
  expect(next.items().size).toBe(0);
  expect(openNoteLog(path).id()).toBe(next.id());
});

it('a note that was cut short takes no other with it', async () => {
  const path = join(await newFolder(), 'notes');
  openNoteLog(path).add('begins', 'lab:1');
  writeFileSync(path, '\nbegins "lab:', { flag: 'a' });

  const next = openNoteLog(path);
  next.add('begins', 'lab:2');

  expect([...openNoteLog(path).items().keys()]).toEqual(['lab:1', 'lab:2']);
});

it('does not grow with what was done', async () => {
  const path = join(await newFolder(), 'notes');
  const log = openNoteLog(path);
  log.add('begins', 'lab:stays');
  for (let i = 0; i < 40_000; i++) {
    log.add('begins', `lab:${i}`);
    log.add('ends', `lab:${i}`);
  }

  expect(readFileSync(path).length).toBeLessThan(1.1 * 1024 * 1024);
  expect([...openNoteLog(path).items().keys()]).toEqual(['lab:stays']);
});

it('a death is counted once, also if the process dies while it counts', async () => {
  const sqlite = join(await newFolder(), 'bridge.db');
  const first = await openStore({ sqlite });
  await first.beginWork('lab:1');
  await first.beginWork('lab:2');
  await first.pauseWork('lab:2', true);
  const notes = readFileSync(`${sqlite}-under-way`);

  const second = await openStore({ sqlite });
  await second.countCrash();
  // It died before the log began again.
  writeFileSync(`${sqlite}-under-way`, notes);
  const third = await openStore({ sqlite });
  await third.countCrash();

  expect(await third.suspects()).toEqual([{ item: 'lab:1', crashes: 1 }]);
  await Promise.all([first, second, third].map((store) => store.close()));
});

it('what an older version noted in the database is counted as well', async () => {
  const sqlite = join(await newFolder(), 'bridge.db');
  await (await openStore({ sqlite })).close();
  const db = new DatabaseSync(sqlite);
  db.exec("INSERT INTO under_way (item, running, crashes) VALUES ('lab:1', 1, 1), ('lab:2', 0, 0)");
  db.close();

  const store = await openStore({ sqlite });
  await store.countCrash();

  expect(await store.suspects()).toEqual([{ item: 'lab:1', crashes: 2 }]);
  await store.beginWork('lab:1');
  expect(await store.suspects()).toEqual([]);
  await store.endWork('lab:1');
  await store.countCrash();
  expect(await store.suspects()).toEqual([]);
  await store.close();
});
