// The summary of a run, for people.
import { formatDuration } from '../../src/core/time.ts';

export type Row = [what: string, value: string];

export function printTable(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`);
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

/** The value that so much (0 to 1) of all are not above; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Milliseconds: median, 99 % and the longest. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return 'nothing measured';
  const parts = [quantile(values, 0.5), quantile(values, 0.99), Math.max(...values)].map(formatDuration);
  return `median ${parts[0]}, 99 % ${parts[1]}, longest ${parts[2]} (${values.length} jobs)`;
}

/** `web 3, database 1`, in the order in which they are there. */
export function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, n]) => `${what} ${n}`).join(', ') || 'none';
}
