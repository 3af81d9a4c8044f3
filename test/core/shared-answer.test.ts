import { expect, it } from 'vitest';
import { sharedAnswer } from '../../src/core/shared-answer.ts';

/** An answer that is good for ten ms, with a clock to set. */
function counted(fails = (_n: number): boolean => false): {
  ask: () => Promise<number>;
  made: () => number;
  set: (ms: number) => void;
} {
  let made = 0;
  let at = 0;
  const make = async (): Promise<number> => {
    made += 1;
    if (fails(made)) throw new Error(`the answer ${made} failed`);
    return made;
  };
  return { ask: sharedAnswer(make, 10, () => at), made: () => made, set: (ms) => (at = ms) };
}

it('all who ask at once are given one answer, however many they are', async () => {
  const { ask, made } = counted();
  const answers = await Promise.all(Array.from({ length: 1000 }, ask));
  expect(new Set(answers)).toEqual(new Set([1]));
  expect(made()).toBe(1);
});

it('who asks while it is good is given the same, and a new one after that, also with a clock that was set back', async () => {
  const { ask, set } = counted();
  const answers = [await ask()];
  for (const ms of [10, 11, -100]) {
    set(ms);
    answers.push(await ask());
  }
  expect(answers).toEqual([1, 1, 2, 3]);
});

it('an answer that failed is not given to who asks next', async () => {
  const { ask } = counted((n) => n === 1);
  await expect(ask()).rejects.toThrow(Error);
  expect(await ask()).toBe(2);
});
