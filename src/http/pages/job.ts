// The page of one job: what failed first and the line that shows it, where the time went, its tests, its LAVA jobs, what
// became of the reports, and all that happened.
import { formatDuration } from '../../core/time.ts';
import { logUrls } from '../../reporting/logs.ts';
import type { AttemptRecord, FoundIssue, ListedJob, Reader, TestRecord } from '../../store/index.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { waitingOf, type DeliveryView, type JobDetail, type TimelineView } from '../shapes.ts';
import { jobDetail } from '../views.ts';
import { legend, track, type Span } from './charts.ts';
import { difference, yaml } from './code.ts';
import type { PageParts } from './deps.ts';
import { logLink } from './issues.ts';
import { devicePath, verdictOf } from './jobs.ts';
import { TESTS_SHOWN, TestsQuery, testsPart } from './tests.ts';
import { duration, facts, folded, jobPath, moment, name, section, table, word } from './parts.ts';

/** A job by its id, or by its node's. */
export async function findJob(
  id: string,
  reader: Pick<Reader, 'job' | 'jobs'>,
): Promise<ListedJob | undefined> {
  const job = await reader.job(id);
  if (job !== undefined) return job;
  const { rows } = await reader.jobs({ nodeId: id, limit: 2 });
  return rows.length === 1 ? rows[0] : undefined;
}

export async function jobPage(record: ListedJob, given: unknown, { ctx, user }: PageParts): Promise<Html> {
  const query = TestsQuery.parse(given);
  const { reader } = ctx;
  const { id } = record;
  const { status, root, test: words, after } = query;
  const [job, attempts, failures, tests, groups, issues] = await Promise.all([
    jobDetail(record, reader),
    reader.attempts(id),
    reader.firstFailures(id, 6),
    reader.tests(id, {
      ...(status === undefined ? {} : { statuses: [status] }),
      root,
      text: words,
      after,
      limit: TESTS_SHOWN,
    }),
    reader.testGroups(id),
    reader.foundIssues(id),
  ]);
  const mayOperate = user?.mayOperate === true;
  return html`<h1>${folded(job.name, 120)} on ${folded(job.board, 120)}</h1>
    ${outcome(record, job, failures)} ${about(record, job, ctx)} ${mayOperate ? orders(job) : ''}
    ${section('time', 'Where the time went', timeTrack(record, attempts, ctx.now()))}
    ${job.tests.length === 0 ? '' : section('tests', 'Tests', testsPart(job, query, { ...tests, groups }))}
    ${issues.length === 0 ? '' : section('issues', 'Issues', issuesTable(record, issues))}
    ${section('lava-jobs', 'LAVA jobs', attemptsTable(record, job, attempts, ctx))}
    ${section('reports', 'Reports', deliveries(job, mayOperate))}
    ${section('timeline', 'Timeline', timeline(job.timeline))}
    ${section('definition', 'Definition', definitions(job))}
    ${section(
      'request',
      'Request',
      html`<details>
        <summary>What was asked for</summary>
        <pre tabindex="0">${JSON.stringify(job.request, null, 2)}</pre>
      </details>`,
    )}`;
}

/** What it came to; and of a failure what failed first, with the line of the log. */
function outcome(record: ListedJob, job: JobDetail, failures: readonly TestRecord[]): Html {
  const { verdict, layer, result } = record;
  if (verdict === null || result === null) {
    return html`<div class="verdict">
      <p class="what">${job.done ? `Ended after the stage ${job.stage}` : waitingOf(job)}</p>
      ${job.reason === null ? '' : html`<p><code>${job.reason_code}</code> ${folded(job.reason)}</p>`}
      ${job.ending === null ? '' : html`<p>${job.ending.kind}: ${folded(job.ending.reason)}</p>`}
    </div>`;
  }
  const shade = result === 'pass' ? 'pass' : (layer ?? '');
  return html`<div class="verdict ${shade}">
    <p class="what">
      ${word(result)}
      ${layer === 'none' || layer === null ? '' : html`(${layer === 'harness' ? 'the lab' : layer})`}:
      ${verdictOf(job)}
    </p>
    ${failures.map((test) => failure(record, test))}
    ${job.ending === null ? '' : html`<p>${job.ending.kind}: ${folded(job.ending.reason)}</p>`}
    <details open>
      <summary>Rule <code>${verdict.rule}</code>: why it is so</summary>
      <ul>
        ${verdict.why.map((why) => html`<li>${folded(why)}</li>`)}
      </ul>
    </details>
  </div>`;
}

function failure(
  { id }: ListedJob,
  { path, status, reason, excerpt, startLine, endLine, ms }: TestRecord,
): Html {
  return html`<div>
    <p>
      ${word(status)} <b>${name(path, 120)}</b> ${duration(ms)} ${logLink(id, startLine ?? endLine)}
      ${folded(reason)}
    </p>
    ${
      excerpt === null
        ? ''
        : html`<details>
            <summary>the log there</summary>
            <pre tabindex="0">${excerpt}</pre>
          </details>`
    }
  </div>`;
}

function about(record: ListedJob, job: JobDetail, { config, labs }: PageParts['ctx']): Html {
  const lava = labs.get(record.lab)?.config.lava.url.replace(/\/+$/, '') ?? '';
  const maestro = config.maestro?.url.replace(/\/+$/, '');
  const node = html`<code>${job.node_id}</code>`;
  return facts([
    ['lab', html`<a href="/jobs?${queryOf({ lab: job.lab })}">${name(job.lab)}</a>`],
    [
      'device',
      job.device === null || job.device === ''
        ? ''
        : html`<a href="${devicePath(job.lab, job.device)}">${name(job.device)}</a>`,
    ],
    [
      'LAVA job',
      job.lava_id === null ? '' : html`<a href="${lava}/scheduler/job/${job.lava_id}">${job.lava_id}</a>`,
    ],
    [
      'Maestro node',
      maestro === undefined
        ? node
        : html`<a href="${maestro}/viewer?node_id=${encodeURIComponent(job.node_id)}">${node}</a>`,
    ],
    [
      'dashboard',
      job.build === null
        ? ''
        : html`<a href="https://dashboard.kernelci.org/build/maestro%3A${encodeURIComponent(job.build)}"
            >build</a
          >`,
    ],
    ['tree', name(job.tree)],
    ['branch', name(job.branch)],
    [
      'commit',
      job.commit === null
        ? ''
        : html`<a href="/jobs?${queryOf({ q: job.commit })}"><code>${job.commit.slice(0, 12)}</code></a>`,
    ],
    ['came by', job.source],
    ['received', moment(job.received)],
    ['log', job.lava_id === null ? '' : html`<a href="${jobPath(job.id)}/log">console and LAVA’s lines</a>`],
  ]);
}

function orders({ id, done, deliveries, set_aside: aside }: JobDetail): Html {
  const isParked = deliveries.some(({ state }) => state === 'parked');
  const to = (order: string, title: string): Html =>
    html`<a class="button" href="${jobPath(id)}/${order}">${title}</a>`;
  return html`<p class="actions">
    ${done && !isParked ? '' : to('retry', isParked ? 'Send again' : aside ? 'Take up again' : 'Try now')}
    ${done ? '' : to('cancel', 'Cancel')}
  </p>`;
}

function timeTrack(record: ListedJob, attempts: readonly AttemptRecord[], now: number): Html {
  const end = record.done ? record.updatedAt : now;
  const parts: (Span & { n: number; what: string })[] = [];
  const add = (
    n: number,
    what: string,
    shade: Span['shade'],
    from: number | null,
    to: number | null,
  ): void => {
    if (from !== null && to !== null && to >= from)
      parts.push({ n, what, shade, from, to, title: `${what}: ${formatDuration(to - from)}` });
  };
  add(0, 'before LAVA', 'none', record.receivedAt, attempts[0]?.submittedAt ?? (record.done ? end : now));
  for (const a of attempts) {
    add(
      a.n,
      `queue of attempt ${a.n}`,
      'test',
      a.submittedAt,
      a.runningAt ?? a.finishedAt ?? (record.done ? null : now),
    );
    add(a.n, `run of attempt ${a.n}`, 'busy', a.runningAt, a.finishedAt ?? (record.done ? null : now));
  }
  const last = attempts.at(-1)?.finishedAt ?? null;
  add(0, 'judging and reports', 'pass', last, last === null ? null : end);
  return html`${track('where the time of the job went', { from: record.receivedAt, to: end }, parts)}
  ${legend([
    ['none', 'before LAVA'],
    ['test', 'LAVA’s queue'],
    ['busy', 'run'],
    ['pass', 'judging and reports'],
  ])}
  ${table({
    caption: 'Where the time went',
    hideCaption: true,
    head: ['Part', 'From', 'Took'],
    rows: parts.map(({ what, from, to }) => [what, moment(from), duration(to - from)]),
  })}`;
}

function issuesTable({ id }: ListedJob, issues: readonly (FoundIssue & { n: number })[]): Html {
  return table({
    caption: 'What explains the failures',
    hideCaption: true,
    head: ['Test', 'Issue', 'Layer', 'Attempt', 'Log'],
    rows: issues.map(({ test, comment, signature, layer, n, line }) => [
      name(test, 60),
      html`<a href="/issues/${encodeURIComponent(signature)}">${name(comment, 120)}</a>`,
      word(layer),
      n,
      logLink(id, line),
    ]),
  });
}

function attemptsTable(
  record: ListedJob,
  job: JobDetail,
  attempts: readonly AttemptRecord[],
  ctx: PageParts['ctx'],
): Html {
  const lava = ctx.labs.get(record.lab)?.config.lava.url.replace(/\/+$/, '') ?? '';
  // Of those that do not count, nothing is published.
  const files = (n: number): { name: string; url: string }[] => {
    const attempt = attempts.find((a) => a.n === n);
    const isPublished = record.verdict !== null && attempt?.lavaId !== null && attempt?.outcome === null;
    return attempt !== undefined && isPublished ? logUrls(record, attempt, ctx) : [];
  };
  return table({
    caption: 'LAVA jobs',
    hideCaption: true,
    head: [
      'Attempt',
      'LAVA job',
      'State',
      'Device',
      'Submitted',
      'Running',
      'Finished',
      'Published',
      'Why it does not count',
    ],
    rows: job.attempts.map((a) => [
      a.n,
      a.lava_id === null ? '' : html`<a href="${lava}/scheduler/job/${a.lava_id}">${a.lava_id}</a>`,
      a.state,
      name(a.device),
      moment(a.submitted),
      moment(a.running),
      moment(a.finished),
      files(a.n).map(({ name, url }) => html`<a href="${url}">${name}</a> `),
      folded(a.outcome),
    ]),
    none: 'LAVA has not got it yet.',
  });
}

function deliveries(job: JobDetail, mayOperate: boolean): Html {
  const isOpen = ({ state }: DeliveryView): boolean => state !== 'done' && state !== 'dropped';
  const to = (order: string, text: string, { id: delivery }: DeliveryView): Html =>
    html`<a href="${jobPath(job.id)}/${order}?${queryOf({ delivery })}">${text}</a>`;
  return table({
    caption: 'Reports and what was answered',
    hideCaption: true,
    head: ['To', 'What', 'State', 'When', 'Failed tries', 'Answer', ...(mayOperate ? ['Order'] : [])],
    rows: job.deliveries.map((d) => [
      d.destination,
      d.kind,
      word(d.state),
      moment(d.done ?? d.next),
      d.tries,
      folded(d.error),
      ...(mayOperate
        ? [
            [
              d.state === 'parked' ? [to('resend', 'send again', d), ', '] : '',
              isOpen(d) ? to('drop', 'drop', d) : '',
            ],
          ]
        : []),
    ]),
    none: 'Nothing is to be sent yet.',
  });
}

function timeline(entries: readonly TimelineView[]): Html {
  let before: number | undefined;
  const rows = entries.map(({ at, kind, code, text }): Content[] => {
    const time = Date.parse(at);
    const step = before === undefined ? '' : `+${formatDuration(Math.max(0, time - before))}`;
    before = time;
    return [
      moment(at),
      step,
      code === null ? '' : html`<code>${code}</code>`,
      kind === 'error' ? html`<span class="word fail">${folded(text)}</span>` : folded(text),
    ];
  });
  return table({
    caption: 'Timeline',
    hideCaption: true,
    head: ['Time', 'Later by', 'Code', 'What happened'],
    rows,
  });
}

function definitions({ attempts }: JobDetail): Html {
  if (attempts.length === 0) return html`<p class="none">It is not made yet.</p>`;
  return html`${attempts.map(({ n, definition }, i) => {
    const before = attempts[i - 1]?.definition;
    const changes = before === undefined ? undefined : difference(before, definition);
    return html`<details id="definition-${n}">
      <summary>Attempt ${n}</summary>
      ${
        changes === undefined
          ? ''
          : html`<h3>What differs from the attempt before</h3>
              ${changes}
              <h3>The whole</h3>`
      }
      ${yaml(definition)}
    </details>`;
  })}`;
}
