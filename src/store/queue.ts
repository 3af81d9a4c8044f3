// Jobs that wait for the same: those of a board of a lab at one stage.
import { sql, type ExpressionBuilder, type Kysely } from 'kysely';
import type { Tx } from './connection.ts';
import type { JobQueue } from './contract.ts';
import { stageAfter, type Entry, type Reason } from './job.ts';
import type { Tables } from './tables.ts';

/** The jobs of a queue but these; what of them is wanted, the caller selects. */
export function waitingIn(db: Kysely<Tables>, { lab, board, stage }: JobQueue, except: readonly string[]) {
  const waiting = db
    .selectFrom('jobs')
    .where('done', '=', 0)
    .where('lab', '=', lab)
    .where('board', '=', board)
    .where('stage', '=', stage)
    .where('setAside', '=', 0);
  return except.length === 0 ? waiting : waiting.where('id', 'not in', except);
}

/** How a queue is put off: until then (ms), why, and all but these; `at` is now. */
interface Hold {
  until: number;
  reason: Reason;
  except: readonly string[];
  at: number;
}

/**
 * One statement for all, and a line in the timeline of those for which the reason is new. Those that wait for it already, and for half as
 * long or longer, are left as they are: a queue is held again with each job that leaves it.
 */
export async function hold(
  tx: Tx,
  queue: JobQueue,
  { until, reason, except, at }: Hold,
): Promise<{ entry: Entry; jobs: string[] }> {
  const { stage } = queue;
  const { code } = reason;
  const text = `waits to be ${stageAfter(stage) ?? stage}: ${reason.text}`;
  const isNew = (e: ExpressionBuilder<Tables, 'jobs'>) =>
    e.or([e('reason', 'is', null), e('reason', '!=', reason.text)]);
  const held = waitingIn(tx, queue, except)
    .where('cancel', 'is', null)
    .where('supersededBy', 'is', null)
    .where((e) => e.or([isNew(e), e('nextAt', '<', Math.floor((at + until) / 2))]));
  const entry: Entry = { kind: 'wait', code, text };
  if ((await held.select('id').limit(1).executeTakeFirst()) === undefined) return { entry, jobs: [] };
  const added = await tx
    .insertInto('timeline')
    .columns(['jobId', 'at', 'kind', 'code', 'text'])
    .expression(
      held
        .where(isNew)
        .select(['id', sql<number>`CAST(${at} AS bigint)`.as('at'), sql<string>`'wait'`.as('kind')])
        .select(sql<string>`CAST(${code} AS text)`.as('code'))
        .select(sql<string>`CAST(${text} AS text)`.as('text')),
    )
    .returning('jobId')
    .execute();
  await tx
    .updateTable('jobs')
    .set({ reasonCode: code, reason: reason.text, nextAt: until })
    .where('id', 'in', held.select('id'))
    .execute();
  return { entry, jobs: added.map(({ jobId }) => jobId) };
}
