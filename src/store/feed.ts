// What changed, said after it was stored: for whoever shows the state as it is. Nothing depends on it: who hears nothing
// still finds everything in the store.
import type { StoreParts } from './contract.ts';

/** What changed. `jobs`: undefined if it concerns none; `all` if it concerns more than can be named. */
export interface News {
  jobs?: readonly string[] | 'all';
  drains?: true;
  deliveries?: true;
}

export interface Feed {
  /** Calls the listener after each change, until the function that it gives is called. */
  onChange(listener: (news: News) => void): () => void;
}

type Announced = Pick<
  StoreParts,
  | 'receive'
  | 'save'
  | 'record'
  | 'setAside'
  | 'takeUp'
  | 'requestCancel'
  | 'holdBack'
  | 'forget'
  | 'note'
  | 'addCallback'
  | 'saveDelivery'
  | 'matchDestinations'
  | 'drain'
  | 'drainDevice'
  | 'resume'
>;

/** Where changes are announced and heard. */
export function createFeed(): {
  /** The same store, whose changes are announced here. */
  announced: <S extends Announced>(store: S) => S & Feed;
  /** Announces what another daemon stored. */
  tell: (news: News) => void;
  /** Calls the listener after each change that this daemon stored. */
  onOwn: (listener: (news: News) => void) => void;
} {
  const listeners = new Set<(news: News) => void>();
  const ownListeners = new Set<(news: News) => void>();

  function tell(news: News): void {
    for (const listener of listeners) listener(news);
  }

  /** The same function, which announces what changed when it is done. */
  function telling<A extends unknown[], T>(
    change: (...args: A) => Promise<T>,
    newsOf: (result: T, ...args: A) => News | undefined,
  ): (...args: A) => Promise<T> {
    return async (...args) => {
      const result = await change(...args);
      if (listeners.size + ownListeners.size === 0) return result;
      const news = newsOf(result, ...args);
      if (news === undefined) return result;
      tell(news);
      for (const listener of ownListeners) listener(news);
      return result;
    };
  }

  const announcing = (store: Announced): Announced => ({
    receive: telling(store.receive, ({ job, isNew, superseded }) =>
      isNew ? { jobs: [job.id, ...superseded.map(({ id }) => id)] } : undefined,
    ),
    save: telling(store.save, (job, _before, { deliveries }) => withDeliveries(job.id, deliveries)),
    record: telling(store.record, (_, id, { deliveries }) => withDeliveries(id, deliveries)),
    setAside: telling(store.setAside, (isDone, id) => (isDone ? { jobs: [id] } : undefined)),
    takeUp: telling(store.takeUp, (_, id) => ({ jobs: [id] })),
    requestCancel: telling(store.requestCancel, (isDone, id) => (isDone ? { jobs: [id] } : undefined)),
    holdBack: telling(store.holdBack, ({ jobs }) => (jobs.length > 0 ? { jobs: 'all' } : undefined)),
    forget: telling(store.forget, (ids) => (ids.length > 0 ? { jobs: 'all' } : undefined)),
    note: telling(store.note, (_, id) => ({ jobs: [id] })),
    addCallback: telling(store.addCallback, (_, { jobId }) => ({ jobs: [jobId] })),
    saveDelivery: telling(store.saveDelivery, (isDone, { jobId }) =>
      isDone ? { jobs: [jobId], deliveries: true } : undefined,
    ),
    matchDestinations: telling(store.matchDestinations, () => ({ deliveries: true })),
    drain: telling(store.drain, () => ({ drains: true })),
    drainDevice: telling(store.drainDevice, () => ({ drains: true })),
    resume: telling(store.resume, (isDone) => (isDone ? { drains: true } : undefined)),
  });

  return {
    tell,
    onOwn: (listener) => void ownListeners.add(listener),
    announced: (store) => ({
      ...store,
      ...announcing(store),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    }),
  };
}

function withDeliveries(id: string, deliveries: readonly unknown[] = []): News {
  return deliveries.length > 0 ? { jobs: [id], deliveries: true } : { jobs: [id] };
}
