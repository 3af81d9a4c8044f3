// A store that dies in the midst of the work: with the n-th write that concerns a job, either before it is done or just
// after, and from then on no call gets an answer any more, as after kill -9.
import type { Lease } from '../../src/core/lease.ts';
import type { Store } from '../../src/store/index.ts';

/** What changes a job, or what belongs to one; the rest (cursors, waking) comes at any time and would blur the count. */
const COUNTED = new Set([
  'receive',
  'save',
  'record',
  'wake',
  'requestCancel',
  'holdBack',
  'note',
  'addCallback',
  'saveDelivery',
]);

export interface Death {
  /** Which write is the last; from 1. */
  at: number;
  /** Whether that one still reaches the disk. */
  isStored: boolean;
}

export interface MortalStore {
  store: Store;
  /** Fulfilled with the name of the write that was the last. */
  died: Promise<string>;
  /** How many writes there were. */
  writes: () => number;
}

/** `onDeath` is called at the very moment. */
export function mortalStore(store: Store, death: Death, onDeath: () => void): MortalStore {
  let writes = 0;
  let isDead = false;
  const { promise: died, resolve: die } = Promise.withResolvers<string>();
  const never = new Promise<never>(() => undefined);

  async function call(name: string, work: () => Promise<unknown>): Promise<unknown> {
    if (isDead) return never;
    const isLast = COUNTED.has(name) && ++writes === death.at;
    if (!isLast) {
      const result = await work();
      return isDead ? never : result;
    }
    isDead = true;
    onDeath();
    if (death.isStored) await work().catch(() => undefined); // refused or stored: the caller is dead
    die(name);
    return never;
  }

  const proxy: Store = new Proxy(store, {
    get(target, key): unknown {
      // One daemon has it alone: it is the same under every lease.
      if (key === 'under') return (lease: Lease) => ({ ...proxy, lease });
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        call(String(key), () => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
  return { store: proxy, died, writes: () => writes };
}
