// Work that may be done only one at a time, for each key.

export type KeyedQueue = (key: string, work: () => Promise<void>) => Promise<void>;

/** What it gives takes work under a key; it begins when all that was given before under that key has ended. */
export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<void>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work);
    const ended = mine
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === ended) last.delete(key);
        return undefined;
      });
    last.set(key, ended);
    return mine;
  };
}
