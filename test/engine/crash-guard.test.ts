import { describe, expect, it } from 'vitest';
import { createCrashGuard, type CrashGuard } from '../../src/engine/crash-guard.ts';
import { outsideWait } from '../../src/core/outside-wait.ts';
import { sleep } from '../../src/core/time.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** Processes that die and are started again on the same notes. */
async function processes(): Promise<{
  store: Store;
  start: () => Promise<{ guard: CrashGuard; condemned: string[] }>;
  pass: (ms: number) => void;
}> {
  const store = await openStore({ sqlite: ':memory:' });
  let now = 1_000_000;
  return {
    store,
    pass: (ms) => (now += ms),
    async start() {
      const deaths = (item: string): number => (item === 'irrevocable' ? 3 : 2);
      const guard = createCrashGuard({ notes: store, now: () => now, onTurn: () => undefined, deaths });
      await store.countCrash();
      return { guard, condemned: await guard.learn() };
    },
  };
}

/** Work that the process does not outlive. */
const never = (): Promise<void> => new Promise(() => undefined);

/** Begins work and lets the process die in it. */
async function dieIn(guard: CrashGuard, ...items: string[]): Promise<void> {
  for (const item of items) {
    await new Promise<void>((begun) => {
      void guard.watch(item, () => {
        begun();
        return never();
      });
    });
  }
}

describe('work that makes the process die', () => {
  it('is set aside after two deaths, and what was under way at the same time is not', async () => {
    const { start, pass } = await processes();
    const first = await start();
    await dieIn(first.guard, 'good', 'poison');

    const second = await start();
    expect(second.condemned).toEqual([]);
    expect(second.guard.mayBegin('good')).toBe(false);
    pass(60_000);
    await second.guard.watch('good', async () => undefined);
    await dieIn(second.guard, 'poison', 'other');

    const third = await start();
    expect(third.condemned).toEqual(['poison']);
    expect(third.guard.mayBegin('good')).toBe(true);
    expect(third.guard.mayBegin('poison')).toBe(true);
    expect(third.guard.mayBegin('other')).toBe(false);
  });

  it('has another death where what becomes of it can’t be taken back, and waits longer before it', async () => {
    const { start, pass } = await processes();
    await dieIn((await start()).guard, 'irrevocable');
    const second = await start();
    pass(15_000);
    expect(second.guard.mayBegin('irrevocable')).toBe(true);
    await dieIn(second.guard, 'irrevocable');

    const third = await start();
    expect(third.condemned).toEqual([]);
    pass(59_999);
    expect(third.guard.mayBegin('irrevocable')).toBe(false);
    pass(1);
    expect(third.guard.mayBegin('irrevocable')).toBe(true);
    await dieIn(third.guard, 'irrevocable');

    expect((await start()).condemned).toEqual(['irrevocable']);
  });

  it('is not what only waited for others when the process died', async () => {
    const { start, pass } = await processes();
    for (let deaths = 0; deaths < 10; deaths++) {
      const { guard, condemned } = await start();
      expect(condemned).toEqual([]);
      pass(60_000);
      expect(guard.mayBegin('job')).toBe(true);
      await new Promise<void>((waiting) => {
        void guard.watch('job', async () => {
          await outsideWait(async () => undefined);
          await outsideWait(() => {
            waiting();
            return never();
          });
        });
      });
    }
  });

  it('is what went on after it had waited', async () => {
    const { start, pass } = await processes();
    for (const expected of [[], [], ['poison']]) {
      const { guard, condemned } = await start();
      expect(condemned).toEqual(expected);
      pass(60_000);
      await new Promise<void>((begun) => {
        void guard.watch('poison', async () => {
          await Promise.all([outsideWait(() => sleep(1)), outsideWait(() => sleep(1))]);
          begun();
          await never();
        });
      });
    }
  });

  it('is not looked for while the process dies again and again for other reasons', async () => {
    const { start } = await processes();
    for (let deaths = 0; deaths < 10; deaths++) {
      const { guard, condemned } = await start();
      expect(condemned).toEqual([]);
      if (guard.mayBegin('job')) await dieIn(guard, 'job');
    }
  });

  it('runs while no other suspect does', async () => {
    const { start, pass } = await processes();
    await dieIn((await start()).guard, 'a', 'b');
    const { guard } = await start();
    pass(60_000);
    await dieIn(guard, 'a');

    expect(guard.mayBegin('b')).toBe(false);
    expect(guard.mayBegin('c')).toBe(true);
    let didRun = false;
    await guard.watch('b', async () => {
      didRun = true;
    });
    expect(didRun).toBe(false);
  });

  it('is suspected no more once it came to an end, even with an error', async () => {
    const { start, pass } = await processes();
    await dieIn((await start()).guard, 'job');
    const { guard } = await start();
    pass(60_000);
    await expect(guard.watch('job', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await guard.watch('job', async () => undefined);

    expect((await start()).condemned).toEqual([]);
    expect((await start()).guard.mayBegin('job')).toBe(true);
  });
});
