// The text of docs/errors.md, made from the catalogue of errors.
import { errorInfo, ERROR_GROUPS, type ErrorCode } from '../src/core/error-codes.ts';
import type { ErrorKind } from '../src/core/error-codes/kinds.ts';
import { REASON_GROUPS } from '../src/core/reason-codes.ts';

const PASSES: Record<ErrorKind, string> = { temporary: 'yes', auth: 'when fixed', permanent: 'no' };

const HEAD = `<!-- Made by \`npm run docs\` from src/core/error-codes and src/core/reason-codes.ts. Do not edit. -->

# Errors

Every error has a code, which stays the same, and a text, which may change. Programs go by the code. The codes stand at
the end of what a command says when it fails (\`… [unreadable]\`), in \`jobs show\`, on the pages, in the answers of the API
(\`{"error": CODE, "message": TEXT}\`) and in the journal.

*Passes* says whether the same thing may succeed later. \`yes\`: it is tried again, ever more seldom. \`when fixed\`: our
token or key is refused; everything for that system waits, and one call a minute tries whether it is good again. \`no\`: it
would be refused again. *HTTP* is the status with which the API answers, where it can.
`;

const REASONS = `# Reasons

What is no error has a code as well: \`reason_code\` of a job that waits, \`ending.code\` of one that ended early, and \`code\` of a line
of the timeline. Each may also be the code of an error.
`;

/** The whole page. */
export function errorsPage(): string {
  return [HEAD, ...ERROR_GROUPS.map(section), REASONS, ...REASON_GROUPS.map(reasons)].join('\n');
}

function section({ title, codes }: (typeof ERROR_GROUPS)[number]): string {
  const rows = codes.toSorted().map(row);
  return `## ${title}\n\n| code | passes | HTTP | what it means | what to do |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`;
}

function row(code: ErrorCode): string {
  const { kind, http, meaning, action } = errorInfo(code);
  const cells = [`\`${code}\``, PASSES[kind], http === undefined ? '' : String(http), meaning, action];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/</g, '&lt;')).join(' | ')} |\n`;
}

function reasons({ title, meanings }: (typeof REASON_GROUPS)[number]): string {
  const rows = Object.entries(meanings).map(([code, meaning]) => `| \`${code}\` | ${meaning} |\n`);
  return `## ${title}\n\n| code | what it means |\n| --- | --- |\n${rows.join('')}`;
}
