// Failures that recur, by their signature; and what changed between two builds or two jobs.
import { z } from 'zod';
import type { BuildComparison, Comparison, IssueRecord } from '../../store/reader.ts';
import { LAYERS } from '../../verdict/layers.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { spark } from './charts.ts';
import type { PageParts } from './deps.ts';
import { daysBefore } from './jobs.ts';
import { facts, folded, jobPath, moment, name, section, table, word } from './parts.ts';

const text = z.string().min(1).max(300).optional().catch(undefined);
const IssuesQuery = z.object({
  lab: text,
  board: text,
  tree: text,
  layer: z.enum(LAYERS).optional().catch(undefined),
  days: z.coerce.number().int().min(1).max(365).catch(30),
  order: z.enum(['runs', 'lastSeen']).catch('runs'),
});
const CompareQuery = z.object({ before: text, after: text, tree: text, branch: text, board: text });

const MOST = 100;

export async function issuesPage(given: unknown, { ctx }: PageParts): Promise<Html> {
  const { days, ...filter } = IssuesQuery.parse(given);
  const issues = await ctx.reader.issues({ ...filter, since: daysBefore(ctx.now(), days), limit: MOST });
  const order = (to: string, title: string): Html =>
    html`<a
      href="/issues?${queryOf({ ...filter, days, order: to })}"
      ${filter.order === to ? html`aria-current="true"` : ''}
      >${title}</a
    >`;
  return html`<h1>Issues</h1>
    <p>
      Failures that recur, in the last ${days} days: ${order('runs', 'the most frequent first')},
      ${order('lastSeen', 'the newest first')}.
    </p>
    ${table({
      caption: 'Issues by their signature',
      hideCaption: true,
      head: ['Issue', 'Layer', 'Runs', 'By day', 'Boards', 'Trees', 'First seen', 'Last seen'],
      rows: issues.map((issue) => [
        html`<a href="/issues/${encodeURIComponent(issue.signature)}">${name(issue.comment, 90)}</a>`,
        word(issue.layer),
        issue.recent,
        spark(
          'runs by day',
          issue.days.map(({ runs }) => runs),
        ),
        some(issue.boards.map(({ board, runs }) => ({ text: board, runs }))),
        some(issue.trees.map(({ tree, runs }) => ({ text: tree, runs }))),
        moment(issue.firstSeen),
        moment(issue.lastSeen),
      ]),
      none: 'Nothing has failed twice, or at all.',
    })}`;
}

function some(entries: readonly { text: string; runs: number }[]): Content {
  const shown = entries.filter(({ text }) => text !== '').slice(0, 3);
  return shown.map(({ text, runs }, i) => [i === 0 ? '' : ', ', name(text, 30), ` ${runs}`]);
}

export async function issuePage(signature: string, { ctx }: PageParts): Promise<Html | undefined> {
  const since = daysBefore(ctx.now(), 90);
  const [issue, { rows }] = await Promise.all([
    ctx.reader.issue(signature, since),
    ctx.reader.sightings(signature, 100),
  ]);
  if (issue === undefined) return undefined;
  return html`<h1>Issue</h1>
    <p>${folded(issue.comment)}</p>
    ${facts([
      ['layer', word(issue.layer)],
      ['runs', issue.runs],
      ['first seen', moment(issue.firstSeen)],
      ['last seen', moment(issue.lastSeen)],
      ['signature', html`<code>${issue.signature}</code>`],
    ])}
    ${counted(issue)}
    ${section(
      'jobs',
      'Where it was found',
      table({
        caption: 'Jobs, the newest first',
        hideCaption: true,
        head: ['When', 'Job', 'Test', 'Board', 'Device', 'Tree', 'Log'],
        rows: rows.map((found) => [
          moment(found.at),
          html`<a href="${jobPath(found.jobId)}">${name(found.name, 40)}</a>`,
          name(found.test, 40),
          name(found.board, 30),
          name(found.device, 30),
          name(found.tree, 30),
          logLink(found.jobId, found.line),
        ]),
      }),
    )}`;
}

function counted({ boards, trees }: IssueRecord): Html {
  return html`<div class="grid">
    ${table({ caption: 'By board', head: ['Lab', 'Board', 'Runs'], rows: boards.map((b) => [name(b.lab), name(b.board), b.runs]) })}
    ${table({ caption: 'By tree', head: ['Tree', 'Runs'], rows: trees.map((t) => [name(t.tree), t.runs]) })}
  </div>`;
}

/** Leads to a line (from 0) of a job's log. */
export function logLink(jobId: string, line: number | null | undefined): Content {
  if (line === null || line === undefined) return '';
  return html`<a href="${jobPath(jobId)}/log?line=${line + 1}#L${line + 1}">line ${line + 1}</a>`;
}

export async function comparePage(given: unknown, { ctx }: PageParts): Promise<Html> {
  const query = CompareQuery.parse(given);
  return html`<h1>Compare</h1>
    <form class="line" action="/compare">
      <label>Before (build or job) <input name="before" value="${query.before ?? ''}" /></label>
      <label>After <input name="after" value="${query.after ?? ''}" /></label>
      <button type="submit">Compare</button>
    </form>
    <form class="line" action="/compare">
      <label>The last two builds of tree <input name="tree" value="${query.tree ?? ''}" /></label>
      <label>on board <input name="board" value="${query.board ?? ''}" /></label>
      <button type="submit">Compare</button>
    </form>
    ${await compared(query, ctx.reader)}`;
}

async function compared(
  { before, after, tree, branch, board }: z.infer<typeof CompareQuery>,
  reader: PageParts['ctx']['reader'],
): Promise<Content> {
  if (before !== undefined && after !== undefined) {
    const jobs = await reader.compareJobs(before, after);
    return jobs === undefined ? builds(await reader.compareBuilds(before, after)) : comparison(jobs);
  }
  if (tree === undefined) return '';
  const of = { tree, ...(branch === undefined ? {} : { branch }), ...(board === undefined ? {} : { board }) };
  const [last, previous] = await reader.lastBuilds(of, 2);
  if (last === undefined || previous === undefined)
    return html`<p class="none">There are no two builds of that tree here.</p>`;
  const shown = (build: typeof last): Html =>
    html`<code>${build.commitHash?.slice(0, 12) ?? build.build}</code>`;
  return html`<p>${shown(previous)} and then ${shown(last)}</p>
    ${builds(await reader.compareBuilds(previous.build, last.build))}`;
}

function builds({ pairs, onlyBefore, onlyAfter }: BuildComparison): Html {
  const changed = pairs.filter(({ changes }) => changes.length > 0);
  return html`<p>
      ${pairs.length} jobs in both, ${changed.length} of them otherwise than before; ${onlyBefore.length} only
      before, ${onlyAfter.length} only after.
    </p>
    ${changed.slice(0, MOST).map(comparison)}`;
}

function comparison({ before, after, changes, same }: Comparison): Html {
  return html`<section>
    <h2>${name(after.name)} on ${name(after.board)}</h2>
    <p>
      <a href="${jobPath(before.id)}">before</a>, <a href="${jobPath(after.id)}">after</a>; ${same} tests
      alike
    </p>
    ${table({
      caption: 'Tests that changed',
      head: ['Test', 'Before', 'After'],
      rows: changes
        .slice(0, 500)
        .map((change) => [name(change.path, 90), word(change.before), word(change.after)]),
      none: 'No test changed.',
    })}
  </section>`;
}
