// One answer for all who ask at about the same time, however many they are.
import type { Clock } from './time.ts';

/** Makes an answer when it is asked for, and gives it again for so long (ms); not one that failed. */
export function sharedAnswer<T>(make: () => Promise<T>, ageMs: number, now: Clock): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return () => {
    const at = now();
    if (last === undefined || Math.abs(at - last.at) > ageMs) {
      const made = { at, answer: make() };
      last = made;
      made.answer.catch(() => {
        if (last === made) last = undefined;
      });
    }
    return last.answer;
  };
}
