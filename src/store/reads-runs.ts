// What became of jobs: their tests, the history of devices and boards, and the totals of days and hours.
import { z } from 'zod';
import { sql, type Kysely } from 'kysely';
import { HOUR } from '../core/time.ts';
import { LAYERS, type Layer } from '../verdict/layers.ts';
import { RULE_NAMES, STATUSES } from '../verdict/model.ts';
import { NODE_RESULTS, type NodeResult } from '../verdict/node-result.ts';
import { pageOf } from './reads-jobs.ts';
import type { HourRecord, Page, RunFilter, TestFilter, TestGroup, Totals, TotalsFilter } from './reader.ts';
import type { RunRecord, TestRecord } from './run.ts';
import type { DayRow, RunRow, Tables, TestRow } from './tables.ts';

type Db = Kysely<Tables>;

const Result = z.enum(NODE_RESULTS);
const Rule = z.enum(RULE_NAMES);
const LayerWord = z.enum(LAYERS);
const StatusWord = z.enum(STATUSES);

function toRun(row: RunRow): RunRecord {
  return {
    ...row,
    counts: row.counts === 1,
    result: Result.parse(row.result),
    rule: Rule.parse(row.rule),
    layer: LayerWord.parse(row.layer),
  };
}

function toTest({ jobId: _jobId, ...row }: TestRow): TestRecord {
  return { ...row, status: StatusWord.parse(row.status) };
}

/** The tests of a job, in the order of its verdict. */
export async function readTests(
  db: Db,
  jobId: string,
  { root, statuses, text, after = -1, limit }: TestFilter,
): Promise<{ rows: TestRecord[]; next: number | undefined }> {
  let query = db
    .selectFrom('tests')
    .selectAll()
    .where('jobId', '=', jobId)
    .where('pos', '>', after)
    .orderBy('pos')
    .limit(limit + 1);
  if (root !== undefined) query = query.where('root', '=', root);
  if (statuses !== undefined) query = query.where('status', 'in', statuses);
  if (text !== undefined)
    query = query.where(sql<boolean>`lower(path) LIKE ${likeOf(text.toLowerCase())} ESCAPE '\\'`);
  const rows = (await query.execute()).map(toTest);
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? shown.at(-1)?.pos : undefined };
}

function likeOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** How deep below the test that was asked for, and how many groups at most: a tree is for people. */
const DEEPEST = 4;
const MOST_GROUPS = 300;

/** The groups of at least two cases, in the order of the verdict. */
export async function readTestGroups(db: Db, jobId: string): Promise<TestGroup[]> {
  const rows = await db
    .selectFrom('tests')
    .select(['root', 'path', 'status'])
    .where('jobId', '=', jobId)
    .orderBy('pos')
    .execute();
  const groups = new Map<string, TestGroup>();
  for (const { root, path, status } of rows) {
    let end = path.indexOf('.', root.length + 1);
    for (let depth = 0; depth < DEEPEST && end > 0; depth++) {
      const group = path.slice(0, end);
      const known = groups.get(group) ?? { path: group, counts: {} };
      groups.set(group, known);
      const { counts } = known;
      const word = StatusWord.parse(status);
      counts[word] = (counts[word] ?? 0) + 1;
      end = path.indexOf('.', end + 1);
    }
  }
  return [...groups.values()]
    .filter(({ counts }) => Object.values(counts).reduce((n, m) => n + m, 0) > 1)
    .slice(0, MOST_GROUPS);
}

const NOT_WELL = ['FAIL', 'ERROR', 'MISS'];

/** The tests that are not well, in the order of the log's lines; those that have none come last. */
export async function readFirstFailures(db: Db, jobId: string, limit: number): Promise<TestRecord[]> {
  const rows = await db
    .selectFrom('tests')
    .selectAll()
    .where('jobId', '=', jobId)
    .where('status', 'in', NOT_WELL)
    .execute();
  const line = ({ startLine, endLine }: TestRow): number => startLine ?? endLine ?? Infinity;
  return rows
    .toSorted((a, b) => rank(a.status) - rank(b.status) || line(a) - line(b) || a.pos - b.pos)
    .slice(0, limit)
    .map(toTest);
}

/** What did not run failed by what did. */
function rank(status: string): number {
  return status === 'MISS' ? 1 : 0;
}

/** The newest runs of a device, of a board, or of all. */
export async function readRuns(db: Db, { of, since = 0, after, limit }: RunFilter): Promise<Page<RunRecord>> {
  let query = db
    .selectFrom('runs')
    .selectAll()
    .where('finishedAt', '>=', since)
    .orderBy('finishedAt', 'desc')
    .orderBy('jobId', 'desc')
    .limit(limit + 1);
  if (of !== undefined) {
    query = query.where('lab', '=', of.lab);
    query = 'device' in of ? query.where('device', '=', of.device) : query.where('board', '=', of.board);
  }
  if (after !== undefined) {
    const { at, id } = after;
    query = query.where((e) => e(e.refTuple('finishedAt', 'jobId'), '<', e.tuple(at, id)));
  }
  const rows = (await query.execute()).map(toRun);
  return pageOf(rows, limit, ({ finishedAt, jobId }) => ({ at: finishedAt, id: jobId }));
}

/** The last runs of each device. */
export async function readLastRuns(
  db: Db,
  lab: string,
  devices: readonly string[],
  limit: number,
): Promise<Map<string, RunRecord[]>> {
  const runs = new Map<string, RunRecord[]>();
  for (const device of devices) runs.set(device, (await readRuns(db, { of: { lab, device }, limit })).rows);
  return runs;
}

/** Sums of the days, by what is asked for. */
export async function readTotals(db: Db, filter: TotalsFilter): Promise<Totals[]> {
  let query = db.selectFrom('days').selectAll().where('day', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('day', '<=', filter.until);
  for (const key of ['lab', 'board', 'device', 'tree'] as const) {
    const value = filter[key];
    if (value !== undefined) query = query.where(key, '=', value);
  }
  const sums = new Map<string, Sum>();
  for (const row of await query.execute()) {
    const key = JSON.stringify(filter.by.map((name) => row[name]));
    const sum = sums.get(key) ?? newSum(row, filter);
    sums.set(key, sum);
    add(sum, row);
  }
  return [...sums.values()].map(meansOf).toSorted((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

interface Sum {
  totals: Omit<Totals, 'queueMs' | 'runMs' | 'bootMs'>;
  times: Pick<DayRow, 'queued' | 'queueMs' | 'ran' | 'runMs' | 'booted' | 'bootMs'>;
}

function newSum(row: DayRow, { by }: TotalsFilter): Sum {
  const key = (name: TotalsFilter['by'][number]): string => (by.includes(name) ? row[name] : '');
  return {
    totals: {
      day: key('day'),
      lab: key('lab'),
      board: key('board'),
      device: key('device'),
      tree: key('tree'),
      jobs: 0,
      retried: 0,
      results: noResults(),
      layers: noLayers(),
    },
    times: { queued: 0, queueMs: 0, ran: 0, runMs: 0, booted: 0, bootMs: 0 },
  };
}

function noLayers(): Record<Layer, number> {
  return { none: 0, kernel: 0, test: 0, harness: 0, unknown: 0 };
}

function noResults(): Record<NodeResult, number> {
  return { pass: 0, fail: 0, skip: 0, incomplete: 0 };
}

function add({ totals, times }: Sum, row: DayRow): void {
  times.queued += row.queued;
  times.queueMs += row.queueMs;
  times.ran += row.ran;
  times.runMs += row.runMs;
  times.booted += row.booted;
  times.bootMs += row.bootMs;
  if (row.counts === 0) {
    totals.retried += row.runs;
    return;
  }
  totals.jobs += row.runs;
  totals.results[Result.parse(row.result)] += row.runs;
  totals.layers[LayerWord.parse(row.layer)] += row.runs;
}

function meansOf({ totals, times }: Sum): Totals {
  const mean = (sum: number, count: number): number | null => (count === 0 ? null : Math.round(sum / count));
  return {
    ...totals,
    queueMs: mean(times.queueMs, times.queued),
    runMs: mean(times.runMs, times.ran),
    bootMs: mean(times.bootMs, times.booted),
  };
}

/** The jobs that ended since then, hour by hour. */
export async function readHours(db: Db, since: number): Promise<HourRecord[]> {
  const rows = await db
    .selectFrom('runs')
    .select(['finishedAt', 'layer'])
    .where('finishedAt', '>=', since)
    .where('counts', '=', 1)
    .orderBy('finishedAt')
    .execute();
  const hours = new Map<number, HourRecord>();
  for (const { finishedAt, layer } of rows) {
    const at = finishedAt - (finishedAt % HOUR);
    const hour = hours.get(at) ?? { at, jobs: 0, layers: noLayers() };
    hours.set(at, hour);
    hour.jobs += 1;
    hour.layers[LayerWord.parse(layer)] += 1;
  }
  return [...hours.values()];
}
