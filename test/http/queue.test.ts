import { expect, it } from 'vitest';
import { createQueue } from '../../src/http/queue.ts';

it('gives turns in the order they were asked for, so many at a time', async () => {
  const queue = createQueue({ width: 2, most: 10, waitMs: 60_000 });
  const began: number[] = [];
  const turns = [0, 1, 2, 3].map(async (n) => {
    const end = await queue.turn();
    began.push(n);
    return end;
  });
  const first = await turns[0];
  expect(began).toEqual([0, 1]);

  first?.();
  (await turns[2])?.();
  (await turns[3])?.();

  expect(began).toEqual([0, 1, 2, 3]);
});

it('leaves turns to the others, however many of one wait', async () => {
  const queue = createQueue({ width: 3, ofOne: 2, most: 2, waitMs: 60_000 });
  const ends = [await queue.turn('slow'), await queue.turn('slow')];
  const waits = [queue.turn('slow'), queue.turn('slow')];
  expect(await queue.turn('slow')).toBeUndefined();

  const end = await queue.turn('other');
  expect(end).toBeDefined();
  // The one that waits is of the slow one, which has all that it may have.
  const next = queue.turn('other');
  end?.();
  (await next)?.();

  for (const one of ends) one?.();
  for (const wait of waits) (await wait)?.();
  const all = await Promise.all(['slow', 'slow', 'other'].map((who) => queue.turn(who)));
  expect(all.filter((one) => one === undefined)).toEqual([]);
});

it('refuses at once what would be one too many, and in the end what waited too long', async () => {
  const queue = createQueue({ width: 1, most: 1, waitMs: 20 });
  const end = await queue.turn();
  const waits = queue.turn();

  expect(await queue.turn()).toBeUndefined();
  expect(await waits).toBeUndefined();

  end?.();
  expect(await queue.turn()).toBeDefined();
});
