// What was made of a text is kept, and given again for the same text: files are read again and again, and seldom change.

export interface Kept<T> {
  /** What was made of that text under that name the last time, or what `make` makes now. What throws is not kept. */
  get: (name: string, text: string, make: () => T) => T;
}

/**
 * Keeps one thing for each name, for as long as its text stays the same, and of more than `most` names not the oldest. What it
 * gives is shared: nothing may change it.
 */
export function createKept<T>(most: number): Kept<T> {
  const kept = new Map<string, { text: string; made: T }>();
  return {
    get(name, text, make) {
      const known = kept.get(name);
      if (known?.text === text) return known.made;
      const made = make();
      kept.delete(name);
      const oldest = kept.size >= most ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(name, { text, made });
      return made;
    },
  };
}
