import { describe, expect, it } from 'vitest';
import { createRunner, type LaneWork, type RunnerOptions } from '../../src/engine/runner.ts';
import { atEnd, until } from '../support/world.ts';

interface Item {
  id: string;
  lane: string;
}

/** A runner over items that are due until a step has taken them away. */
function runnerOf(
  items: Item[],
  { step, ...more }: Partial<RunnerOptions<Item> & Pick<LaneWork<Item>, 'step'>> = {},
): { done: string[]; wake: () => void } {
  const done: string[] = [];
  const runner = createRunner<Item>({
    id: (item) => item.id,
    mayBegin: () => true,
    onError: () => undefined,
    now: Date.now,
    ...more,
  });
  const abort = new AbortController();
  const lanes = ['a', 'b'].map((lane) =>
    runner.run(
      lane,
      {
        due: async (limit) => items.filter((item) => item.lane === lane).slice(0, limit),
        nextDue: async () => undefined,
        step:
          step ??
          (async (item) => {
            items.splice(items.indexOf(item), 1);
            done.push(item.id);
          }),
      },
      abort.signal,
    ),
  );
  atEnd(async () => {
    abort.abort();
    await Promise.all(lanes);
  });
  return { done, wake: () => runner.wake() };
}

describe('a lane', () => {
  it('with several loops is awake with all of them, and holds up none by another', async () => {
    const abort = new AbortController();
    const due = { slow: Array.from({ length: 40 }, (_, i) => `slow ${i}`), quick: [] as string[] };
    const done: string[] = [];
    const runner = createRunner<string>({
      id: (item) => item,
      mayBegin: () => true,
      onError: () => undefined,
      now: Date.now,
    });
    const loop = (which: keyof typeof due): Promise<void> =>
      runner.run(
        'a',
        {
          due: async (limit) => due[which].slice(0, limit),
          nextDue: async () => undefined,
          async step(item, signal) {
            if (which === 'slow')
              await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
            due[which] = due[which].filter((one) => one !== item);
            done.push(item);
          },
        },
        abort.signal,
      );
    const loops = [loop('slow'), loop('quick')];
    atEnd(async () => {
      abort.abort();
      await Promise.all(loops);
    });

    due.quick = ['quick 0', 'quick 1'];
    runner.wake('a');

    await until('what is quick is done', () => (done.length === 2 ? true : undefined));
    expect(done).toEqual(['quick 0', 'quick 1']);
  });

  it('that is stuck holds up no other', async () => {
    const items = Array.from({ length: 40 }, (_, i) => ({ id: `a${i}`, lane: 'a' }));
    items.push({ id: 'b0', lane: 'b' });
    const done: string[] = [];
    runnerOf(items, {
      step: async (item, signal) => {
        if (item.lane === 'a') {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        }
        items.splice(items.indexOf(item), 1);
        done.push(item.id);
      },
    });

    await until('b is done', () => (done.includes('b0') ? true : undefined));
    expect(done).toEqual(['b0']);
  });

  it('works on what may begin, however much stands before it that may not', async () => {
    const items = Array.from({ length: 100 }, (_, i) => ({ id: `held${i}`, lane: 'a' }));
    items.push({ id: 'free', lane: 'a' });
    let isOpen = false;
    const { done, wake } = runnerOf(items, { mayBegin: (id) => isOpen || id === 'free' });

    await until('what may begin is done', () => (done.includes('free') ? true : undefined));
    expect(done).toEqual(['free']);
    isOpen = true;
    wake();
    await until('all is done', () => (items.length === 0 ? true : undefined));
  });

  it('goes on after a step that throws', async () => {
    const items = [
      { id: 'bad', lane: 'a' },
      { id: 'good', lane: 'a' },
    ];
    const errors: unknown[] = [];
    const done: string[] = [];
    runnerOf(items, {
      onError: (error) => errors.push(error),
      step: async (item) => {
        if (item.id === 'bad') throw new Error('broken');
        items.splice(items.indexOf(item), 1);
        done.push(item.id);
      },
    });

    await until('the good one is done', () => (done.length > 0 ? true : undefined));
    expect(done).toEqual(['good']);
    expect(errors[0]).toMatchObject({ message: 'broken' });
  });
});
