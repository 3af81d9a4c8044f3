// The report of an import as text.
import type { ByReason, Report, Tally } from './report.ts';

/** Names in a line, characters at most; the others are counted. */
const NAMES = 100;

/** A table for people: what came over, and a reason for everything that did not. */
export function reportText(report: Report, out: string): string {
  const { lava, pull_labs } = report.combinations;
  const tallies: [string, Tally][] = [
    ['combinations on LAVA labs', lava],
    ['combinations on pull labs', pull_labs],
  ];
  return [
    ...grid([
      ['', 'there', 'came over', 'did not'],
      ...report.counts.map(({ kind, found, over }) => [kind, found, over, found - over]),
      ...tallies.map(([kind, { found, rendered, refused }]) => [kind, found, rendered, refused]),
    ]),
    '',
    'A combination is a job on a board of a lab for a build; it came over if a definition is made of it.',
    ...(lava.twice + pull_labs.twice > 0 ? [`${lava.twice + pull_labs.twice} are scheduled twice.`] : []),
    ...part(
      'Combinations without a definition here',
      report.refused.map((f) => line(f.combinations, f.reason, f.ids)),
    ),
    ...part(
      `Scheduled in vain by KernelCI: never started (${total(report.never_started)})`,
      report.never_started.map(reasonLine),
    ),
    ...part(
      `Scheduled in vain by KernelCI: LAVA cannot run its definition (${total(report.cannot_run)})`,
      report.cannot_run.map(reasonLine),
    ),
    ...part(
      'Scheduled in vain by KernelCI: the name is unknown',
      report.unknown_names.map((u) => line(u.combinations, u.reason, u.names)),
    ),
    ...part(
      'Not brought over',
      report.not_brought.map((r) => line(r.names.length, `${r.kind}: ${r.reason}`, r.names)),
    ),
    ...part(
      'To know',
      report.notes.map((r) => line(r.names.length, `${r.kind}: ${r.reason}`, r.names)),
    ),
    ...part(
      'To fill in',
      report.to_fill_in.map((text) => `  ${text}`),
    ),
    '',
    `Written to ${out}; try it: lava-bridge check --offline --config ${out}/lava-bridge.yaml`,
  ].join('\n');
}

function total(entries: readonly ByReason[]): number {
  return entries.reduce((sum, { combinations }) => sum + combinations, 0);
}

function reasonLine({ combinations, reason, rendered, ids }: ByReason): string {
  return line(combinations, rendered > 0 ? `${reason} — ${rendered} rendered here` : reason, ids);
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function line(count: number, reason: string, names: readonly string[]): string {
  const shown: string[] = [];
  for (const name of names) {
    if (shown.length > 0 && [...shown, name].join(', ').length > NAMES) break;
    shown.push(name);
  }
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return `${String(count).padStart(6)}  ${reason}${names.length === 0 ? '' : `: ${shown.join(', ')}${more}`}`;
}

function grid(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => String(row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) =>
        i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
