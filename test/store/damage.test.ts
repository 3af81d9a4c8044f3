// Damaged database files: what is found, what is saved, what is kept.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, cp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase, openStore, storesSetAside, type Damage } from '../../src/store/index.ts';
import { DAMAGES } from '../support/damage.ts';
import { newFolder } from '../support/folder.ts';
import { judgedRun, newJob } from '../support/stored-jobs.ts';

const JOBS = 300;
let sound: string;
let file: string;
let instanceId: string;

beforeAll(async () => {
  sound = await newFolder('file');
  const store = await openStore({ sqlite: join(sound, 'lava-bridge.db') });
  ({ instanceId } = store);
  for (let n = 1; n <= JOBS; n++) {
    const { job } = await store.receive(newJob(n), [{ kind: 'stage', text: 'received (push)' }]);
    if (n % 2 === 0) continue;
    const newAttempt = {
      jobId: job.id,
      n: 1,
      lab: job.lab,
      submissionKey: `${instanceId}.${job.nodeId}.1`,
      definition: `job_name: ${'x'.repeat(500)}`,
      expectedTests: { bootPath: 'boot' as const, roots: [], helpers: [] },
      deviceType: 'qemu',
      jobTimeout: 1,
      queueTimeout: 1,
    };
    await store.save(job, {
      newAttempt,
      judged: judgedRun(),
      job: { stage: 'reported', done: true },
      deliveries: [{ destination: 'kcidb', kind: 'report', body: { n }, required: true }],
    });
  }
  await store.close();
});

beforeEach(async () => {
  const folder = await newFolder();
  await cp(sound, folder, { recursive: true });
  file = join(folder, 'lava-bridge.db');
});

async function open(): Promise<{ damage: Damage | undefined; jobs: number; instance: string; days: number }> {
  const damages: Damage[] = [];
  const store = await openStore(
    { sqlite: file },
    () => Date.parse('2026-11-28T04:07:00Z'),
    (d) => damages.push(d),
  );
  const counts = {
    damage: damages[0],
    jobs: (await store.jobs({ limit: 1000 })).length,
    instance: store.instanceId,
  };
  await store.close();
  const database = new DatabaseSync(file);
  const days = Number(database.prepare('VALUES ((SELECT sum(runs) FROM days))').get()?.['column1'] ?? 0);
  expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
  database.close();
  return { ...counts, days };
}

it('leaves a sound store alone', async () => {
  expect(await open()).toEqual({ damage: undefined, jobs: JOBS, instance: instanceId, days: JOBS / 2 });
  expect((await readdir(dirname(file))).toSorted()).toEqual(['lava-bridge.db', 'lava-bridge.db.instance']);
  expect(await checkDatabase(file)).toEqual([]);
});

describe.each(Object.entries(DAMAGES))('%s', (_kind, damage) => {
  it('is found, and set aside as it is; what goes on is the same instance, sound, with what could be read', async () => {
    await damage(file);
    const bytes = await readFile(file);
    const { damage: found, jobs, instance } = await open();
    expect(found?.found.length).toBeGreaterThan(0);
    expect(found?.file).toBe(`${file}.damaged-2026-11-28T04-07-00-000Z`);
    expect((await readFile(found?.file ?? '')).equals(bytes)).toBe(true);
    expect(await storesSetAside(file)).toEqual([found?.file]);
    expect(instance).toBe(instanceId);
    expect(await checkDatabase(file)).toEqual([]);
    expect(found?.saved?.jobs ?? 0).toBe(jobs);
    // The next start finds nothing more to do.
    expect((await open()).damage).toBeUndefined();
  });
});

describe('what is saved', () => {
  /** Overwrites the page of a table's row. */
  async function damageTable(table: string): Promise<void> {
    const database = new DatabaseSync(file);
    const row = database
      .prepare("VALUES ((SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' LIMIT 1 OFFSET 1))")
      .get(table);
    database.close();
    const content = await readFile(file);
    randomBytes(4096).copy(content, (Number(row?.['column1']) - 1) * 4096);
    await writeFile(file, content);
  }

  it('is whole jobs: one without its request or its attempt goes, and the totals of the days stay', async () => {
    await damageTable('requests');
    const { damage, jobs, days } = await open();
    expect(damage?.saved?.lostRows).toBeGreaterThan(0);
    expect(damage?.saved?.lostTables).toEqual([]);
    expect(jobs).toBe(JOBS - (damage?.saved?.lostRows ?? 0));
    expect(days).toBe(JOBS / 2);
  });

  it('are the deliveries, too: a job whose reports may be lost is judged again', async () => {
    const database = new DatabaseSync(file);
    database.exec("UPDATE jobs SET done = 0, stage = 'judged' WHERE done = 1");
    database.close();
    await damageTable('deliveries');
    const { damage, jobs } = await open();
    expect(damage?.saved?.lostRows).toBeGreaterThan(0);
    expect(jobs).toBe(JOBS);
    const mended = new DatabaseSync(file);
    const left = mended.prepare("SELECT count(*) AS n FROM jobs WHERE stage = 'judged' AND received_at > 0");
    expect(left.get()?.['n']).toBe(0);
    mended.close();
  });
});

it('a store that may not be read is no damage: nothing is changed', async () => {
  if (process.getuid?.() === 0) return expect(process.getuid()).toBe(0); // root may read all
  await chmod(file, 0);
  await expect(open()).rejects.toMatchObject({ code: 'store' });
});

it('a power cut between the steps is made good at the next start', async () => {
  await copyFile(file, `${file}.mended`);
  await open();
  expect((await readdir(dirname(file))).toSorted()).toEqual(['lava-bridge.db', 'lava-bridge.db.instance']);
  await copyFile(file, `${file}.mended`);
  await rename(file, `${file}.damaged-x`);
  expect((await open()).jobs).toBe(JOBS);
});
