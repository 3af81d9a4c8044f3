// A store on a disk that is full for a while: it reads, and takes no write.
import type { Store } from '../../src/store/index.ts';

const READS = new Set([
  'setting',
  'job',
  'jobs',
  'due',
  'nextDue',
  'firstOf',
  'openCounts',
  'attempts',
  'openAttempts',
  'lastLavaId',
  'timeline',
  'callbacks',
  'deliveries',
  'dueDeliveries',
  'nextDelivery',
  'deliveryCounts',
  'drains',
  'close',
]);

export interface FullStore {
  store: Store;
  isFull: boolean;
  /** How many writes were refused. */
  refused: number;
}

export function fullStore(store: Store): FullStore {
  const disk: FullStore = {
    isFull: false,
    refused: 0,
    store: new Proxy(store, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function' || READS.has(String(key))) return value;
        return async (...args: unknown[]) => {
          if (!disk.isFull) return Reflect.apply(value, target, args) as unknown;
          disk.refused++;
          throw new Error('database or disk is full');
        };
      },
    }),
  };
  return disk;
}
