// The tests of a job: counts to filter by, and each test that was asked for with its cases as a tree, by the dots of their
// paths.
import { z } from 'zod';
import type { TestRecord } from '../../store/index.ts';
import type { TestGroup } from '../../store/reader.ts';
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
export const TESTS_SHOWN = 150;

export function testsPart(
  job: JobDetail,
  query: TestsQuery,
  { rows, next, groups }: { rows: TestRecord[]; next: number | undefined; groups: readonly TestGroup[] },
): Html {
  const counts = new Map<Status, number>();
  for (const root of job.tests) {
    for (const status of STATUSES) counts.set(status, (counts.get(status) ?? 0) + (root.counts[status] ?? 0));
  }
  const byPath = new Map(groups.map((group) => [group.path, group]));
  const isAsked = query.status !== undefined || query.test !== undefined;
  const here: Only = (change) =>
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
    ${[...Map.groupBy(rows, ({ root }) => root)].map(([root, rows]) => branch(job, { root, rows, groups: byPath, isAsked }, here))}
    ${rows.length === 0 ? html`<p class="none">No test is like that.</p>` : ''}
    ${next === undefined ? '' : html`<p><a class="button" href="${here({ after: next })}">The next ${TESTS_SHOWN}</a></p>`}`;
}

/** A test that was asked for, with its cases below it as a tree. */
function branch(job: JobDetail, { root, rows, groups, isAsked }: Branch, only: Only): Html {
  const head = job.tests.find(({ path }) => path === root);
  const total = countsText(head?.counts ?? {});
  const isOpen = isAsked || head?.status !== 'PASS' || rows.length <= SMALL;
  return html`<details ${isOpen ? html`open` : ''} id="test-${root}">
    <summary>${word(head?.status)} <b>${name(root, 80)}</b> ${total}</summary>
    <a href="${only({ root })}">only ${name(root, 60)}</a>
    ${level(job, { at: root, rows, groups, isAsked }, only)}
  </details>`;
}

interface Branch {
  root: string;
  rows: readonly TestRecord[];
  groups: ReadonlyMap<string, TestGroup>;
  /** The reader asked for some of the tests alone: what is found is open. */
  isAsked: boolean;
}

interface Level extends Omit<Branch, 'root'> {
  /** The path of the group. */
  at: string;
}

type Only = (change: Record<string, string | number | undefined>) => string;

/** Groups that are no larger are open. */
const SMALL = 12;

/** The cases that stand directly in the group, then the groups in it. */
function level(job: JobDetail, { at, rows, groups, isAsked }: Level, only: Only): Html {
  const below = Map.groupBy(rows, ({ path }) => groupBelow(path, at, groups));
  const own = below.get(undefined) ?? [];
  return html`${own.length === 0 ? '' : casesTable(job, at, own)}
  ${[...below].map(([path, cases]) => {
    if (path === undefined) return '';
    const isOpen = isAsked || rows.length <= SMALL || cases.some(({ status }) => !FINE.has(status));
    return html`<details class="group" ${isOpen ? html`open` : ''} id="test-${path}">
      <summary>${name(path.slice(at.length + 1), 80)} ${countsText(groups.get(path)?.counts ?? {})}</summary>
      <a href="${only({ test: `${path}.` })}">only ${name(path.slice(at.length + 1), 60)}</a>
      ${level(job, { at: path, rows: cases, groups, isAsked }, only)}
    </details>`;
  })}`;
}

const FINE: ReadonlySet<Status> = new Set(['PASS', 'SKIP', 'DONE']);

/** The group next below `at` that the path stands in; undefined: it stands in none. */
function groupBelow(path: string, at: string, groups: ReadonlyMap<string, TestGroup>): string | undefined {
  for (let end = path.indexOf('.', at.length + 1); end > 0; end = path.indexOf('.', end + 1)) {
    const group = path.slice(0, end);
    if (groups.has(group)) return group;
  }
  return undefined;
}

function countsText(counts: TestGroup['counts']): Html {
  const there = STATUSES.flatMap((status) =>
    counts[status] === undefined ? [] : [{ status, n: counts[status] }],
  );
  return html`<small>${there.map(({ status, n }, i) => `${i === 0 ? '' : ', '}${n} ${status}`)}</small>`;
}

function casesTable(job: JobDetail, at: string, cases: readonly TestRecord[]): Html {
  return table({
    caption: html`Cases of ${name(at, 60)}`,
    hideCaption: true,
    head: ['Test', 'Status', 'Took', 'Measured', 'Log', 'Why'],
    rows: cases.map((test) => [
      name(test.path === at ? at : test.path.slice(at.length + 1), 120),
      word(test.status),
      duration(test.ms),
      test.value === null ? '' : `${test.value} ${test.unit ?? ''}`,
      logLink(job.id, test.startLine ?? test.endLine),
      folded(test.reason, 120),
    ]),
  });
}
