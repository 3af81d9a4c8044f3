// What of jobs that have ended is kept, by age and by size.
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { BridgeConfig } from '../../src/config/schema.ts';
import { DAY } from '../../src/core/time.ts';
import { keepWithin, type RetentionPorts } from '../../src/lifecycle/retention.ts';
import { blobFolder, openBlobs, openStore, type Blobs, type Store } from '../../src/store/index.ts';
import { newFolder } from '../support/folder.ts';
import { judgedRun, newJob } from '../support/stored-jobs.ts';

const LAB = {
  name: 'lava-a',
  origin: 'a',
  lava: { url: 'http://lava', user: 'u', token: 't' },
  callback: { token_name: 'n', token: 'x', url: 'http://b' },
};
const START = Date.parse('2026-08-01T00:00:00Z');

let now: number;
let file: string;
let store: Store;
let blobs: Blobs;

beforeEach(async () => {
  now = START;
  file = join(await newFolder(), 'lava-bridge.db');
  store = await openStore({ sqlite: file }, () => now);
  blobs = openBlobs(join(dirname(file), 'evidence'));
});

function ports(retention: object): RetentionPorts {
  const config = BridgeConfig.parse({ labs: [LAB], retention });
  const logs = { local: undefined };
  return {
    store: store.under({ name: 'maintenance', holder: '', fence: 0 }),
    blobs,
    logs,
    config,
    now: () => now,
  };
}

/** A job with a log; `ended`: nothing is left to do for it. */
async function addJob(n: number, ended: boolean, text = 'x'): Promise<string> {
  const { job } = await store.receive(newJob(n), [{ kind: 'stage', text: text.repeat(1000) }]);
  const newAttempt = {
    jobId: job.id,
    n: 1,
    lab: job.lab,
    submissionKey: `key.${n}`,
    definition: 'job_name: x',
    expectedTests: { bootPath: 'boot' as const, roots: [], helpers: [] },
    deviceType: 'qemu',
    jobTimeout: 1,
    queueTimeout: 1,
  };
  const log = `${blobFolder(job.id)}/1.yaml.gz`;
  await blobs.put(log, [String(Math.random()).repeat(500)]);
  await store.save(job, {
    newAttempt,
    attempts: new Map([[1, { log, evidence: 'fetched' as const, finishedAt: now }]]),
    judged: judgedRun({ finishedAt: now }),
    job: ended ? { stage: 'reported', done: true } : { stage: 'finished' },
  });
  return job.id;
}

const idsOf = async (): Promise<string[]> =>
  (await store.jobs({ limit: 1000 })).map(({ id }) => id).toSorted();

it('jobs that ended go when they are older than is kept, open ones never, and daily totals stay', async () => {
  await addJob(1, true);
  const open = await addJob(2, false);
  now += 50 * DAY;
  const young = await addJob(3, true);
  now += 41 * DAY;

  await keepWithin(ports({ evidence: { max_age: '365d' } }));

  expect(await idsOf()).toEqual([open, young].toSorted());
  expect(
    (await readdir(join(dirname(file), 'evidence'), { recursive: true })).filter((n) => n.endsWith('.gz')),
  ).toHaveLength(2);
  expect((await store.lastLavaId('lava-a')) ?? null).toBeNull();
});

it('the oldest jobs go when the database holds more than is kept, and the file becomes smaller', async () => {
  for (let n = 1; n <= 400; n++) await addJob(n, n !== 1, `${n} `.repeat(15));
  await store.close();
  store = await openStore({ sqlite: file }, () => now);
  const before = (await stat(file)).size;
  const { used } = await store.size();
  expect(used).toBeGreaterThan(18 * 1024 * 1024);

  await keepWithin(ports({ jobs: { max_size: '3MiB' } }));

  const left = await idsOf();
  expect(left.length).toBeLessThan(100);
  // The open one is the oldest, and stays.
  expect(left).toContain(newJob(1).lab + ':' + newJob(1).nodeId);
  expect((await store.size()).used).toBeLessThan(3 * 1024 * 1024);
  await store.close();
  expect((await stat(file)).size).toBeLessThan(before - 2 * 1024 * 1024);
});

it('logs of LAVA go by age and by size, and the jobs stay; those of open jobs are left alone', async () => {
  const open = await addJob(1, false);
  const ended = [await addJob(2, true), await addJob(3, true)];

  await keepWithin(ports({ evidence: { max_size: '1B' } }));

  expect(await idsOf()).toEqual([open, ...ended].toSorted());
  expect((await blobs.list()).map(({ jobId }) => jobId)).toEqual([open]);
  for (const id of ended) {
    expect((await store.attempts(id))[0]?.log).toBeNull();
    expect((await store.timeline(id)).at(-1)).toMatchObject({ code: 'logs_removed' });
  }
});
