// What pages and API ask of the store. Here the questions are answered in this thread, so that their plans are looked at.
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { BridgeError } from '../../src/core/errors.ts';
import { openReader, openStore, type JobFilter, type Reader, type Store } from '../../src/store/index.ts';
import { createReads } from '../../src/store/reads.ts';
import { openSqliteToRead } from '../../src/store/sqlite.ts';
import { atEnd } from '../support/at-end.ts';
import { newFolder } from '../support/folder.ts';
import { judgedRun, newJob, nodeIdOf } from '../support/stored-jobs.ts';
import { workerThreads } from '../support/threads.ts';
import { until } from '../support/wait.ts';

let file: string;
let store: Store;
let reads: Omit<Reader, 'close'>;
let close: () => Promise<void>;
let now = Date.parse('2026-08-21T10:00:00Z');

const CRASH = {
  signature: 'a'.repeat(40),
  test: 'boot',
  layer: 'kernel',
  comment: 'BUG: x',
  line: 12,
} as const;
const NONE = { ms: null, value: null, unit: null, reason: null, excerpt: null };
const [OLD, NEW] = ['1'.repeat(24), '2'.repeat(24)];

/** Ten jobs of two builds on two boards; every third crashed; the last two wait. */
beforeAll(async () => {
  file = join(await newFolder(), 'bridge.db');
  store = await openStore({ sqlite: file }, () => now);
  for (let n = 1; n <= 10; n++) {
    const source = n <= 5 ? { build: OLD, commit: 'aaaaaaa1' } : { build: NEW, commit: 'bbbbbbb2' };
    const { job } = await store.receive(
      newJob(n, { name: `job-${n % 5}`, board: n % 2 === 0 ? 'even' : 'odd' }, { ...source, tree: 'next' }),
      [],
    );
    if (n > 8) {
      await store.save(job, { job: { reason: { code: 'offline', text: `no ${job.board} is online` } } });
      continue;
    }
    const crashed = n % 3 === 0;
    await store.save(job, {
      job: { stage: 'reported', done: true },
      judged: judgedRun({
        n: 1,
        device: `qemu-0${n % 2}`,
        lavaId: 100 + n,
        ...(crashed ? { result: 'fail', rule: 'crashed-in-boot', layer: 'kernel', issues: [CRASH] } : {}),
        startedAt: now,
        finishedAt: now + 1000,
        tests: [
          {
            ...NONE,
            pos: 0,
            root: 'boot',
            path: 'boot',
            status: crashed ? 'FAIL' : 'PASS',
            startLine: 9,
            endLine: 30,
          },
          {
            ...NONE,
            pos: 1,
            root: 'ltp',
            path: 'ltp',
            status: crashed ? 'MISS' : 'FAIL',
            startLine: null,
            endLine: null,
          },
          {
            ...NONE,
            pos: 2,
            root: 'ltp',
            path: 'ltp.a_b',
            status: n > 5 ? 'FAIL' : 'PASS',
            startLine: 5,
            endLine: 6,
          },
        ],
      }),
    });
    now += 60_000;
  }
  const db = openSqliteToRead(file);
  const refuse = (): never => {
    throw new BridgeError('internal', 'no');
  };
  reads = createReads({ read: (work) => work(db), write: refuse, jot: refuse });
  close = () => db.destroy();
});

afterAll(async () => {
  await close();
  await store.close();
});

const nodes = async (filter: Omit<JobFilter, 'limit'>): Promise<number[]> =>
  (await reads.jobs({ ...filter, limit: 50 })).rows.map(({ nodeId }) => Number.parseInt(nodeId, 16));

describe('a list of jobs', () => {
  it('is filtered by what is known of them, the newest first', async () => {
    expect(await nodes({ layer: 'kernel' })).toEqual([6, 3]);
    expect(await nodes({ board: 'even', build: NEW })).toEqual([10, 8, 6]);
    expect(await nodes({ done: false })).toEqual([10, 9]);
    expect(await nodes({ device: 'qemu-01', result: 'pass' })).toEqual([7, 5, 1]);
    expect(await nodes({ lavaId: 104 })).toEqual([4]);
    expect(await nodes({ reasonCode: 'offline', tree: 'next' })).toEqual([10, 9]);
    expect(
      await nodes({ since: Date.parse('2026-08-21T10:02:00Z'), before: Date.parse('2026-08-21T10:04:00Z') }),
    ).toEqual([4, 3]);
  });

  it('is read page by page, and misses none that came in the same moment', async () => {
    const seen: string[] = [];
    for (let after: JobFilter['after'], page = 0; page < 20; page++) {
      const { rows, next } = await reads.jobs({ limit: 3, after });
      seen.push(...rows.map(({ nodeId }) => nodeId));
      after = next;
      if (next === undefined) break;
    }
    expect(seen).toHaveLength(10);
    expect(new Set(seen).size).toBe(10);
  });

  it('finds jobs by an id, a node, a build, a number of LAVA, or the beginning of a commit', async () => {
    const found = async (text: string): Promise<number> => (await reads.find(text, 20)).length;
    expect(await found(`lava-a:${nodeIdOf(1)}`)).toBe(1);
    expect(await found(nodeIdOf(1))).toBe(1);
    expect(await found(OLD)).toBe(5);
    expect(await found('108')).toBe(1);
    expect(await found(' BBBBBBB ')).toBe(5);
    expect(await found("'; DROP TABLE jobs")).toBe(0);
  });
});

describe('what became of jobs', () => {
  it('is the tests of one, by status, root or words', async () => {
    const id = `lava-a:${nodeIdOf(6)}`;
    const paths = async (filter: object): Promise<string[]> =>
      (await reads.tests(id, { limit: 10, ...filter })).rows.map(({ path }) => path);
    expect(await paths({})).toEqual(['boot', 'ltp', 'ltp.a_b']);
    expect(await paths({ statuses: ['MISS'] })).toEqual(['ltp']);
    expect(await paths({ text: 'a_b', root: 'ltp' })).toEqual(['ltp.a_b']);
    expect(await paths({ text: 'a%b' })).toEqual([]);
    expect(await reads.tests(id, { limit: 1 })).toMatchObject({ next: 0 });
    // By the log's lines; what did not run comes last.
    expect((await reads.firstFailures(id, 5)).map(({ path }) => path)).toEqual(['ltp.a_b', 'boot', 'ltp']);
    expect(await reads.foundIssues(id)).toEqual([{ ...CRASH, n: 1 }]);
  });

  it('is the history of a device and of a board', async () => {
    const { rows } = await reads.runs({ of: { lab: 'lava-a', device: 'qemu-00' }, limit: 10 });
    expect(rows.map(({ lavaId }) => lavaId)).toEqual([108, 106, 104, 102]);
    const board = await reads.runs({ of: { lab: 'lava-a', board: 'odd' }, limit: 2 });
    expect(board.rows.map(({ lavaId }) => lavaId)).toEqual([107, 105]);
    expect(await reads.runs({ limit: 2, after: board.next })).toMatchObject({
      rows: [{ lavaId: 104 }, { lavaId: 103 }],
    });
    const strips = await reads.lastRuns('lava-a', ['qemu-00', 'none'], 2);
    expect(strips.get('qemu-00')).toMatchObject([{ lavaId: 108 }, { lavaId: 106 }]);
    expect(strips.get('none')).toEqual([]);
  });

  it('is summed up by what is asked for', async () => {
    const day = '2026-08-21';
    expect(await reads.totals({ since: day, by: ['day'] })).toMatchObject([
      {
        day,
        lab: '',
        jobs: 8,
        retried: 0,
        results: { pass: 6, fail: 2 },
        layers: { kernel: 2, none: 6 },
        bootMs: 9000,
      },
    ]);
    expect(await reads.totals({ since: day, by: ['board'], device: 'qemu-00' })).toMatchObject([
      { board: 'even', jobs: 4 },
    ]);
    for (const where of [
      { lab: 'lava-a' },
      { lab: 'lava-a', board: 'odd' },
      { lab: 'x', device: 'y' },
      { tree: 'next' },
    ])
      expect(
        await reads.totals({ since: day, until: day, by: ['tree', 'device', 'lab'], ...where }),
      ).toBeDefined();
    expect(await reads.totals({ since: '2026-08-22', by: [] })).toEqual([]);
    expect(await reads.hours(0)).toMatchObject([{ jobs: 8, layers: { kernel: 2 } }]);
  });
});

describe('an issue', () => {
  it('is counted by board, tree and day', async () => {
    const expected = {
      signature: CRASH.signature,
      layer: 'kernel',
      runs: 2,
      recent: 2,
      boards: [
        { lab: 'lava-a', board: 'odd', runs: 1 },
        { lab: 'lava-a', board: 'even', runs: 1 },
      ],
      trees: [{ tree: 'next', runs: 2 }],
      days: [{ day: '2026-08-21', runs: 2 }],
    };
    const [issue] = await reads.issues({ since: '2026-08-01', order: 'runs', limit: 5 });
    expect({
      ...issue,
      boards: issue?.boards.toSorted((a, b) => b.board.localeCompare(a.board)),
    }).toMatchObject(expected);
    expect(
      await reads.issues({ since: '2026-08-01', order: 'lastSeen', board: 'odd', limit: 5 }),
    ).toMatchObject([{ recent: 1, runs: 2 }]);
    expect(await reads.issues({ since: '2026-08-01', order: 'runs', layer: 'test', limit: 5 })).toEqual([]);
    expect(await reads.issues({ since: '2026-08-22', order: 'runs', limit: 5 })).toEqual([]);
    expect(await reads.issue(CRASH.signature, '2026-08-22')).toMatchObject({ runs: 2, recent: 0 });
    expect(await reads.issue('none', '2026-08-22')).toBeUndefined();
  });

  it('leads to its jobs, the newest first', async () => {
    const { rows, next } = await reads.sightings(CRASH.signature, 1);
    expect(rows).toMatchObject([{ ...CRASH, jobId: `lava-a:${nodeIdOf(6)}`, board: 'even', tree: 'next' }]);
    expect(await reads.sightings(CRASH.signature, 1, next)).toMatchObject({
      rows: [{ board: 'odd' }],
      next: undefined,
    });
  });
});

describe('a comparison', () => {
  it('of two jobs names the tests that changed', async () => {
    const [one, six] = [`lava-a:${nodeIdOf(1)}`, `lava-a:${nodeIdOf(6)}`];
    expect(await reads.compareJobs(one, six)).toMatchObject({
      before: { id: one },
      after: { id: six },
      same: 0,
      changes: [
        { path: 'boot', before: 'PASS', after: 'FAIL' },
        { path: 'ltp', before: 'FAIL', after: 'MISS' },
        { path: 'ltp.a_b', before: 'PASS', after: 'FAIL' },
      ],
    });
    expect(await reads.compareJobs(one, 'lava-a:none')).toBeUndefined();
  });

  it('of two builds pairs their jobs by board and name', async () => {
    const builds = await reads.lastBuilds({ tree: 'next' }, 2);
    expect(builds.map(({ build }) => build)).toEqual([NEW, OLD]);
    expect(await reads.lastBuilds({ tree: 'next', branch: 'master', board: 'odd' }, 1)).toMatchObject([
      { build: NEW },
    ]);
    const { pairs, onlyBefore, onlyAfter } = await reads.compareBuilds(OLD, NEW);
    // No job of the new build has the board and the name of one of the old.
    expect([pairs.length, onlyBefore.length, onlyAfter.length]).toEqual([0, 5, 3]);
    expect((await reads.compareBuilds(OLD, OLD)).pairs).toHaveLength(5);
  });
});

describe('what waits', () => {
  it('is grouped by reason, lab and board', async () => {
    expect((await reads.waiting()).toSorted((a, b) => a.board.localeCompare(b.board))).toMatchObject([
      { code: 'offline', board: 'even', jobs: 1, text: 'no even is online' },
      { code: 'offline', board: 'odd', jobs: 1 },
    ]);
  });

  it('is counted by stage, with the age of the oldest', async () => {
    expect(await reads.flow()).toMatchObject([
      { lab: 'lava-a', stage: 'received', setAside: false, jobs: 2 },
    ]);
  });
});

describe('the reader in its thread', () => {
  it('answers as the store does, and cannot answer once it is closed', async () => {
    const own = join(await newFolder(), 'own.db');
    const written = await openStore({ sqlite: own });
    atEnd(() => written.close());
    await written.receive(newJob(1), []);
    const reader = openReader(own);
    atEnd(() => reader.close());
    const { rows } = await reader.jobs({ limit: 3 });
    expect(rows).toEqual(await written.jobs({ limit: 3 }));
    expect(await reader.job('none')).toBeUndefined();
    await expect(reader.definition('none', 1)).rejects.toMatchObject({ code: 'no_attempt' });
    await reader.close();
    await expect(reader.job('none')).rejects.toMatchObject({ code: 'store' });
  });

  it('ends when it is not asked for a while, and answers again', async () => {
    const own = join(await newFolder(), 'own.db');
    const written = await openStore({ sqlite: own });
    atEnd(() => written.close());
    const before = workerThreads();
    const reader = openReader(own, 1);
    atEnd(() => reader.close());
    for (let i = 0; i < 2; i++) {
      expect(await reader.job('none')).toBeUndefined();
      await until('the thread has ended', async () => (workerThreads() <= before ? true : undefined));
    }
  });
});
