// Puts the table of reasons into docs/operations.md.
import { WAITS } from '../src/core/reason-codes.ts';

const BEGIN = '<!-- Reasons: made from src/core/reason-codes.ts by `npm run docs`. -->';
const END = '<!-- End of the reasons. -->';

/** `page` with the table as it is now. Throws if it has no place for it. */
export function withReasons(page: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error('docs/operations.md has no place for the reasons');
  const rows = Object.entries(WAITS).map(
    ([code, { meaning, action }]) => `| \`${code}\` | ${meaning} | ${action} |`,
  );
  const table = ['| code | what it means | what to do |', '| --- | --- | --- |', ...rows].join('\n');
  return `${page.slice(0, from)}${BEGIN}\n\n${table}\n\n${page.slice(to)}`;
}
