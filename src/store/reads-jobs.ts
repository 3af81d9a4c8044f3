// Lists of jobs, page by page, and jobs found by what people know of them.
import { sql, type ExpressionBuilder, type Kysely, type SqlBool, type Expression } from 'kysely';
import type { ListedJob } from './job.ts';
import type { Cursor, JobFilter, Page } from './reader.ts';
import { LISTED_COLUMNS, toListedJob } from './rows.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** What is compared with a column of the same name. */
const EQUAL = [
  'lab',
  'board',
  'stage',
  'nodeId',
  'tree',
  'commitHash',
  'build',
  'device',
  'lavaId',
  'result',
  'rule',
  'layer',
  'reasonCode',
  'name',
] as const satisfies readonly (keyof JobFilter)[];

/** The newest jobs that are asked for. */
export async function readJobs(db: Db, filter: JobFilter): Promise<Page<ListedJob>> {
  // A bound on the time is always given, so that an index in its order is used whatever else is asked for.
  let query = db
    .selectFrom('jobs')
    .select(LISTED_COLUMNS)
    .where('receivedAt', '<', filter.before ?? Number.MAX_SAFE_INTEGER)
    .orderBy('receivedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  for (const column of EQUAL) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (filter.done !== undefined) query = query.where('done', '=', filter.done ? 1 : 0);
  if (filter.since !== undefined) query = query.where('receivedAt', '>=', filter.since);
  const { after } = filter;
  if (after !== undefined) query = query.where((e) => isBehind(e, 'receivedAt', after));
  return pageOf((await query.execute()).map(toListedJob), filter.limit, ({ receivedAt, id }) => ({
    at: receivedAt,
    id,
  }));
}

function isBehind(
  e: ExpressionBuilder<Tables, 'jobs'>,
  column: 'receivedAt',
  { at, id }: Cursor,
): Expression<SqlBool> {
  return e(e.refTuple(column, 'id'), '<', e.tuple(at, id));
}

/** Of one row more than was asked for, it is known whether there is another page. */
export function pageOf<T>(rows: readonly T[], limit: number, cursor: (row: T) => Cursor): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? cursor(last) : undefined };
}

const ID = /^[^\s:]+:[0-9a-f]{24}$/;
const NODE = /^[0-9a-f]{24}$/;
const COMMIT = /^[0-9a-f]{7,64}$/;
const NUMBER = /^\d{1,15}$/;

/** Jobs by id, node, build, LAVA id or the beginning of a commit; none if the text is nothing of these. */
export async function findJobs(db: Db, given: string, limit: number): Promise<ListedJob[]> {
  const text = given.trim();
  if (ID.test(text)) {
    const row = await db.selectFrom('jobs').select(LISTED_COLUMNS).where('id', '=', text).executeTakeFirst();
    return row === undefined ? [] : [toListedJob(row)];
  }
  const ways: JobFilter[] = [];
  const lower = text.toLowerCase();
  if (NODE.test(lower)) ways.push({ nodeId: lower, limit }, { build: lower, limit });
  if (NUMBER.test(text)) ways.push({ lavaId: Number(text), limit });
  const found = new Map<string, ListedJob>();
  for (const way of ways) for (const job of (await readJobs(db, way)).rows) found.set(job.id, job);
  if (COMMIT.test(lower)) for (const job of await byCommit(db, lower, limit)) found.set(job.id, job);
  return [...found.values()].toSorted((a, b) => b.receivedAt - a.receivedAt).slice(0, limit);
}

async function byCommit(db: Db, start: string, limit: number): Promise<ListedJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(LISTED_COLUMNS)
    .where('commitHash', '>=', start)
    .where('commitHash', '<', `${start}g`)
    .orderBy('commitHash')
    .orderBy('receivedAt')
    .limit(limit)
    .execute();
  return rows.map(toListedJob);
}

/** The last builds of a tree that jobs tested, the newest first. */
export async function readLastBuilds(
  db: Db,
  { tree, branch, board }: { tree: string; branch?: string; board?: string },
  limit: number,
): Promise<
  { build: string; tree: string | null; branch: string | null; commitHash: string | null; lastAt: number }[]
> {
  let query = db
    .selectFrom('jobs')
    .select(['build', 'tree', 'branch', 'commitHash', 'receivedAt as lastAt'])
    .where('receivedAt', '<', Number.MAX_SAFE_INTEGER)
    .where('tree', '=', tree)
    .where('result', 'is not', null)
    .orderBy('receivedAt', 'desc')
    .orderBy(sql.ref('id'), 'desc')
    .limit(MOST_JOBS);
  if (branch !== undefined) query = query.where('branch', '=', branch);
  if (board !== undefined) query = query.where('board', '=', board);
  const builds = new Map<string, { build: string } & Awaited<ReturnType<typeof query.execute>>[number]>();
  for (const { build, ...row } of await query.execute()) {
    if (build !== null && !builds.has(build) && builds.size < limit) builds.set(build, { ...row, build });
  }
  return [...builds.values()];
}

/** Among so many of the newest jobs the last builds are looked for. */
const MOST_JOBS = 2000;
