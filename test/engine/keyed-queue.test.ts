import { expect, it } from 'vitest';
import { createKeyedQueue } from '../../src/engine/keyed-queue.ts';

it('work under one key waits for its turn, work under another does not', async () => {
  const queue = createKeyedQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();

  const first = queue('a', async () => {
    await gate.promise;
    order.push('first');
  });
  const second = queue('a', async () => void order.push('second'));
  await queue('b', async () => void order.push('other key'));
  gate.resolve();
  await Promise.all([first, second]);

  expect(order).toEqual(['other key', 'first', 'second']);
});

it('work that fails is an error for its own caller alone, and does not stop what comes after it', async () => {
  const queue = createKeyedQueue();
  const failed = queue('a', () => Promise.reject(new Error('no')));
  const next = queue('a', async () => undefined);

  await expect(failed).rejects.toThrow('no');
  await expect(next).resolves.toBeUndefined();
});
