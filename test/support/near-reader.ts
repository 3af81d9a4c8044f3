// The store's reader without a thread of its own, which has to load the store's modules again: most of what a world costs that is
// asked something. Its statements are looked at like all others (query-plans.ts).
import { BridgeError, errorText } from '../../src/core/errors.ts';
import type { Reader } from '../../src/store/index.ts';
import { createReads } from '../../src/store/reads.ts';
import { openSqliteToRead } from '../../src/store/sqlite.ts';

/** Reads the store in this file, which is opened with the first question. */
export function nearReader(file: string): Reader {
  let opened: ReturnType<typeof openSqliteToRead> | undefined;
  const refuse = (): never => {
    throw new BridgeError('internal', 'the reader does not write');
  };
  const reads = createReads({
    read: (work) => work((opened ??= openSqliteToRead(file))),
    write: refuse,
    jot: refuse,
  });
  const close = async (): Promise<void> => opened?.destroy();
  return new Proxy(
    { ...reads, close },
    {
      get(target, key) {
        const ask: unknown = Reflect.get(target, key);
        if (typeof ask !== 'function') return ask;
        return async (...args: unknown[]) => {
          try {
            return await (Reflect.apply(ask, undefined, args) as Promise<unknown>);
          } catch (error) {
            // As a thread gives it: no more than its code and its words.
            throw new BridgeError(error instanceof BridgeError ? error.code : 'internal', errorText(error));
          }
        };
      },
    },
  );
}
