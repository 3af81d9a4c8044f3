// The line of jobs that wait to be let in, one for each board of a lab. Only its first is worth a look: what keeps that
// one out keeps out all.
import type { JobRecord, Line } from '../store/index.ts';
import type { Context } from './context.ts';

/** The line that a job waits in, until it is let in. */
export function lineOf({ lab, board }: Pick<JobRecord, 'lab' | 'board'>): Line {
  return { lab, board, stage: 'received' };
}

/** There may be room for a job's board: the next one in its line looks now. */
export async function callNext(job: Pick<JobRecord, 'id' | 'lab' | 'board'>, ctx: Context): Promise<void> {
  const first = await ctx.store.firstOf(lineOf(job), job.id);
  if (first === undefined) return;
  await ctx.store.wake(first);
  ctx.wake(job.lab);
}
