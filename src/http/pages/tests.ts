// The tests of a job: counts to filter by, and each test that was asked for with its cases.
import { z } from 'zod';
import type { TestRecord } from '../../store/index.ts';
import { STATUSES, type Status } from '../../verdict/model.ts';
import { html, queryOf, type Html } from '../html.ts';
import type { JobDetail } from '../shapes.ts';
import { logLink } from './issues.ts';
import { duration, folded, jobPath, name, table, word } from './parts.ts';

const text = z.string().min(1).max(300).optional().catch(undefined);
/** What of the tests is shown. */
export const TestsQuery = z.object({
  status: z.enum(STATUSES).optional().catch(undefined),
  root: text,
  test: text,
  after: z.coerce.number().int().optional().catch(undefined),
});
type TestsQuery = z.infer<typeof TestsQuery>;

/** So many at once. */
export const TESTS_SHOWN = 200;

export function testsPart(
  job: JobDetail,
  query: TestsQuery,
  tests: { rows: TestRecord[]; next: number | undefined },
): Html {
  const counts = new Map<Status, number>();
  for (const root of job.tests) {
    for (const status of STATUSES) counts.set(status, (counts.get(status) ?? 0) + (root.counts[status] ?? 0));
  }
  const here = (change: Record<string, string | number | undefined>): string =>
    `${jobPath(job.id)}?${queryOf({ ...query, after: undefined, ...change })}#tests`;
  return html`<p class="actions">
      <a class="button" href="${here({ status: undefined, root: undefined, test: undefined })}">all</a>
      ${[...counts].flatMap(([status, n]) => (n === 0 ? [] : [html`<a class="button" href="${here({ status })}">${word(status)} ${n}</a>`]))}
    </p>
    <form class="line" action="${jobPath(job.id)}#tests">
      ${query.status === undefined ? '' : html`<input type="hidden" name="status" value="${query.status}" />`}
      <label>Part of the path <input name="test" value="${query.test ?? ''}" /></label
      ><button type="submit">Filter</button>
    </form>
    ${[...Map.groupBy(tests.rows, ({ root }) => root)].map(([root, rows]) => branch(job, root, rows, here({ root })))}
    ${tests.rows.length === 0 ? html`<p class="none">No test is like that.</p>` : ''}
    ${tests.next === undefined ? '' : html`<p><a class="button" href="${here({ after: tests.next })}">The next ${TESTS_SHOWN}</a></p>`}`;
}

/** A test that was asked for, and its cases as a tree by the dots of their paths. */
function branch(job: JobDetail, root: string, rows: readonly TestRecord[], only: string): Html {
  const head = job.tests.find(({ path }) => path === root);
  const total = Object.entries(head?.counts ?? {}).map(([status, n]) => `${n} ${status}`);
  const isOpen = head?.status !== 'PASS' || rows.length <= 12;
  return html`<details ${isOpen ? html`open` : ''} id="test-${root}">
    <summary>${word(head?.status)} <b>${name(root, 80)}</b> ${total.join(', ')}</summary>
    <a href="${only}">only ${name(root, 60)}</a>
    ${table({
      caption: html`Cases of ${name(root, 60)}`,
      hideCaption: true,
      head: ['Test', 'Status', 'Took', 'Measured', 'Log', 'Why'],
      rows: rows.map((test) => [
        name(test.path === root ? root : test.path.slice(root.length + 1), 120),
        word(test.status),
        duration(test.ms),
        test.value === null ? '' : `${test.value} ${test.unit ?? ''}`,
        logLink(job.id, test.startLine ?? test.endLine),
        folded(test.reason, 120),
      ]),
    })}
  </details>`;
}
