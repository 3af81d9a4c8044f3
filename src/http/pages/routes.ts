// The status pages, made here, whole, from what the reader says of the store: no page waits for another system, and reading
// costs the jobs nothing. A small script fetches a page again when something changed (pages/live.js); without it they load
// themselves again.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HOUR, SECOND } from '../../core/time.ts';
import type { LiveLog } from '../../lifecycle/live-log.ts';
import type { AttemptRecord, ListedJob } from '../../store/index.ts';
import { packed, packingFor } from '../file-answer.ts';
import { html, type Html } from '../html.ts';
import { goneSignal, sendLog } from '../log-answer.ts';
import type { BoardsView } from '../overview.ts';
import type { HttpPorts } from '../ports.ts';
import { createQueue } from '../queue.ts';
import { addActions } from './actions.ts';
import { jobsCsv } from '../jobs-csv.ts';
import { loadAssets } from './assets.ts';
import { boardPage, boardsPage } from './boards.ts';
import type { PageParts } from './deps.ts';
import { devicePage } from './device.ts';
import { comparePage, issuePage, issuesPage } from './issues.ts';
import { findJob, jobPage } from './job.ts';
import { findJobs, jobsPage, JobsQuery, MOST_ROWS } from './jobs.ts';
import { layout, type Page } from './layout.ts';
import { growingLog, logIntro, searchLog, storedLog } from './log.ts';
import { overviewPage } from './overview.ts';
import type { Sessions } from './sessions.ts';

interface Options {
  ctx: HttpPorts;
  boards: BoardsView;
  liveLog: LiveLog;
  sessions: Sessions;
}

interface ById {
  Params: { id: string };
}

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

/** Logs that are searched at a time, each as a whole; those that wait for their turn, and how long (ms). */
const SEARCHES = { width: 2, most: 50, waitMs: 10 * SECOND };

/** Bytes of a form. */
const FORM = 8192;

/** Adds the pages to a server. */
export function addPages(app: FastifyInstance, options: Options): void {
  const assets = loadAssets();
  assets.addTo(app);
  const { ctx, sessions } = options;

  function frameOf(request: FastifyRequest, reply: FastifyReply, page: Page): string {
    reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      // Not no-referrer: browsers then do not say where a form comes from.
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    const user = sessions.userOf(request)?.name;
    return layout(page, { instance: ctx.config.instance, user, canSignIn: sessions.isOpen(), assets }).text;
  }

  function send(request: FastifyRequest, reply: FastifyReply, page: Page): FastifyReply {
    const text = frameOf(request, reply, page);
    const packing = packingFor(request.headers['accept-encoding']);
    if (packing === undefined) return reply.send(text);
    reply.headers({ 'content-encoding': packing, vary: 'accept-encoding' });
    return reply.send(packed(Readable.from([text]), packing));
  }

  // Bodies of forms are read here alone: the API takes JSON, whatever it is called.
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    addLists(scope, options, send);
    addJobs(scope, options, send, frameOf);
    addActions(scope, { ctx, sessions, send });
  });
}

type Send = (request: FastifyRequest, reply: FastifyReply, page: Page) => FastifyReply;

function partsOf(request: FastifyRequest, { ctx, boards, sessions }: Options): PageParts {
  return { ctx, boards, user: sessions.userOf(request) };
}

function addLists(app: FastifyInstance, options: Options, send: Send): void {
  const { ctx } = options;
  const parts = (request: FastifyRequest): PageParts => partsOf(request, options);
  const orNone = (
    request: FastifyRequest,
    reply: FastifyReply,
    main: Html | undefined,
    page: Omit<Page, 'main'>,
  ): FastifyReply =>
    main === undefined
      ? send(request, reply.code(404), {
          title: 'Not here',
          main: html`<h1>There is nothing of that name here.</h1>`,
          isStill: true,
        })
      : send(request, reply, { ...page, main });

  app.get('/', async (request, reply) =>
    send(request, reply, {
      title: 'Overview',
      place: '/',
      main: await overviewPage(parts(request)),
      hasPlots: true,
    }),
  );
  app.get('/boards', async (request, reply) =>
    send(request, reply, { title: 'Boards', place: '/boards', main: await boardsPage(parts(request)) }),
  );
  app.get<{ Params: { board: string } }>('/boards/:board', async (request, reply) => {
    const { board } = request.params;
    return orNone(request, reply, await boardPage(board, parts(request)), { title: board, place: '/boards' });
  });
  app.get<{ Params: { lab: string; device: string } }>(
    '/labs/:lab/devices/:device',
    async (request, reply) => {
      const { lab, device } = request.params;
      const main = ctx.labs.has(lab)
        ? await devicePage(lab, device, request.query, parts(request))
        : undefined;
      return orNone(request, reply, main, { title: device, place: '/boards' });
    },
  );
  app.get('/issues', async (request, reply) =>
    send(request, reply, {
      title: 'Issues',
      place: '/issues',
      main: await issuesPage(request.query, parts(request)),
    }),
  );
  app.get<{ Params: { signature: string } }>('/issues/:signature', async (request, reply) =>
    orNone(request, reply, await issuePage(request.params.signature, parts(request)), {
      title: 'Issue',
      place: '/issues',
    }),
  );
  app.get('/compare', async (request, reply) =>
    send(request, reply, {
      title: 'Compare',
      place: '/compare',
      main: await comparePage(request.query, parts(request)),
      isStill: true,
    }),
  );
  app.get('/jobs', async (request, reply) =>
    send(request, reply, {
      title: 'Jobs',
      place: '/jobs',
      main: await jobsPage(JobsQuery.parse(request.query), ctx.reader),
    }),
  );
  app.get('/jobs.csv', async (request, reply) => {
    const { rows } = await findJobs(JobsQuery.parse(request.query), ctx.reader, MOST_ROWS);
    return reply
      .headers({
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="jobs.csv"',
        'x-content-type-options': 'nosniff',
      })
      .send(jobsCsv(rows));
  });
  app.get('/jobs.json', async (request) => {
    const { rows } = await findJobs(JobsQuery.parse(request.query), ctx.reader, MOST_ROWS);
    return { jobs: rows };
  });
}

const LogQuery = z.object({
  q: z.string().min(1).max(200).optional().catch(undefined),
  line: z.coerce.number().int().min(1).max(100_000_000).optional().catch(undefined),
});

function addJobs(
  app: FastifyInstance,
  options: Options,
  send: Send,
  frameOf: (...args: Parameters<Send>) => string,
): void {
  const { ctx, liveLog } = options;
  const searches = createQueue(SEARCHES);

  async function withJob(
    request: FastifyRequest<ById>,
    reply: FastifyReply,
    work: (job: ListedJob) => Promise<FastifyReply>,
  ): Promise<FastifyReply> {
    const job = await findJob(request.params.id, ctx.reader);
    if (job !== undefined) return work(job);
    return send(request, reply.code(404), {
      title: 'No such job',
      main: html`<h1>There is no such job.</h1>`,
      isStill: true,
    });
  }

  /** The attempt whose log is shown: the one that counts, or the last. */
  const shownAttempt = async (job: ListedJob): Promise<AttemptRecord | undefined> => {
    const attempts = await ctx.reader.attempts(job.id);
    return attempts.findLast(({ lavaId, outcome }) => lavaId !== null && outcome === null) ?? attempts.at(-1);
  };

  app.get<ById>('/jobs/:id', (request, reply) =>
    withJob(request, reply, async (job) => {
      const main = await jobPage(job, request.query, partsOf(request, options));
      return send(request, reply, { title: job.name, place: '/jobs', main, job: job.id });
    }),
  );

  app.get<ById>('/jobs/:id/log', (request, reply) =>
    withJob(request, reply, async (job) => {
      const attempt = await shownAttempt(job);
      const { q, line } = LogQuery.parse(request.query);
      const page = { title: `Log of ${job.name}`, place: '/jobs', isStill: true, isLog: true } as const;
      if (attempt === undefined)
        return send(request, reply, {
          ...page,
          main: html`${logIntro(job, attempt)}
            <p>There is no log yet.</p>`,
        });
      const isStored = attempt.log !== null;
      const busy = (): FastifyReply => reply.code(503).send('too many read logs at the moment');
      if (isStored && q !== undefined) {
        const endTurn = await searches.turn();
        if (endTurn === undefined) return busy();
        try {
          return send(request, reply, { ...page, main: await searchLog(job, attempt, q, ctx) });
        } finally {
          endTurn();
        }
      }
      const frame = frameOf(request, reply, { ...page, main: logIntro(job, attempt) });
      const anchor = line !== undefined && line > 10_000 ? line - 1 : undefined;
      const gone = goneSignal(reply);
      const growing = isStored
        ? undefined
        : liveLog.open(job.id, { follow: !job.done, raw: false, signal: gone });
      if (isStored ? !liveLog.takePlace(gone) : growing === undefined) return busy();
      if (growing !== undefined) request.raw.socket.setTimeout(HOUR);
      const text = Readable.from(
        growing === undefined
          ? storedLog({ frame, job, attempt }, anchor, ctx)
          : growingLog({ frame }, growing),
        { objectMode: false },
      );
      const packing = packingFor(request.headers['accept-encoding']);
      if (packing === undefined) return reply.send(text);
      reply.headers({ 'content-encoding': packing, vary: 'accept-encoding' });
      return reply.send(packed(text, packing, growing !== undefined));
    }),
  );

  app.get<ById>('/jobs/:id/log.txt', (request, reply) =>
    withJob(request, reply, async (job) =>
      sendLog(liveLog, job.id, { follow: !job.done, raw: false }, request, reply),
    ),
  );
}
