import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWorkPool, type WorkPoolOptions } from '../../src/engine/work-pool.ts';
import { createRecentSet } from '../../src/core/recent.ts';

let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

function pool(work: (item: string) => Promise<void>, options: Partial<WorkPoolOptions<string>> = {}) {
  return createWorkPool<string>({
    work,
    onFailure: () => undefined,
    sharesOf: () => [{ name: 'all', places: 2 }],
    maxWaiting: 3,
    retryMs: 1000,
    ...options,
  });
}

it('works on so many at once and no more, and goes on when one is done', async () => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const one = pool(async (item) => {
    begun.push(item);
    await new Promise<void>((resolve) => ends.set(item, resolve));
  });
  void one.drain(stop.signal);

  for (const item of ['a', 'b', 'c']) one.offer(item, item);
  expect(begun).toEqual(['a', 'b']);

  ends.get('a')?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['a', 'b', 'c']);
});

it('lets no share take up the places of others, and begins what is new before what has failed', async () => {
  const begun: string[] = [];
  const one = pool(
    async (item) => {
      begun.push(item);
      if (item.startsWith('mute')) await new Promise(() => undefined);
      if (item.startsWith('bad')) throw new Error('no');
    },
    {
      maxWaiting: 100,
      sharesOf: (item) => [
        { name: `lab ${item.at(-1)}`, places: 3 },
        { name: `host ${item.slice(0, 4)}`, places: 2 },
      ],
    },
  );
  void one.drain(stop.signal);

  for (let i = 0; i < 5; i++) one.offer(`mute-${i}-a`, `mute-${i}-a`);
  one.offer('bad-a', 'bad-a');
  for (const item of ['good-a', 'good-b']) one.offer(item, item);
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['mute-0-a', 'mute-1-a', 'bad-a', 'good-b', 'good-a']);

  one.offer('late-a', 'late-a');
  await vi.advanceTimersByTimeAsync(2000);
  expect(begun.slice(5)).toEqual(['late-a', 'bad-a']);
});

it('takes a key once while it is there, and no more than there is room for', async () => {
  const one = pool(async () => undefined);

  expect(['a', 'a', 'b', 'c', 'd'].map((item) => one.offer(item, item))).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);

  void one.drain(stop.signal);
  await vi.advanceTimersByTimeAsync(0);
  expect(one.offer('a', 'a')).toBe(true);
});

it('tries again what failed, later each time, while others go on', async () => {
  const tries: string[] = [];
  const failures: unknown[] = [];
  const one = pool(
    async (item) => {
      tries.push(item);
      if (item === 'bad') throw new Error('no');
    },
    { onFailure: (item) => failures.push(item) },
  );
  void one.drain(stop.signal);
  one.offer('bad', 'bad');
  one.offer('good', 'good');

  await vi.advanceTimersByTimeAsync(0);
  expect(tries).toEqual(['bad', 'good']);
  // The waits are spread by a fifth.
  await vi.advanceTimersByTimeAsync(1200);
  expect(tries).toEqual(['bad', 'good', 'bad']);
  await vi.advanceTimersByTimeAsync(1100);
  expect(tries.length).toBe(3);
  await vi.advanceTimersByTimeAsync(1400);
  expect(tries.length).toBe(4);
  expect(failures).toEqual(['bad', 'bad', 'bad']);
});

it('begins nothing before it is started and after it was stopped, and waits for what it had begun', async () => {
  const begun: string[] = [];
  let end: () => void = () => undefined;
  const one = pool(async (item) => {
    begun.push(item);
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  one.offer('a', 'a');
  expect(begun).toEqual([]);

  let ended = false;
  const drained = one.drain(stop.signal).then(() => {
    ended = true;
    return undefined;
  });
  stop.abort();
  one.offer('b', 'b');
  await vi.advanceTimersByTimeAsync(0);
  expect([begun, ended]).toEqual([['a'], false]);

  end();
  await drained;
  expect(begun).toEqual(['a']);
});

it('remembers the last members of a set', () => {
  const set = createRecentSet<string>(2);
  for (const member of ['a', 'b', 'a', 'c']) set.add(member);

  expect(['a', 'b', 'c'].map((member) => set.has(member))).toEqual([true, false, true]);
});

it('asks once for the shares of each, however many wait', async () => {
  let asked = 0;
  const done: string[] = [];
  const many = Array.from({ length: 10_000 }, (_, i) => `item-${i}`);
  const one = pool(async (item) => void done.push(item), {
    maxWaiting: many.length,
    sharesOf: () => {
      asked += 1;
      return [{ name: 'all', places: 2 }];
    },
  });

  for (const item of many) one.offer(item, item);
  void one.drain(stop.signal);
  await vi.advanceTimersByTimeAsync(0);

  expect(done).toEqual(many);
  expect(asked).toBe(many.length);
});
