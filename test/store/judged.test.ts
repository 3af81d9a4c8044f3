import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStore, type JudgedRun, type Store, type TestRecord } from '../../src/store/index.ts';
import { atEnd } from '../support/at-end.ts';
import { newFolder } from '../support/folder.ts';
import { judgedRun, newJob } from '../support/stored-jobs.ts';

let file: string;
let store: Store;
let now = 0;

beforeEach(async () => {
  file = join(await newFolder(), 'bridge.db');
  now = Date.parse('2026-08-22T12:00:00Z');
  store = await openStore({ sqlite: file }, () => now);
  atEnd(() => store.close());
});

const ISSUE = {
  signature: 'a'.repeat(40),
  test: 'boot',
  layer: 'kernel',
  comment: 'BUG: x',
  line: 12,
} as const;

function test(pos: number, path: string, status: TestRecord['status']): TestRecord {
  const none = {
    ms: null,
    value: null,
    unit: null,
    startLine: null,
    endLine: null,
    reason: null,
    excerpt: null,
  };
  return { pos, root: path.split('.')[0] ?? path, path, status, ...none };
}

/** All rows of a table, as they lie in the database. */
function rows(table: string): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(`SELECT * FROM ${table} WHERE rowid > 0 ORDER BY rowid`).all();
  } finally {
    database.close();
  }
}

const TABLES = ['runs', 'tests', 'found_issues', 'issues', 'issue_days', 'days'];

async function judge(judged: JudgedRun): Promise<string> {
  const { job } = await store.receive(newJob(1), []);
  await store.save((await store.job(job.id)) ?? job, { judged });
  return job.id;
}

const FAILED = judgedRun({
  result: 'fail',
  rule: 'crashed-in-boot',
  layer: 'kernel',
  bootMs: null,
  tests: [test(0, 'boot', 'FAIL'), test(1, 'ltp', 'MISS'), test(2, 'ltp.a', 'MISS')],
  issues: [ISSUE],
});

describe('a judged run', () => {
  it('is stored with its tests, its issues and its share of the day', async () => {
    const id = await judge(FAILED);

    expect(await store.job(id)).toMatchObject({
      tree: 'mainline',
      device: 'qemu-01',
      lavaId: 7,
      result: 'fail',
      layer: 'kernel',
      rule: 'crashed-in-boot',
    });
    expect(rows('tests')).toMatchObject([
      { path: 'boot', status: 'FAIL' },
      { path: 'ltp' },
      { root: 'ltp', path: 'ltp.a' },
    ]);
    expect(rows('issues')).toMatchObject([{ signature: ISSUE.signature, layer: 'kernel', runs: 1 }]);
    expect(rows('issue_days')).toMatchObject([{ day: '2026-08-21', board: 'qemu-x86_64', runs: 1 }]);
    expect(rows('days')).toMatchObject([
      { day: '2026-08-21', result: 'fail', layer: 'kernel', runs: 1, queued: 1, queue_ms: 2000, booted: 0 },
    ]);
  });

  it('that is judged twice leaves the same rows', async () => {
    await judge(FAILED);
    const once = TABLES.map(rows);

    await judge(FAILED);

    expect(TABLES.map(rows)).toEqual(once);
  });

  it('that is judged otherwise later counts once, as it was judged last', async () => {
    await judge(FAILED);
    await judge(judgedRun({ tests: [test(0, 'boot', 'PASS')] }));

    expect(rows('tests')).toMatchObject([{ path: 'boot', status: 'PASS' }]);
    expect(rows('found_issues')).toEqual([]);
    expect(rows('issues')).toMatchObject([{ runs: 0 }]);
    expect(rows('days')).toMatchObject([
      { result: 'fail', runs: 0, queue_ms: 0 },
      { result: 'pass', runs: 1, booted: 1, boot_ms: 9000 },
    ]);
  });

  it('that was tried again counts for its device, and not for the job', async () => {
    const id = await judge(
      judgedRun({
        counts: false,
        result: 'incomplete',
        rule: 'infrastructure',
        layer: 'harness',
        device: 'bad',
      }),
    );
    await judge(judgedRun({ n: 2 }));

    expect(await store.job(id)).toMatchObject({ result: 'pass', device: 'qemu-01' });
    expect(rows('runs')).toMatchObject([
      { n: 1, counts: 0, device: 'bad' },
      { n: 2, counts: 1 },
    ]);
    expect(rows('days')).toMatchObject([
      { device: 'bad', counts: 0, runs: 1 },
      { device: 'qemu-01', counts: 1 },
    ]);
  });

  it('without a time of its own keeps that of its first judging', async () => {
    const refused = judgedRun({ n: 0, device: '', lavaId: null, startedAt: null, finishedAt: null });
    await judge(refused);
    now += 7 * 86_400_000;
    await judge(refused);

    expect(rows('days')).toMatchObject([{ day: '2026-08-22', runs: 1 }]);
  });

  it('is counted in its day after the job was forgotten', async () => {
    const id = await judge(FAILED);
    const job = await store.job(id);
    if (job) await store.save(job, { job: { done: true } });

    await store.forget(now + 1, 10);

    expect(['runs', 'tests', 'found_issues'].map(rows)).toEqual([[], [], []]);
    expect(['issues', 'issue_days', 'days'].map((table) => rows(table).length)).toEqual([1, 1, 1]);
  });

  it('keeps thousands of tests', async () => {
    const tests = Array.from({ length: 2050 }, (_, i) => test(i, `ltp.${i}`, 'PASS'));
    await judge(judgedRun({ tests }));

    expect(rows('tests')).toHaveLength(2050);
  });
});

describe('the counts of deliveries', () => {
  const delivery = { destination: 'kcidb', kind: 'report', body: {}, required: true };

  it('follow what becomes of each', async () => {
    const { job } = await store.receive(newJob(1), []);
    await store.save(job, { deliveries: [delivery, { ...delivery, kind: 'log' }] });
    await store.record(job.id, { deliveries: [delivery] });
    expect(await store.deliveryCounts()).toEqual([{ destination: 'kcidb', state: 'pending', count: 2 }]);

    const [first, second] = await store.deliveries(job.id);
    if (first) await store.saveDelivery(first, { delivery: { state: 'done' } });
    if (second) await store.saveDelivery(second, { delivery: { state: 'parked', error: 'no' } });
    expect(await store.deliveryCounts()).toEqual([{ destination: 'kcidb', state: 'parked', count: 1 }]);

    await store.matchDestinations(['maestro'], now + 1, 'gone');
    expect(await store.deliveryCounts()).toEqual([{ destination: 'kcidb', state: 'unconfigured', count: 1 }]);
  });

  it('lose what is forgotten', async () => {
    const { job } = await store.receive(newJob(1), []);
    await store.save(job, { job: { done: true }, deliveries: [delivery] });

    await store.forget(now + 1, 10);

    expect(await store.deliveryCounts()).toEqual([]);
  });
});

it('a job shows where its last attempt is', async () => {
  const { job } = await store.receive(newJob(1), []);
  const attempt = {
    jobId: job.id,
    lab: 'lava-a',
    deviceType: 'qemu',
    jobTimeout: 1,
    queueTimeout: 1,
    definition: '',
    expectedTests: { bootPath: 'boot' as const, roots: [], helpers: [] },
  };
  const first = await store.save(job, {
    newAttempt: { ...attempt, n: 1, submissionKey: 'a' },
  });
  await store.record(job.id, { attempts: new Map([[1, { lavaId: 9, device: 'qemu-02' }]]) });
  expect(await store.job(job.id)).toMatchObject({ lavaId: 9, device: 'qemu-02' });

  await store.save(first, {
    newAttempt: { ...attempt, n: 2, submissionKey: 'b' },
  });
  expect(await store.job(job.id)).toMatchObject({ lavaId: null, device: null });
});
