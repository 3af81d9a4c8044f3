// Which parameters of a request's tests nothing reads: a word that is spelt wrongly, or meant for another test, would
// else be lost without a sound.
import { isWorkedUp } from './general.ts';
import type { TestSpec } from './tests.ts';

export interface WatchedTests {
  /** The same tests; what is read of their parameters is noted. */
  tests: TestSpec[];
  /** The fields of the request that nothing has read so far. */
  unread: () => string[];
}

/** `requested`: the tests as the request has them; `checked`: as the templates get them. */
export function watchTests(requested: readonly TestSpec[], checked: readonly TestSpec[]): WatchedTests {
  const seen = new Set<string>();
  const tests = checked.map((test) => ({
    ...test,
    params: new Proxy(test.params, {
      getOwnPropertyDescriptor(params, key) {
        seen.add(`${test.field}.${String(key)}`);
        return Reflect.getOwnPropertyDescriptor(params, key);
      },
    }),
  }));
  return {
    tests,
    unread: () =>
      requested.flatMap(({ type, field, params }) =>
        Object.keys(params)
          .filter((key) => !isWorkedUp(type, key) && !seen.has(`${field}.${key}`))
          .map((key) => `${field}: ${key}`),
      ),
  };
}
