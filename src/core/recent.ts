// A set that remembers only the last so many members, so that it can't grow for ever.

export interface RecentSet<T> {
  has: (member: T) => boolean;
  add: (member: T) => void;
  /** Oldest first. */
  members: () => T[];
}

/** A set of at most `max` members; the one that was added first is dropped for a new one. */
export function createRecentSet<T>(max: number): RecentSet<T> {
  const members = new Set<T>();
  return {
    has: (member) => members.has(member),
    members: () => [...members],
    add: (member) => {
      members.delete(member);
      members.add(member);
      const [oldest] = members;
      if (members.size > max && oldest !== undefined) members.delete(oldest);
    },
  };
}
