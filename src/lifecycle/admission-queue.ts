// The queue of jobs that wait to be admitted, one for each board of a lab. Only its first is worth a look: what keeps
// that one out keeps out all.
import type { JobQueue, JobRecord } from '../store/index.ts';
import type { Context } from './context.ts';

/** The queue that a job waits in, until it is admitted. */
export function queueOf({ lab, board }: Pick<JobRecord, 'lab' | 'board'>): JobQueue {
  return { lab, board, stage: 'received' };
}

type Waiting = Pick<JobRecord, 'id' | 'lab' | 'board'>;

/** There may be capacity for a job's board: the next one in its queue looks now, and once more if it is just looking. */
export async function callNext(job: Waiting, ctx: Context): Promise<void> {
  const next = await ctx.store.firstOf(queueOf(job), job.id);
  if (next !== undefined) await call(next, job, ctx);
}

/**
 * The same, for one in the queue that has looked itself. They look one at a time, so who is due looks anyway: if two woke
 * each other, each would find itself changed meanwhile, without end.
 */
export async function passOn(job: Waiting, ctx: Context): Promise<void> {
  const next = await ctx.store.firstOf(queueOf(job), job.id);
  if (next !== undefined && next.nextAt > ctx.now()) await call(next, job, ctx);
}

async function call(next: Pick<JobRecord, 'id'>, job: Waiting, ctx: Context): Promise<void> {
  await ctx.store.wake(next.id);
  ctx.wake(job.lab);
}
