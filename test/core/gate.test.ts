import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/core/gate.ts';

describe('a gate', () => {
  it('lets what has time through after all that came before it and while it waited', async () => {
    const gate = createGate(1);
    const first = Promise.withResolvers<void>();
    const order: string[] = [];
    const named = (name: string) => async () => void order.push(name);

    const all = [
      gate(() => first.promise),
      gate(named('has time'), { hasTime: true }),
      gate(named('came later')),
      gate(named('came last')),
    ];
    first.resolve();
    await Promise.all(all);

    expect(order).toEqual(['came later', 'came last', 'has time']);
  });

  it('never lets more through than its width', async () => {
    const gate = createGate(2);
    let inside = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      most = Math.max(most, (inside += 1));
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };

    await Promise.all(Array.from({ length: 20 }, (_, i) => gate(task, { hasTime: i % 3 === 0 })));

    expect(most).toBe(2);
  });
});
