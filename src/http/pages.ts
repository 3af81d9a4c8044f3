// The status pages, for reading only: made here, whole, from the same views as the API's answers. A small script fetches
// the page's main part again when something changed (live.ts); without it the pages are correct as well, but do not update.
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { shippedFolder } from '../core/shipped.ts';
import { rfc3339 } from '../core/time.ts';
import { programVersion } from '../core/version.ts';
import type { HttpPorts } from './ports.ts';
import type { LiveLog } from '../lifecycle/live-log.ts';
import { logUrls } from '../reporting/logs.ts';
import type { Outbox } from '../engine/outbox.ts';
import { STAGES, type ListedJob } from '../store/index.ts';
import { sendLog } from './log-answer.ts';
import { html, queryOf, type Html } from './html.ts';
import { labsView, type BoardsView } from './overview.ts';
import { boardsPage, homePage, jobPath, type Home } from './page-home.ts';
import { jobPage } from './page-job.ts';

import { findJob, jobDetail, jobRows } from './views.ts';

interface Options {
  ctx: HttpPorts;
  outbox: Pick<Outbox, 'states'>;
  boards: BoardsView;
  liveLog: LiveLog;
}

interface ById {
  Params: { id: string };
}

const JOBS = 50;
/** Of so many open jobs the reasons are counted. */
const REASONS_OF = 1000;

const HomeQuery = z.object({
  lab: z.string().min(1).optional().catch(undefined),
  board: z.string().min(1).optional().catch(undefined),
  stage: z.enum(STAGES).optional().catch(undefined),
  open: z.stringbool().optional().catch(undefined),
  before: z.iso.datetime({ offset: true }).optional().catch(undefined),
});
type HomeQuery = z.infer<typeof HomeQuery>;

/** Nothing but our own style, script and socket is loaded or run. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function addPages(app: FastifyInstance, { ctx, outbox, boards, liveLog }: Options): void {
  function send(reply: FastifyReply, title: string, body: Html, job = ''): FastifyReply {
    return reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      .send(shell(title, body, job, ctx.config.instance).text);
  }

  app.get('/', async (request, reply) => {
    const query = HomeQuery.parse(request.query);
    return send(reply, 'jobs', homePage(await home(query, { ctx, outbox })));
  });

  app.get('/boards', async (_request, reply) => send(reply, 'boards', boardsPage(await boards.boards())));

  app.get<ById>('/jobs/:id', async (request, reply) => {
    const job = await findJob(request.params.id, ctx.store);
    if (!job) return send(reply.code(404), 'no such job', html`<p>There is no such job.</p>`);
    return send(reply, job.name, await pageOf(job, ctx), job.id);
  });

  app.get<ById>('/jobs/:id/log', async (request, reply) => {
    const job = await findJob(request.params.id, ctx.store);
    if (!job) return reply.code(404).send({ error: 'unknown_job', message: 'no such job' });
    return sendLog(liveLog, job.id, { follow: !job.done, raw: false }, request, reply);
  });

  for (const [file, type] of Object.entries(FILES)) {
    app.get(`/pages/${file}`, async (_request, reply) =>
      reply
        .headers({ 'content-type': type, 'x-content-type-options': 'nosniff' })
        .send(await readFile(`${shippedFolder('pages')}/${file}`)),
    );
  }
}

const FILES = { 'style.css': 'text/css; charset=utf-8', 'live.js': 'text/javascript; charset=utf-8' };

function shell(title: string, body: Html, job: string, instance: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – ${instance}</title>
        <link rel="stylesheet" href="/pages/style.css" />
        <script src="/pages/live.js" defer></script>
      </head>
      <body>
        <header>
          <h1><a href="/">${instance}</a></h1>
          <nav><a href="/">jobs</a> <a href="/?open=true">open</a> <a href="/boards">boards</a></nav>
          <small>lava-bridge ${programVersion()} <span id="live"></span></small>
        </header>
        <main data-job="${job}">${body}</main>
      </body>
    </html> `;
}

async function home(query: HomeQuery, { ctx, outbox }: Pick<Options, 'ctx' | 'outbox'>): Promise<Home> {
  const { before, open, ...where } = query;
  const filter = { ...where, ...(open === true ? { done: false } : {}) };
  const limit = JOBS;
  const older = before === undefined ? undefined : Date.parse(before);
  const [labs, counts, jobs, waiting] = await Promise.all([
    labsView(ctx, await ctx.callbackWatch.faults()),
    ctx.store.deliveryCounts(),
    ctx.store.jobs({ ...filter, limit, before: older }),
    ctx.store.jobs({ done: false, limit: REASONS_OF }),
  ]);
  const last = jobs.length === limit ? jobs.at(-1) : undefined;
  return {
    labs,
    destinations: [...outbox.states()].map(([name, state]) => ({
      name,
      state,
      counts: Object.fromEntries(
        counts.filter((c) => c.destination === name).map(({ state: word, count }) => [word, count]),
      ),
    })),
    waiting: reasonsOf(waiting),
    jobs: await jobRows(jobs, ctx.store),
    filter: { ...where, open },
    older: last === undefined ? undefined : queryOf({ ...query, before: rfc3339(last.receivedAt) }),
  };
}

function reasonsOf(jobs: readonly ListedJob[]): Home['waiting'] {
  const waiting = jobs.flatMap(({ lab, board, reason }) =>
    reason === null ? [] : [{ lab, board, reason: reason.text }],
  );
  const groups = Map.groupBy(waiting, (why) => JSON.stringify(why));
  return [...groups.values()]
    .flatMap((same) => (same[0] === undefined ? [] : [{ ...same[0], count: same.length }]))
    .toSorted((a, b) => b.count - a.count);
}

async function pageOf(record: ListedJob, ctx: HttpPorts): Promise<Html> {
  const [job, attempts] = await Promise.all([jobDetail(record, ctx.store), ctx.store.attempts(record.id)]);
  const lava = ctx.labs.get(record.lab)?.config.lava.url.replace(/\/+$/, '') ?? '';
  return jobPage({
    job,
    verdict: record.verdict ?? undefined,
    lavaUrl: (id) => `${lava}/scheduler/job/${id}`,
    logs: ({ n }) => {
      const attempt = attempts.find((a) => a.n === n);
      if (attempt === undefined || attempt.lavaId === null) return [];
      // Of those that do not count, nothing is published.
      if (record.verdict !== null) return attempt.outcome === null ? logUrls(record, attempt, ctx) : [];
      return n === attempts.length ? [{ name: 'console', url: `${jobPath(job.id)}/log` }] : [];
    },
  });
}
