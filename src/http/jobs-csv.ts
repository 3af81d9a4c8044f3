// Jobs for a spreadsheet.
import type { JobRow } from './shapes.ts';

type Cell = string | number | boolean | null | undefined;

/** A column for each field of a row that is a word, a number or a time. */
const COLUMNS = [
  'id',
  'lab',
  'node_id',
  'name',
  'board',
  'source',
  'stage',
  'waits_for',
  'done',
  'reason_code',
  'reason',
  'tree',
  'branch',
  'commit',
  'build',
  'result',
  'rule',
  'layer',
  'lava_id',
  'device',
  'received',
  'updated',
] as const satisfies readonly (keyof JobRow)[];

/** The rows as comma-separated values (RFC 4180); no cell begins a formula. */
export function jobsCsv(rows: readonly JobRow[]): string {
  const line = (cells: readonly Cell[]): string => `${cells.map(cellOf).join(',')}\r\n`;
  return [
    line([...COLUMNS, 'tests']),
    ...rows.map((row) => line([...COLUMNS.map((c) => row[c]), testsOf(row)])),
  ].join('');
}

function testsOf({ tests }: JobRow): string {
  return tests.map(({ path, status }) => `${path} ${status}`).join('; ');
}

/** What a spreadsheet would take for a formula is set off by an apostrophe. */
function cellOf(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
