// A store on a disk that is full for a while: it reads, and takes no write.
import type { Lease } from '../../src/core/lease.ts';
import type { Store } from '../../src/store/index.ts';

const READS = new Set([
  'setting',
  'job',
  'place',
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
  'deliveryBody',
  'nextDelivery',
  'oldestDelivery',
  'oldestOpen',
  'deliveryCounts',
  'drains',
  'onChange',
  'close',
]);

export interface FullStore {
  store: Store;
  isFull: boolean;
  /** Makes it full, and waits for the writes that had begun. */
  fill: () => Promise<void>;
  /** How many writes were refused. */
  refused: number;
}

export function fullStore(store: Store): FullStore {
  const underWay = new Set<Promise<unknown>>();
  const disk: FullStore = {
    isFull: false,
    fill: async () => {
      disk.isFull = true;
      await Promise.allSettled(underWay);
    },
    refused: 0,
    store: new Proxy(store, {
      get(target, key): unknown {
        // One daemon has it alone: it is the same under every lease.
        if (key === 'under') return (lease: Lease) => ({ ...disk.store, lease });
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function' || READS.has(String(key))) return value;
        return async (...args: unknown[]) => {
          if (!disk.isFull) {
            const write = Promise.resolve(Reflect.apply(value, target, args) as unknown);
            underWay.add(write);
            return write.finally(() => underWay.delete(write));
          }
          disk.refused++;
          throw new Error('database or disk is full');
        };
      },
    }),
  };
  return disk;
}
