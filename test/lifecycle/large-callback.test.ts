// A callback that is larger than the lab's limit: refused, and results and log are fetched in pages instead.
import { expect, it } from 'vitest';
import { testWorld, until, type TestWorld } from '../support/world.ts';

interface Told {
  /** What KCIDB got of the job: statuses by path, and the issues. */
  tests: (string | undefined)[];
  issues: string[];
}

async function toldBy(world: TestWorld, scenario: string, evidence: string): Promise<Told> {
  const nodeId = world.publish({ scenario });
  await world.ended(nodeId);
  expect(await world.attempts(nodeId)).toMatchObject([{ evidence }]);
  const text = (key: string) => (object: Record<string, unknown>) => String(object[key]);
  return {
    tests: world.kcidb.objects('tests').map((t) => `${text('status')(t)} ${text('path')(t)}`),
    issues: world.kcidb.objects('issues').map(text('id')),
  };
}

// 1,100 cases a suite are three pages of results.
it.each(['test-panic', 'many-cases'])(
  'a callback above the limit is refused, and the same is reported from what was fetched: %s',
  async (scenario) => {
    const whole = await testWorld({ lava: { age: 'newest' } });
    const small = await testWorld({ lava: { age: 'newest' }, lab: { limits: { max_callback: '2KiB' } } });

    const [fromCallback, fetched] = await Promise.all([
      toldBy(whole, scenario, 'callback'),
      toldBy(small, scenario, 'fetched'),
    ]);

    expect(fetched.tests.length).toBeGreaterThan(1);
    expect(fetched).toEqual(fromCallback);
    expect(whole.lava.callbacks).toEqual({ sent: 1, accepted: 1 });
    await until('the callback was refused', () => (small.lava.callbacks.sent > 0 ? true : undefined));
    expect(small.lava.callbacks.accepted).toBe(0);
  },
);
