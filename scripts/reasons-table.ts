// Puts the table of reasons into docs/operations.md.
import { WAITS } from '../src/core/reason-codes.ts';
import { withSection, type Marks } from './section.ts';

const MARKS: Marks = {
  begin: '<!-- Reasons: made from src/core/reason-codes.ts by `npm run docs`. -->',
  end: '<!-- End of the reasons. -->',
};

/** `page` with the table as it is now. Throws if it has no place for it. */
export function withReasons(page: string): string {
  const rows = Object.entries(WAITS).map(
    ([code, { meaning, action }]) => `| \`${code}\` | ${meaning} | ${action} |`,
  );
  return withSection(
    page,
    MARKS,
    ['| code | what it means | what to do |', '| --- | --- | --- |', ...rows].join('\n'),
  );
}
