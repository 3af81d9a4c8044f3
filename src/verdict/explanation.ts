// A verdict as text for people: the rule, the evidence, what each test and the node get, and why.
import { printable } from '../core/printable.ts';
import type { IssueVerdict, LeafVerdict, RootVerdict, Verdict } from './model.ts';

/** The verdict in lines for people: the rule, and each test with its reason. */
export function explainVerdict(verdict: Verdict): string {
  const { result, errorCode, errorMsg } = verdict.node;
  const [rule = '', ...evidence] = verdict.why;
  const tests = [verdict.boot, ...verdict.roots].flatMap((root) => [root, ...root.leaves]);
  const width = Math.max(...tests.map((test) => test.path.length));
  return [
    rule,
    ...evidence.map((line) => `  ${line}`),
    '',
    ...tests.map((test) => testLine(test, width)),
    '',
    ...verdict.issues.map(issueLine),
    `node: ${[result, errorCode, errorMsg].filter((part) => part !== undefined).join(', ')}`,
    '',
  ]
    .map(printable)
    .join('\n');
}

function testLine(test: RootVerdict | LeafVerdict, width: number): string {
  const number =
    'number' in test && test.number ? ` ${test.number.value} ${test.number.unit ?? ''}`.trimEnd() : '';
  const reason = 'reason' in test && test.reason !== undefined ? ` ${test.reason}` : '';
  return `${test.status.padEnd(5)} ${test.path.padEnd(width)}${number}${reason}`.trimEnd();
}

function issueLine({ testPath, signature, culprit, comment }: IssueVerdict): string {
  const who = culprit === undefined ? 'unknown' : culprit.code ? 'kernel' : culprit.tool ? 'tool' : 'harness';
  return `issue on ${testPath}: ${comment} (${who}, ${signature.slice(0, 12)})`;
}
