// Our own findings in addition to logspec's: no crash becomes two issues.
import { lowerBound } from './console-text.ts';
import type { Finding } from './model.ts';
import type { OwnFinding } from './own.ts';

/** The lines of a report that logspec found. */
export interface Covered {
  firstLine: number;
  lastLine: number;
}

/**
 * What our own rules found and logspec's reports do not hold. What lies within one of those is not repeated; where
 * we know more of it, that is kept as well, but makes no issue.
 */
export function additional(own: readonly OwnFinding[], reports: readonly Covered[]): Finding[] {
  const sorted = reports.toSorted((a, b) => a.firstLine - b.firstLine);
  const starts = sorted.map((report) => report.firstLine);
  let furthest = -Infinity;
  const reach = sorted.map((report) => (furthest = Math.max(furthest, report.lastLine)));
  return own.flatMap(({ finding, role }) => {
    const before = lowerBound(starts, finding.firstLine + 1) - 1;
    if (before < 0 || (reach[before] ?? -1) < finding.firstLine) return [finding];
    return role === 'detail' ? [{ ...finding, issue: false }] : [];
  });
}
