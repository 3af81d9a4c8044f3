// Fills a store with jobs that have ended, as a lab has them after some weeks: for the bench of the pages.
import { DatabaseSync } from 'node:sqlite';
import { openSqlite } from '../src/store/sqlite.ts';
import { storeJudged } from '../src/store/judged.ts';
import type { Tx } from '../src/store/connection.ts';
import type { JudgedRun, TestRecord } from '../src/store/index.ts';
import type { Status } from '../src/verdict/model.ts';
import { nodeIdOf, requestOf } from '../test/support/stored-jobs.ts';

const HOUR = 3_600_000;
const AT_ONCE = 500;
/** Cases of a job; one job in a thousand has very many. */
const CASES = 10;
const MANY_CASES = 1100;
const TREES = ['mainline', 'next', 'stable-rc', 'media', 'net-next'];
const NAMES = ['baseline-arm64', 'kselftest-mm', 'ltp-syscalls', 'rt-tests-cyclictest', 'boot-nfs'];

export interface Board {
  lab: string;
  name: string;
  devices: readonly string[];
}

/** So many are stored as the daemon stores them; the others are copies of these, as other jobs of other builds. */
const MADE = 2000;
const MOST_COPIES = 255;

/** Stores so many jobs (a multiple of 2,000) of the last four weeks; gives the id of one with very many cases. */
export async function fillStore(
  file: string,
  { jobs, boards }: { jobs: number; boards: readonly Board[] },
): Promise<string> {
  const { db, close } = openSqlite(file);
  const first = Date.now() - 28 * 24 * HOUR;
  const step = (27 * 24 * HOUR) / MADE;
  let large = '';
  for (let from = 0; from < MADE; from += AT_ONCE) {
    await db.transaction().execute(async (tx) => {
      for (let n = from; n < from + AT_ONCE; n++) {
        const board = boards[n % boards.length];
        if (board === undefined) throw new Error('no boards');
        const id = await storeJob(tx, n, board, Math.round(first + n * step));
        if (n % 1000 === 999) large = id;
      }
    });
  }
  await close();
  copyJobs(file, Math.min(MOST_COPIES, Math.round(jobs / MADE)));
  return large;
}

const OF_JOBS = [
  'jobs',
  'requests',
  'attempts',
  'attempt_documents',
  'timeline',
  'deliveries',
  'runs',
  'tests',
  'found_issues',
];
const ROLL_UPS = {
  days: ['runs', 'queued', 'queue_ms', 'ran', 'run_ms', 'booted', 'boot_ms'],
  issues: ['runs'],
  issue_days: ['runs'],
};

/** Makes `times` as many jobs of those that are there. Their numbers differ in the first two digits. */
function copyJobs(file: string, times: number): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  const other = (column: string, at = '0'): string =>
    `substr(${column}, 1, ${at}) || printf('%02x', k) || substr(${column}, ${at} + 3)`;
  const changed: Record<string, string> = {
    id: other('id', "instr(id, ':')"),
    job_id: other('job_id', "instr(job_id, ':')"),
    node_id: other('node_id'),
    build: other('build'),
    commit_hash: other('commit_hash'),
    submission_key: "submission_key || '-' || k",
    lava_id: `lava_id + k * ${MADE}`,
    received_at: 'received_at + k * 1000',
    finished_at: 'finished_at + k * 1000',
  };
  for (const table of OF_JOBS) {
    const columns = db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }) => String(name))
      // Counted up by itself.
      .filter((name) => name !== 'id' || table === 'jobs');
    db.exec(`WITH RECURSIVE copies(k) AS (SELECT 1 WHERE ${times} > 1 UNION ALL SELECT k + 1 FROM copies WHERE k + 1 < ${times})
      INSERT INTO ${table} (${columns.join(', ')})
      SELECT ${columns.map((column) => changed[column] ?? column).join(', ')} FROM copies, (SELECT * FROM ${table})`);
  }
  for (const [table, columns] of Object.entries(ROLL_UPS))
    db.exec(`UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} * ${times}`).join(', ')}`);
  db.exec('COMMIT');
  db.close();
}

async function storeJob(
  tx: Tx,
  n: number,
  { lab, name: board, devices }: Board,
  at: number,
): Promise<string> {
  const nodeId = nodeIdOf(n + 1);
  const id = `${lab}:${nodeId}`;
  const tree = TREES[n % TREES.length] ?? '';
  // A build is tested by a hundred jobs.
  const build = (Math.floor(n / 100) + 1).toString(16).padStart(24, 'b');
  const commitHash = build.padStart(40, 'c');
  const name = NAMES[n % NAMES.length] ?? '';
  const device = devices[Math.floor(n / 7) % devices.length] ?? '';
  const [startedAt, finishedAt] = [at + 60_000, at + 10 * 60_000];
  const source = { tree, branch: 'master', commitHash, build };
  await tx
    .insertInto('jobs')
    .values({
      id,
      lab,
      nodeId,
      source: 'pull_labs',
      name,
      board,
      stage: 'reported',
      done: 1,
      setAside: 0,
      ending: null,
      reasonCode: null,
      reason: null,
      cancel: null,
      priority: 10,
      tries: 0,
      nextAt: at,
      rev: 8,
      claimedAt: at,
      nodeSeenAt: null,
      receivedAt: at,
      updatedAt: finishedAt,
      stageAt: finishedAt,
      ...source,
      device,
      lavaId: n + 1,
      result: null,
      rule: null,
      layer: null,
      verdict: null,
    })
    .execute();
  await tx
    .insertInto('requests')
    .values({
      jobId: id,
      request: JSON.stringify(requestOf(nodeId, { tree, commit: commitHash, build }, name)),
    })
    .execute();
  await tx
    .insertInto('attempts')
    .values({
      jobId: id,
      n: 1,
      lab,
      submissionKey: `key-${n}`,
      hasKey: 1,
      deviceType: board,
      jobTimeout: HOUR,
      queueTimeout: HOUR,
      sinceId: n,
      intentAt: at,
      sentAt: null,
      lavaId: n + 1,
      submittedAt: at,
      lavaState: 'Finished',
      device,
      runningAt: startedAt,
      finishedAt,
      cancelAt: null,
      missingAt: null,
      log: null,
      evidence: 'callback',
      outcome: null,
    })
    .execute();
  await tx
    .insertInto('attemptDocuments')
    .values({ jobId: id, n: 1, definition: DEFINITION, expectedTests: EXPECTED, lavaJob: null })
    .execute();
  await tx
    .insertInto('timeline')
    .values(
      ['received', 'admitted', 'claimed', 'rendered', 'submitted', 'running', 'finished', 'judged'].map(
        (stage, i) => ({ jobId: id, at: at + i * 1000, kind: 'stage', code: null, text: stage }),
      ),
    )
    .execute();
  await tx
    .insertInto('deliveries')
    .values(
      ['kcidb', 'maestro'].map((destination) => ({
        jobId: id,
        destination,
        kind: 'report',
        body: '{}',
        required: 1,
        state: 'done',
        tries: 0,
        nextAt: 0,
        error: null,
        receipt: null,
        createdAt: finishedAt,
        doneAt: finishedAt,
      })),
    )
    .execute();
  await storeJudged(tx, id, finishedAt, judgedRun(n, { device, startedAt, finishedAt }));
  return id;
}

function judgedRun(
  n: number,
  { device, startedAt, finishedAt }: { device: string; startedAt: number; finishedAt: number },
): JudgedRun {
  const kind =
    n % 1000 === 999
      ? 'test'
      : n % 10 === 3
        ? 'test'
        : n % 10 === 6
          ? 'kernel'
          : n % 25 === 9
            ? 'harness'
            : 'none';
  const facts = {
    none: { result: 'pass', rule: 'complete', layer: 'none' },
    test: { result: 'fail', rule: 'complete', layer: 'test' },
    kernel: { result: 'fail', rule: 'crashed-in-boot', layer: 'kernel' },
    harness: { result: 'incomplete', rule: 'infrastructure', layer: 'harness' },
  } as const satisfies Record<string, Pick<JudgedRun, 'result' | 'rule' | 'layer'>>;
  const { result, rule, layer } = facts[kind];
  const tests = testsOf(n, kind === 'none' ? 'PASS' : 'FAIL');
  const failed = tests.filter(({ status }) => status === 'FAIL').length - (kind === 'none' ? 0 : 1);
  const counts = { PASS: tests.length - 1 - failed, ...(failed > 0 ? { FAIL: failed } : {}) };
  const leaves = tests.length - 1;
  return {
    n: 1,
    counts: true,
    device,
    lavaId: n + 1,
    result,
    rule,
    layer,
    queueMs: 60_000,
    runMs: finishedAt - startedAt,
    bootMs: 20_000 + (n % 50) * 100,
    startedAt,
    finishedAt,
    verdict: {
      rule,
      why: ['the bench says so'],
      reached: 'end',
      result,
      layer,
      tests: [{ path: 'shell', status: tests[0]?.status ?? 'PASS', leaves, counts }],
      issues: [],
    },
    tests,
    issues:
      kind === 'none'
        ? []
        : [
            {
              signature: (n % 400).toString(16).padStart(40, 'd'),
              test: 'shell',
              layer,
              comment: `BUG: a failure that recurs, number ${n % 400}`,
              line: 1234,
            },
          ],
  };
}

function testsOf(n: number, status: Status): TestRecord[] {
  const count = n % 1000 === 999 ? MANY_CASES : CASES;
  const none = { ms: null, value: null, unit: null, reason: null, excerpt: null };
  const root = { ...none, pos: 0, root: 'shell', path: 'shell', status, startLine: 100, endLine: 9000 };
  const cases = Array.from({ length: count }, (_, i): TestRecord => {
    const isFailed = status === 'FAIL' && i % 10 === 7;
    const path = `shell.group-${Math.floor(i / 20)}.case-${i}`;
    return { ...root, pos: i + 1, path, status: isFailed ? 'FAIL' : 'PASS', ms: 1000, startLine: 100 + i };
  });
  return [root, ...cases];
}

const DEFINITION = `job_name: bench
timeouts:
  job: { minutes: 60 }
actions:
${Array.from({ length: 150 }, (_, i) => `  - deploy: { to: tftp, step: ${i} }`).join('\n')}
`;
const EXPECTED = JSON.stringify({ bootPath: 'boot', roots: [], helpers: [] });
