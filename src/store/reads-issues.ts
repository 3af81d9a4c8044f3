// Failures that recur, by their signature; and what two jobs, or two builds, made of the same tests.
import { z } from 'zod';
import type { Kysely } from 'kysely';
import { LAYERS } from '../verdict/layers.ts';
import { STATUSES, type Status } from '../verdict/model.ts';
import type { ListedJob } from './job.ts';
import type {
  BuildComparison,
  Comparison,
  Cursor,
  DeviceIssue,
  IssueFilter,
  IssueRecord,
  IssueSighting,
  Page,
  TestChange,
} from './reader.ts';
import { pageOf, readJobs } from './reads-jobs.ts';
import { LISTED_COLUMNS, toListedJob } from './rows.ts';
import type { FoundIssue } from './run.ts';
import type { FoundIssueRow, IssueRow, Tables } from './tables.ts';

type Db = Kysely<Tables>;
type DayOfIssue = { signature: string; day: string; lab: string; board: string; tree: string; runs: number };

const LayerWord = z.enum(LAYERS);
const StatusWord = z.enum(STATUSES);

/** Issues that were found since a day, by how often or how lately. */
export async function readIssues(db: Db, filter: IssueFilter): Promise<IssueRecord[]> {
  const { since, layer, order, offset = 0, limit } = filter;
  let query = db.selectFrom('issueDays').selectAll().where('day', '>=', since).where('runs', '>', 0);
  for (const key of ['lab', 'board', 'tree'] as const) {
    const value = filter[key];
    if (value !== undefined) query = query.where(key, '=', value);
  }
  const days = Map.groupBy(await query.execute(), ({ signature }) => signature);
  const issues: IssueRecord[] = [];
  for (const row of await rowsOf(db, [...days.keys()])) {
    if (row.runs > 0 && (layer === undefined || row.layer === layer))
      issues.push(recordOf(row, days.get(row.signature) ?? []));
  }
  return issues
    .toSorted((a, b) => (order === 'runs' ? b.recent - a.recent : 0) || b.lastSeen - a.lastSeen)
    .slice(offset, offset + limit);
}

const SIGNATURES_AT_ONCE = 500;

async function rowsOf(db: Db, signatures: readonly string[]): Promise<IssueRow[]> {
  const rows: IssueRow[] = [];
  for (let at = 0; at < signatures.length; at += SIGNATURES_AT_ONCE) {
    const some = signatures.slice(at, at + SIGNATURES_AT_ONCE);
    rows.push(...(await db.selectFrom('issues').selectAll().where('signature', 'in', some).execute()));
  }
  return rows;
}

/** One issue, and where it was found since a day. */
export async function readIssue(db: Db, signature: string, since: string): Promise<IssueRecord | undefined> {
  const row = await db.selectFrom('issues').selectAll().where('signature', '=', signature).executeTakeFirst();
  if (row === undefined) return undefined;
  const days = await db
    .selectFrom('issueDays')
    .selectAll()
    .where('signature', '=', signature)
    .where('day', '>=', since)
    .where('runs', '>', 0)
    .execute();
  return recordOf(row, days);
}

function recordOf(row: IssueRow, days: readonly DayOfIssue[]): IssueRecord {
  const count = <T>(keyOf: (day: DayOfIssue) => T): (T & { runs: number })[] => {
    const groups = new Map<string, T & { runs: number }>();
    for (const day of days) {
      const key = keyOf(day);
      const name = JSON.stringify(key);
      const known = groups.get(name);
      if (known === undefined) groups.set(name, { ...key, runs: day.runs });
      else known.runs += day.runs;
    }
    return [...groups.values()].toSorted((a, b) => b.runs - a.runs);
  };
  return {
    ...row,
    layer: LayerWord.parse(row.layer),
    recent: days.reduce((n, { runs }) => n + runs, 0),
    boards: count(({ lab, board }) => ({ lab, board })),
    trees: count(({ tree }) => ({ tree })),
    days: count(({ day }) => ({ day })).toSorted((a, b) => (a.day < b.day ? -1 : 1)),
  };
}

function toFound({ signature, test, layer, comment, line }: FoundIssueRow): FoundIssue {
  return { signature, test, layer: LayerWord.parse(layer), comment, line };
}

/** The issues of a job's runs, those of the run that counts among them. */
export async function readFoundIssues(db: Db, jobId: string): Promise<(FoundIssue & { n: number })[]> {
  const rows = await db
    .selectFrom('foundIssues')
    .selectAll()
    .where('jobId', '=', jobId)
    .orderBy('n')
    .orderBy('pos')
    .execute();
  return rows.map((row) => ({ ...toFound(row), n: row.n }));
}

/** Runs of a device that are looked at. */
const MOST_RUNS = 500;

/** What failed in the newest runs of a device, since then. */
export async function readIssuesOfDevice(
  db: Db,
  { lab, device }: { lab: string; device: string },
  since: number,
  limit: number,
): Promise<DeviceIssue[]> {
  const runs = await db
    .selectFrom('runs')
    .select(['jobId', 'n', 'finishedAt'])
    .where('lab', '=', lab)
    .where('device', '=', device)
    .where('finishedAt', '>=', since)
    .orderBy('finishedAt', 'desc')
    .limit(MOST_RUNS)
    .execute();
  if (runs.length === 0) return [];
  const endOf = new Map(runs.map(({ jobId, n, finishedAt }) => [`${jobId} ${n}`, finishedAt]));
  const found = await db
    .selectFrom('foundIssues')
    .select(['jobId', 'n', 'signature', 'layer', 'comment'])
    .where('jobId', 'in', [...new Set(runs.map(({ jobId }) => jobId))])
    .execute();
  const rows = found.flatMap((issue) => {
    const run = `${issue.jobId} ${issue.n}`;
    const finishedAt = endOf.get(run);
    return finishedAt === undefined ? [] : [{ ...issue, run, finishedAt }];
  });
  const issues = [...Map.groupBy(rows, ({ signature }) => signature)].flatMap(([signature, found]) => {
    const [first] = found;
    if (first === undefined) return [];
    return [
      {
        signature,
        layer: LayerWord.parse(first.layer),
        comment: first.comment,
        runs: new Set(found.map(({ run }) => run)).size,
        lastSeen: Math.max(...found.map(({ finishedAt }) => finishedAt)),
      },
    ];
  });
  return issues.toSorted((a, b) => b.runs - a.runs || b.lastSeen - a.lastSeen).slice(0, limit);
}

/** Where an issue was found, the newest first. */
export async function readSightings(
  db: Db,
  signature: string,
  limit: number,
  after?: Cursor,
): Promise<Page<IssueSighting>> {
  let query = db
    .selectFrom('foundIssues')
    .innerJoin('jobs', 'jobs.id', 'foundIssues.jobId')
    .selectAll('foundIssues')
    .select(['jobs.lab', 'jobs.board', 'jobs.tree', 'jobs.name', 'jobs.device'])
    .where('signature', '=', signature)
    .orderBy('foundIssues.at', 'desc')
    .orderBy('foundIssues.jobId', 'desc')
    .limit(limit + 1);
  if (after !== undefined) {
    const { at, id } = after;
    query = query.where((e) => e(e.refTuple('foundIssues.at', 'foundIssues.jobId'), '<', e.tuple(at, id)));
  }
  const rows = (await query.execute()).map(({ jobId, n, at, lab, board, tree, name, device, ...row }) => ({
    ...toFound({ jobId, n, at, ...row }),
    jobId,
    n,
    at,
    lab,
    board,
    tree,
    name,
    device,
  }));
  return pageOf(rows, limit, ({ at, jobId }) => ({ at, id: jobId }));
}

/** Two jobs, test by test. */
export async function compareJobs(db: Db, before: string, after: string): Promise<Comparison | undefined> {
  const [a, b] = [await listed(db, before), await listed(db, after)];
  return a === undefined || b === undefined ? undefined : compare(db, a, b);
}

async function listed(db: Db, id: string): Promise<ListedJob | undefined> {
  const row = await db.selectFrom('jobs').select(LISTED_COLUMNS).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toListedJob(row);
}

async function compare(db: Db, before: ListedJob, after: ListedJob): Promise<Comparison> {
  const [was, is] = [await statusesOf(db, before.id), await statusesOf(db, after.id)];
  const changes: TestChange[] = [];
  let same = 0;
  for (const path of new Set([...was.keys(), ...is.keys()])) {
    const change = { path, before: was.get(path) ?? null, after: is.get(path) ?? null };
    if (change.before === change.after) same += 1;
    else changes.push(change);
  }
  return { before, after, changes, same };
}

async function statusesOf(db: Db, jobId: string): Promise<Map<string, Status>> {
  const query = db.selectFrom('tests').select(['path', 'status']).where('jobId', '=', jobId);
  return new Map((await query.execute()).map(({ path, status }) => [path, StatusWord.parse(status)]));
}

/** So many jobs of a build are compared. */
const MOST_JOBS = 500;

/** Two builds: their last judged jobs of the same lab, board and name in pairs. */
export async function compareBuilds(db: Db, before: string, after: string): Promise<BuildComparison> {
  const [was, is] = [await jobsOfBuild(db, before), await jobsOfBuild(db, after)];
  const pairs: Comparison[] = [];
  for (const [key, job] of was) {
    const other = is.get(key);
    if (other !== undefined) pairs.push(await compare(db, job, other));
  }
  return {
    pairs,
    onlyBefore: [...was].flatMap(([key, job]) => (is.has(key) ? [] : [job])),
    onlyAfter: [...is].flatMap(([key, job]) => (was.has(key) ? [] : [job])),
  };
}

async function jobsOfBuild(db: Db, build: string): Promise<Map<string, ListedJob>> {
  const { rows } = await readJobs(db, { build, limit: MOST_JOBS });
  const judged = rows.filter(({ result }) => result !== null);
  // The newest first: of each, the last one put in stays, so the oldest must come first.
  return new Map(judged.toReversed().map((job) => [`${job.lab} ${job.board} ${job.name}`, job]));
}
