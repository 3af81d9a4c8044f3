// Counts of what came in, for /metrics and for what is refused without a trace elsewhere.

export interface Counters {
  callback: (outcome: string) => void;
  request: (outcome: string) => void;
  snapshot: () => { callbacks: Record<string, number>; requests: Record<string, number> };
}

export function createCounters(): Counters {
  const callbacks: Record<string, number> = {};
  const requests: Record<string, number> = {};
  const count = (table: Record<string, number>) => (outcome: string) => {
    table[outcome] = (table[outcome] ?? 0) + 1;
  };
  return {
    callback: count(callbacks),
    request: count(requests),
    snapshot: () => ({ callbacks: { ...callbacks }, requests: { ...requests } }),
  };
}
