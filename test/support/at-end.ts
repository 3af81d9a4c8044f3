// What a test has started is stopped when it ends, the last first.
import { afterEach } from 'vitest';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  const failed: unknown[] = [];
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp().catch((error) => failed.push(error));
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join('; '));
});

/** Something to be done when the test ends, before what was started earlier is stopped. */
export function atEnd(cleanUp: () => Promise<void>): void {
  cleanUps.push(cleanUp);
}
