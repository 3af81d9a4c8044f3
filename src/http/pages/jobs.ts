// The list of jobs, newest first: what is asked for stands in the URL, each page leads to the next by its last row. As CSV
// and JSON too.
import { z } from 'zod';
import { parseTime, rfc3339 } from '../../core/time.ts';
import { STAGES, toReasonCode, type Cursor, type JobFilter, type Reader } from '../../store/index.ts';
import { LAYERS } from '../../verdict/layers.ts';
import { RULE_NAMES } from '../../verdict/model.ts';
import { NODE_RESULTS } from '../../verdict/node-result.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { whereOf, type JobRow } from '../shapes.ts';
import { jobRow } from '../views.ts';
import { folded, jobPath, moment, name, table, word } from './parts.ts';

const text = z.string().min(1).max(500).optional().catch(undefined);

/** The filters in the URL; what is none of them is left out. */
export const JobsQuery = z.object({
  q: text,
  lab: text,
  board: text,
  device: text,
  tree: text,
  name: text,
  result: z.enum(NODE_RESULTS).optional().catch(undefined),
  layer: z.enum(LAYERS).optional().catch(undefined),
  rule: z.enum(RULE_NAMES).optional().catch(undefined),
  stage: z.enum(STAGES).optional().catch(undefined),
  reason: text.transform((given) => toReasonCode(given ?? null) ?? undefined),
  open: z.enum(['true', 'false']).optional().catch(undefined),
  since: z.string().max(30).optional().catch(undefined),
  before: z.string().max(30).optional().catch(undefined),
  after: z
    .string()
    .regex(/^\d{1,16}~.{1,300}$/)
    .optional()
    .catch(undefined),
});
export type JobsQuery = z.infer<typeof JobsQuery>;

const ROWS = 50;
/** Rows of a CSV or JSON answer. */
export const MOST_ROWS = 5000;

interface Found {
  rows: JobRow[];
  next: Cursor | undefined;
}

export async function findJobs(
  query: JobsQuery,
  reader: Pick<Reader, 'jobs' | 'find'>,
  limit = ROWS,
): Promise<Found> {
  if (query.q !== undefined)
    return { rows: (await reader.find(query.q, limit)).map(jobRow), next: undefined };
  const page = await reader.jobs({ ...filterOf(query), limit });
  return { rows: page.rows.map(jobRow), next: page.next };
}

function filterOf({
  open,
  since,
  before,
  after,
  reason,
  q: _q,
  ...equal
}: JobsQuery): Omit<JobFilter, 'limit'> {
  const [at, ...id] = after?.split('~') ?? [];
  return {
    ...equal,
    ...(reason === undefined ? {} : { done: false, reasonCode: reason }),
    ...(open === undefined ? {} : { done: open === 'false' }),
    since: timeOf(since),
    before: timeOf(before),
    after: at === undefined ? undefined : { at: Number(at), id: id.join('~') },
  };
}

/** A day, or a moment. */
function timeOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  return parseTime(
    /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00` : given.length === 16 ? `${given}:00` : given,
  );
}

export async function jobsPage(query: JobsQuery, reader: Pick<Reader, 'jobs' | 'find'>): Promise<Html> {
  const { rows, next } = await findJobs(query, reader);
  const { after: _after, ...filters } = query;
  const here = queryOf(filters);
  return html`<h1>Jobs</h1>
    ${search(query)} ${filterForm(query)} ${jobsTable(rows, 'Jobs, the newest first')}
    <p class="actions">
      ${next === undefined ? '' : html`<a class="button" href="/jobs?${queryOf({ ...filters, after: `${next.at}~${next.id}` })}">Older</a>`}
      <a class="button" href="/jobs.csv?${here}">CSV</a> <a class="button" href="/jobs.json?${here}">JSON</a>
    </p>`;
}

function search({ q }: JobsQuery): Html {
  return html`<form class="line" role="search" action="/jobs">
    <label>Node, build, LAVA id or commit <input type="search" name="q" value="${q ?? ''}" /></label>
    <button type="submit">Find</button>
  </form>`;
}

function filterForm(query: JobsQuery): Html {
  const field = (
    key: 'lab' | 'board' | 'device' | 'tree' | 'name' | 'since' | 'before',
    label: string,
  ): Html => html`<label>${label} <input name="${key}" value="${query[key] ?? ''}" size="12" /></label>`;
  const choice = (key: 'result' | 'layer' | 'rule' | 'stage', values: readonly string[]): Html =>
    html`<label
      >${key}
      <select name="${key}">
        <option value="">any</option>
        ${values.map((value) => html`<option ${query[key] === value ? html`selected` : ''}>${value}</option>`)}
      </select></label
    >`;
  const count = Object.entries(query).filter(
    ([key, value]) => value !== undefined && key !== 'after' && key !== 'q',
  ).length;
  return html`<details>
    <summary>Filter${count === 0 ? '' : ` (${count} set)`}</summary>
    <form class="line" action="/jobs">
      ${field('lab', 'Lab')} ${field('board', 'Board')} ${field('device', 'Device')} ${field('tree', 'Tree')}
      ${field('name', 'Name')} ${choice('result', NODE_RESULTS)} ${choice('layer', LAYERS)}
      ${choice('rule', RULE_NAMES)} ${choice('stage', STAGES)} ${field('since', 'Since (2026-08-21)')}
      ${field('before', 'Before')}
      ${query.reason === undefined ? '' : html`<label>Waits for <input name="reason" value="${query.reason}" size="12" /></label>`}
      <button type="submit">Show</button> <a class="button" href="/jobs">Show all</a>
    </form>
  </details>`;
}

/** Jobs as rows of a table. */
function jobsTable(rows: readonly JobRow[], caption: string): Html {
  return table({
    caption,
    head: ['Received', 'Name', 'Result', 'Board', 'Device', 'Tree', 'LAVA', 'What came of it'],
    rows: rows.map((job) => [
      moment(job.received),
      html`<a href="${jobPath(job.id)}">${name(job.name, 40)}</a>`,
      job.result === null ? whereOf(job) : word(job.result),
      html`<a href="/jobs?${queryOf({ lab: job.lab, board: job.board })}">${name(job.board, 40)}</a>`,
      job.device === null || job.device === ''
        ? ''
        : html`<a href="${devicePath(job.lab, job.device)}">${name(job.device, 30)}</a>`,
      name(job.tree, 30),
      job.lava_id,
      outcome(job),
    ]),
    ids: rows.map(({ id }) => `row-${id}`),
    none: 'No jobs are like that.',
  });
}

export function devicePath(lab: string, device: string): string {
  return `/labs/${encodeURIComponent(lab)}/devices/${encodeURIComponent(device)}`;
}

function outcome(job: JobRow): Content {
  if (job.result === null) return folded(job.reason ?? job.ending?.reason, 120);
  if (job.rule === 'complete') return verdictOf(job);
  return [
    job.layer === 'none' || job.layer === null ? '' : html`${word(job.layer)} `,
    `${job.rule ?? ''}: `,
    verdictOf(job),
  ];
}

/** What each root came to. */
export function verdictOf({ tests }: Pick<JobRow, 'tests'>): Html {
  return html`${tests.map(({ path, status, leaves, counts }, i) => {
    const failed = (counts.FAIL ?? 0) + (counts.ERROR ?? 0);
    const of = leaves > 0 && failed > 0 ? ` (${failed} of ${leaves})` : '';
    return [i === 0 ? '' : ', ', name(path, 40), ' ', word(status), of];
  })}`;
}

/** Since so many days before (`2026-08-21`). */
export function daysBefore(now: number, days: number): string {
  return rfc3339(now - days * 24 * 3600 * 1000).slice(0, 10);
}
