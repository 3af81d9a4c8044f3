// The status pages, made here, whole, from the same views as the API's answers. A small script fetches a page again when
// something changed (pages/live.js); without it they load themselves again.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { rfc3339 } from '../../core/time.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { LiveLog } from '../../lifecycle/live-log.ts';
import { logUrls } from '../../reporting/logs.ts';
import { STAGES, type ListedJob } from '../../store/index.ts';
import { html, queryOf, type Html } from '../html.ts';
import { sendLog } from '../log-answer.ts';
import { labsView, type BoardsView } from '../overview.ts';
import type { HttpPorts } from '../ports.ts';
import { findJob, jobDetail, jobRow } from '../views.ts';
import { loadAssets } from './assets.ts';
import { boardsPage } from './boards.ts';
import { jobPage } from './job.ts';
import { jobsPage, type Jobs } from './jobs.ts';
import { layout, type Page } from './layout.ts';
import { overviewPage, type Overview } from './overview.ts';
import { jobPath } from './parts.ts';

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

const JobsQuery = z.object({
  lab: z.string().min(1).optional().catch(undefined),
  board: z.string().min(1).optional().catch(undefined),
  stage: z.enum(STAGES).optional().catch(undefined),
  open: z.stringbool().optional().catch(undefined),
  before: z.iso.datetime({ offset: true }).optional().catch(undefined),
});
type JobsQuery = z.infer<typeof JobsQuery>;

/** Nothing but our own style, script, pictures and socket is loaded or run. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function addPages(app: FastifyInstance, { ctx, outbox, boards, liveLog }: Options): void {
  const assets = loadAssets();
  assets.addTo(app);

  function send(reply: FastifyReply, page: Page): FastifyReply {
    const frame = { instance: ctx.config.instance, user: undefined, canSignIn: false, assets };
    return reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      .send(layout(page, frame).text);
  }

  app.get('/', async (_request, reply) => {
    const main = overviewPage(await overview({ ctx, outbox }));
    return send(reply, { title: 'Overview', place: '/', main });
  });

  app.get('/jobs', async (request, reply) => {
    const main = jobsPage(await jobs(JobsQuery.parse(request.query), ctx));
    return send(reply, { title: 'Jobs', place: '/jobs', main });
  });

  app.get('/boards', async (_request, reply) =>
    send(reply, { title: 'Boards', place: '/boards', main: boardsPage(await boards.boards()) }),
  );

  app.get<ById>('/jobs/:id', async (request, reply) => {
    const job = await findJob(request.params.id, ctx.store);
    if (!job)
      return send(reply.code(404), {
        title: 'No such job',
        main: html`<h1>There is no such job.</h1>`,
        isStill: true,
      });
    return send(reply, { title: job.name, place: '/jobs', main: await pageOf(job, ctx), job: job.id });
  });

  app.get<ById>('/jobs/:id/log', async (request, reply) => {
    const job = await findJob(request.params.id, ctx.store);
    if (!job) return reply.code(404).send({ error: 'unknown_job', message: 'no such job' });
    return sendLog(liveLog, job.id, { follow: !job.done, raw: false }, request, reply);
  });
}

async function overview({ ctx, outbox }: Pick<Options, 'ctx' | 'outbox'>): Promise<Overview> {
  const [labs, counts, waiting] = await Promise.all([
    labsView(ctx, await ctx.callbackWatch.faults()),
    ctx.store.deliveryCounts(),
    ctx.store.jobs({ done: false, limit: REASONS_OF }),
  ]);
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
  };
}

async function jobs(query: JobsQuery, { store }: Pick<HttpPorts, 'store'>): Promise<Jobs> {
  const { before, open, ...where } = query;
  const filter = { ...where, ...(open === true ? { done: false } : {}) };
  const limit = JOBS;
  const older = before === undefined ? undefined : Date.parse(before);
  const found = await store.jobs({ ...filter, limit, before: older });
  const last = found.length === limit ? found.at(-1) : undefined;
  return {
    jobs: found.map(jobRow),
    filter: { ...where, open },
    older: last === undefined ? undefined : queryOf({ ...query, before: rfc3339(last.receivedAt) }),
  };
}

function reasonsOf(jobs: readonly ListedJob[]): Overview['waiting'] {
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
