// Waits for what is not ours: a server's answer, a turn, a pause. Work may ask to know when it waits so (the crash guard
// does: what only waits does not make the process die).
import { AsyncLocalStorage } from 'node:async_hooks';

/** What hears of the waits of some work. Neither may throw. */
export interface WaitListener {
  began: () => Promise<void>;
  ended: () => Promise<void>;
}

const listeners = new AsyncLocalStorage<WaitListener>();

/** Does work whose waits the listener hears of. */
export function withWaits<T>(listener: WaitListener, work: () => Promise<T>): Promise<T> {
  return listeners.run(listener, work);
}

/** A wait in which nothing is done for the work that waits. */
export async function outsideWait<T>(wait: () => Promise<T>): Promise<T> {
  const listener = listeners.getStore();
  if (listener === undefined) return wait();
  // It begins at once, as it does without a listener: who waits for a turn stands in the queue before this goes on. What
  // fails while the listener runs is thrown below.
  const waited = wait();
  waited.catch(() => undefined);
  await listener.began();
  try {
    return await waited;
  } finally {
    await listener.ended();
  }
}
