// Stores a request as a job, once; and what that means for others of its series: where the lab wants it so, the newest takes the
// place of those that have not begun to run.
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { seriesOf, sourceOf, type RequestSeries } from '../maestro/request.ts';
import { addEntries } from './changes.ts';
import type { Tx } from './connection.ts';
import type { Received, Superseded } from './contract.ts';
import { STAGES, type Entry, type ListedJob, type NewJob } from './job.ts';
import { LISTED_COLUMNS, toListedJob } from './rows.ts';
import type { Tables } from './tables.ts';

/** Until LAVA says that it runs, a job has completed one of these. */
const BEFORE_RUNNING = STAGES.slice(0, STAGES.indexOf('running'));

/** Stores a request once per lab and node, and in the same transaction what it supersedes. */
export async function receiveJob(
  tx: Tx,
  at: number,
  { request, ending, supersedes = false, ...job }: NewJob,
  entries: readonly Entry[],
): Promise<Received> {
  const id = `${job.lab}:${job.nodeId}`;
  const place = seriesOf(job.source, request);
  // Two daemons may receive the same request in the same moment.
  const made = await tx
    .insertInto('jobs')
    .values({
      ...job,
      id,
      done: 0,
      setAside: 0,
      ending: ending === null ? null : JSON.stringify(ending),
      tries: 0,
      nextAt: at,
      rev: 0,
      receivedAt: at,
      updatedAt: at,
      stageAt: at,
      ...sourceOf(request),
      ...place,
    })
    .onConflict((c) => c.doNothing())
    .returning(LISTED_COLUMNS)
    .executeTakeFirst();
  if (made === undefined) {
    const known = tx.selectFrom('jobs').select(LISTED_COLUMNS).where('id', '=', id);
    return { job: toListedJob(await known.executeTakeFirstOrThrow()), isNew: false, superseded: [] };
  }
  await tx
    .insertInto('requests')
    .values({ jobId: id, request: JSON.stringify(request) })
    .execute();
  await addEntries(tx, id, at, entries);
  const received = toListedJob(made);
  const superseded = supersedes && ending === null ? await supersede(tx, at, received, place) : [];
  return { job: received, isNew: true, superseded };
}

type Newcomer = Pick<ListedJob, 'id' | 'lab' | 'board' | 'commitHash' | 'priority'>;

/** Marks the older ones; and the new one itself where it came late, after one with a newer build. */
async function supersede(
  tx: Tx,
  at: number,
  job: Newcomer,
  { series, builtAt }: RequestSeries,
): Promise<Superseded[]> {
  if (series === null || job.board === '') return [];
  const newer =
    builtAt === null
      ? undefined
      : await tx
          .selectFrom('jobs')
          .select('id')
          .where((e) => isRival(e, job, series))
          .where('builtAt', '>', builtAt)
          .where('priority', '>=', job.priority)
          .limit(1)
          .executeTakeFirst();
  const older = await tx
    .updateTable('jobs')
    .set((e) => ({ supersededBy: job.id, nextAt: at, rev: e('rev', '+', 1), updatedAt: at }))
    .where((e) => isRival(e, job, series))
    .where('stage', 'in', BEFORE_RUNNING)
    // By the time of the build; where one does not say, or both were built at once, what came later is newer.
    .where((e) =>
      builtAt === null ? e.lit(true) : e.or([e('builtAt', 'is', null), e('builtAt', '<=', builtAt)]),
    )
    // Somebody waits for what is more urgent; and what was set aside is for an admin to take up.
    .where('priority', '<=', job.priority)
    .where('setAside', '=', 0)
    // A job that is tried again has begun.
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('attempts')
            .select('n')
            .whereRef('attempts.jobId', '=', 'jobs.id')
            .where((a) =>
              a.or([a('n', '>', 1), a('runningAt', 'is not', null), a('outcome', 'is not', null)]),
            ),
        ),
      ),
    )
    .returning('id')
    .execute();
  const superseded = older.map(({ id }) => ({ id, entry: entryFor(job.id) }));
  if (newer !== undefined) {
    await tx.updateTable('jobs').set({ supersededBy: newer.id }).where('id', '=', job.id).execute();
    superseded.push({ id: job.id, entry: entryFor(newer.id) });
  }
  for (const { id, entry } of superseded) await addEntries(tx, id, at, [entry]);
  return superseded;
}

/** An open job of the same series for another commit, of which nothing has said yet that it ends. */
function isRival(e: ExpressionBuilder<Tables, 'jobs'>, job: Newcomer, series: string): Expression<SqlBool> {
  return e.and([
    e('done', '=', 0),
    e('lab', '=', job.lab),
    e('board', '=', job.board),
    e('series', '=', series),
    e('commitHash', '!=', job.commitHash),
    e('ending', 'is', null),
    e('cancel', 'is', null),
    e('supersededBy', 'is', null),
  ]);
}

function entryFor(newer: string): Entry {
  const text = `a newer request of the same tree, job and board takes its place, unless it has begun to run: ${newer}`;
  return { kind: 'note', code: 'superseded', text };
}
