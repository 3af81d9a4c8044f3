// What happens to jobs, for those who listen: every line of a job's timeline is announced once it is stored, with
// where the job is. The journal's lines and the counters come from here, so that they and the timelines say the same.
import type { Change, DeliveryStep, Entry, JobRecord, Store } from '../store/index.ts';

/** Where a job is: its lab, node and board, and the LAVA job and device of its last attempt. */
interface JobPlace {
  job: string;
  lab: string;
  node: string;
  board: string;
  device: string | null;
  lavaId: number | null;
}

/** Hears of what is stored. What it throws is not caught. */
export interface JobListener {
  /** A line of a job's timeline. */
  entry?: (entry: Entry, place: JobPlace) => void;
  /** A step of a job. */
  saved?: (before: JobRecord, change: Change) => void;
  /** What became of a try to deliver to a destination. */
  delivery?: (destination: string, state: DeliveryStep['state']) => void;
}

/** The same store; what is stored through it is announced to the listeners. */
export function withListeners(store: Store, listeners: readonly JobListener[]): Store {
  async function place(jobId: string): Promise<JobPlace> {
    const found = await store.place(jobId);
    if (found === undefined) return placeById(jobId);
    const { nodeId: node, ...place } = found;
    return { job: jobId, node, ...place };
  }

  /** What is stored is stored: not to know where the job is changes nothing of that. */
  async function announce(jobId: string, entries: readonly Entry[] = []): Promise<void> {
    if (entries.length === 0) return;
    const at = await place(jobId).catch(() => placeById(jobId));
    for (const entry of entries) for (const listener of listeners) listener.entry?.(entry, at);
  }

  return {
    ...store,
    under(lease) {
      return { ...withListeners(store.under(lease), listeners), lease };
    },
    async holdBack(queue, until, reason, except) {
      const held = await store.holdBack(queue, until, reason, except);
      const { lab, board } = queue;
      // There may be thousands, of which no more has to be read: none of them has been in LAVA yet.
      for (const id of held.jobs)
        for (const listener of listeners) listener.entry?.(held.entry, { ...placeById(id), lab, board });
      return held;
    },
    async takeUp(id, entries) {
      await store.takeUp(id, entries);
      await announce(id, entries);
    },
    async receive(job, entries) {
      const received = await store.receive(job, entries);
      if (received.isNew) await announce(received.job.id, entries);
      for (const { id, entry } of received.superseded) await announce(id, [entry]);
      return received;
    },
    async save(job, change) {
      const saved = await store.save(job, change);
      for (const listener of listeners) listener.saved?.(job, change);
      await announce(job.id, change.entries);
      return saved;
    },
    async record(jobId, change) {
      await store.record(jobId, change);
      await announce(jobId, change.entries);
    },
    async note(jobId, entries) {
      await store.note(jobId, entries);
      await announce(jobId, entries);
    },
    async addCallback(callback, dueAt, entries) {
      await store.addCallback(callback, dueAt, entries);
      await announce(callback.jobId, entries);
    },
    async setAside(id, reason) {
      const isSet = await store.setAside(id, reason);
      if (isSet)
        await announce(id, [{ kind: 'error', code: reason.code, text: `set aside: ${reason.text}` }]);
      return isSet;
    },
    async requestCancel(id, why, entries) {
      const isRequested = await store.requestCancel(id, why, entries);
      if (isRequested) await announce(id, entries);
      return isRequested;
    },
    async saveDelivery(delivery, change) {
      const saved = await store.saveDelivery(delivery, change);
      if (!saved) return false;
      for (const listener of listeners) listener.delivery?.(delivery.destination, change.delivery.state);
      await announce(delivery.jobId, change.entries);
      return true;
    },
  };
}

/** What the id alone says. */
function placeById(jobId: string): JobPlace {
  const end = jobId.lastIndexOf(':');
  return {
    job: jobId,
    lab: jobId.slice(0, end),
    node: jobId.slice(end + 1),
    board: '',
    device: null,
    lavaId: null,
  };
}
