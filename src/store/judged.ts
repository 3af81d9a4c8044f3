// Stores what judging made of a run: its row, its tests and issues, and its share of the daily roll-ups. What is stored of
// the same run before is taken back first, so that a run that is judged twice counts once.
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { sql } from 'kysely';
import { dayOf } from '../core/time.ts';
import type { Tx } from './connection.ts';
import type { FoundIssue, JudgedRun, TestRecord } from './run.ts';
import type { RunRow } from './tables.ts';

/** Rows in one statement. */
const ROWS_AT_ONCE = 100;

/** Stores a judged run of a job, at `at` (ms). */
export async function storeJudged(tx: Tx, jobId: string, at: number, judged: JudgedRun): Promise<void> {
  const { n, verdict, tests, issues, ...facts } = judged;
  const job = await tx
    .selectFrom('jobs')
    .select(['lab', 'board', 'tree', 'name'])
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
  const before = await takeBack(tx, jobId, n);
  const row: RunRow = {
    ...facts,
    jobId,
    n,
    counts: judged.counts ? 1 : 0,
    lab: job.lab,
    board: job.board,
    tree: job.tree ?? '',
    name: job.name,
    finishedAt: judged.finishedAt ?? before?.finishedAt ?? at,
  };
  await tx.insertInto('runs').values(row).execute();
  await countRun(tx, row, 1);
  await storeIssues(tx, row, issues);
  if (!judged.counts) return;
  const { device, lavaId, result, rule, layer } = judged;
  await tx
    .updateTable('jobs')
    .set({
      verdict: JSON.stringify(verdict),
      device: device === '' ? null : device,
      lavaId,
      result,
      rule,
      layer,
    })
    .where('id', '=', jobId)
    .execute();
  await storeTests(tx, jobId, tests);
}

/** Removes what an earlier judging of the same run stored, and gives its row. */
async function takeBack(tx: Tx, jobId: string, n: number): Promise<RunRow | undefined> {
  const before = await tx
    .deleteFrom('runs')
    .where('jobId', '=', jobId)
    .where('n', '=', n)
    .returningAll()
    .executeTakeFirst();
  if (before === undefined) return undefined;
  await countRun(tx, before, -1);
  const gone = await tx
    .deleteFrom('foundIssues')
    .where('jobId', '=', jobId)
    .where('n', '=', n)
    .returning('signature')
    .execute();
  for (const signature of new Set(gone.map((issue) => issue.signature))) {
    await countIssue(tx, signature, before, -1);
    await tx
      .updateTable('issues')
      .set((e) => ({ runs: e('runs', '-', 1) }))
      .where('signature', '=', signature)
      .execute();
  }
  return before;
}

/** Adds a run to the roll-up of its day, or (-1) takes it out. */
async function countRun(tx: Tx, run: RunRow, sign: 1 | -1): Promise<void> {
  const { lab, board, device, tree, layer, result, counts, queueMs, runMs, bootMs } = run;
  const some = (ms: number | null): number => (ms === null ? 0 : sign);
  await tx
    .insertInto('days')
    .values({
      day: dayOf(run.finishedAt),
      lab,
      board,
      device,
      tree,
      layer,
      result,
      counts,
      runs: sign,
      queued: some(queueMs),
      queueMs: sign * (queueMs ?? 0),
      ran: some(runMs),
      runMs: sign * (runMs ?? 0),
      booted: some(bootMs),
      bootMs: sign * (bootMs ?? 0),
    })
    .onConflict((c) =>
      c.columns(['day', 'lab', 'board', 'device', 'tree', 'layer', 'result', 'counts']).doUpdateSet((e) => ({
        runs: e('days.runs', '+', e.ref('excluded.runs')),
        queued: e('days.queued', '+', e.ref('excluded.queued')),
        queueMs: e('days.queueMs', '+', e.ref('excluded.queueMs')),
        ran: e('days.ran', '+', e.ref('excluded.ran')),
        runMs: e('days.runMs', '+', e.ref('excluded.runMs')),
        booted: e('days.booted', '+', e.ref('excluded.booted')),
        bootMs: e('days.bootMs', '+', e.ref('excluded.bootMs')),
      })),
    )
    .execute();
}

async function storeIssues(tx: Tx, run: RunRow, issues: readonly FoundIssue[]): Promise<void> {
  const { jobId, n, finishedAt: at } = run;
  for (const [pos, issue] of issues.entries()) {
    await tx
      .insertInto('foundIssues')
      .values({ jobId, n, pos, at, ...issue })
      .execute();
  }
  const distinct = new Map(issues.map((issue) => [issue.signature, issue]));
  for (const { signature, layer, comment } of distinct.values()) {
    await tx
      .insertInto('issues')
      .values({ signature, layer, comment, firstSeen: at, lastSeen: at, runs: 1 })
      .onConflict((c) =>
        c.column('signature').doUpdateSet((e) => ({
          layer,
          comment,
          runs: e('issues.runs', '+', 1),
          firstSeen: sql<number>`CASE WHEN issues.first_seen < ${at} THEN issues.first_seen ELSE ${at} END`,
          lastSeen: sql<number>`CASE WHEN issues.last_seen > ${at} THEN issues.last_seen ELSE ${at} END`,
        })),
      )
      .execute();
    await countIssue(tx, signature, run, 1);
  }
}

/** Adds a run with the issue to the roll-up of its day, or (-1) takes it out. */
async function countIssue(tx: Tx, signature: string, run: RunRow, sign: 1 | -1): Promise<void> {
  const { lab, board, tree, finishedAt } = run;
  await tx
    .insertInto('issueDays')
    .values({ signature, day: dayOf(finishedAt), lab, board, tree, runs: sign })
    .onConflict((c) =>
      c
        .columns(['signature', 'day', 'lab', 'board', 'tree'])
        .doUpdateSet((e) => ({ runs: e('issueDays.runs', '+', e.ref('excluded.runs')) })),
    )
    .execute();
}

/** There may be thousands: in pieces, between which everything else gets its turn. */
async function storeTests(tx: Tx, jobId: string, tests: readonly TestRecord[]): Promise<void> {
  await tx.deleteFrom('tests').where('jobId', '=', jobId).execute();
  for (let at = 0; at < tests.length; at += ROWS_AT_ONCE) {
    if (at > 0) await turnOfLoop();
    const rows = tests.slice(at, at + ROWS_AT_ONCE).map((test) => ({ jobId, ...test }));
    await tx.insertInto('tests').values(rows).execute();
  }
}
