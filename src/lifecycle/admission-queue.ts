// The queue of jobs that wait to be admitted, one for each board of a lab. Only its first is worth a look: what keeps
// that one out keeps out all.
import type { JobQueue, JobRecord, Store } from '../store/index.ts';
import type { Clock } from '../core/time.ts';

/** What the admission queue uses. */
export interface QueuePorts {
  store: Pick<Store, 'firstOf' | 'wake'>;
  now: Clock;
  /** Something became due in this lab. */
  wake: (lab: string) => void;
}

/** The queue that a job waits in, until it is admitted. */
export function queueOf({ lab, board }: Pick<JobRecord, 'lab' | 'board'>): JobQueue {
  return { lab, board, stage: 'received' };
}

type Waiting = Pick<JobRecord, 'id' | 'lab' | 'board'>;

/** There may be capacity for a job's board: the next one in its queue looks now, and once more if it is just looking. */
export async function callNext(job: Waiting, ports: QueuePorts): Promise<void> {
  const next = await ports.store.firstOf(queueOf(job), job.id);
  if (next !== undefined) await call(next, job, ports);
}

/**
 * The same, for one in the queue that has looked itself. They look one at a time, so who is due looks anyway: if two woke
 * each other, each would find itself changed meanwhile, without end.
 */
export async function passOn(job: Waiting, ports: QueuePorts): Promise<void> {
  const next = await ports.store.firstOf(queueOf(job), job.id);
  if (next !== undefined && next.nextAt > ports.now()) await call(next, job, ports);
}

async function call(next: Pick<JobRecord, 'id'>, job: Waiting, ports: QueuePorts): Promise<void> {
  await ports.store.wake(next.id);
  ports.wake(job.lab);
}
