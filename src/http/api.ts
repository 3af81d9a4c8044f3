// The admin's API: requests in, jobs and what is known of them out. What changes something needs the bearer token.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BridgeError, RequestError } from '../core/errors.ts';
import { rfc3339, SECOND } from '../core/time.ts';
import { programVersion } from '../core/version.ts';
import type { HttpPorts } from './ports.ts';
import type { LiveLog } from '../lifecycle/live-log.ts';
import { receive } from '../intake/receive.ts';
import { cancelJob, dropDeliveries, retryJob } from '../lifecycle/orders.ts';
import { resumeWork } from '../lifecycle/drains.ts';
import { rejudgeJob } from '../lifecycle/rejudge.ts';
import { JobRequest, type Source } from '../maestro/request.ts';
import type { Drain, ListedJob } from '../store/index.ts';
import { refuse, refuseBusy, type Guards } from './auth.ts';
import type { Counters } from './counters.ts';
import { createQueue } from './queue.ts';
import { addLists } from './lists.ts';
import { sendLog } from './log-answer.ts';
import { openApi } from './openapi.ts';
import { daemonsView, labsView, partView, type BoardsView } from './overview.ts';
import { DrainBody, DropBody, LogQuery, RejudgeBody, Why } from './queries.ts';
import { invalid } from './refusals.ts';

import { deliveryView, findJob, jobDetail, jobRow } from './views.ts';

interface Options {
  ctx: HttpPorts;
  counters: Counters;
  guards: Guards;
  boards: BoardsView;
  liveLog: LiveLog;
}

interface ById {
  Params: { id: string };
}

/** Requests whose bodies are in memory at a time, those that wait for their turn, and how long (ms). */
const QUEUE = { width: 2, most: 200, waitMs: 10 * SECOND };

/** Adds all routes of the API. */
export function addApi(app: FastifyInstance, options: Options): void {
  let description: object | undefined;
  app.get('/api/v1/openapi.json', async () => (description ??= openApi(programVersion())));
  addRequests(app, options);
  addLists(app, options.ctx);
  addJob(app, options);
  addRejudging(app, options);
  addLabs(app, options);
}

/** What comes by our own commands says so. */
function wayOf({ headers }: FastifyRequest): Source {
  const way = headers['x-lava-bridge-source'];
  return way === 'hand' || way === 'test' ? way : 'push';
}

/** Requests that come in: `POST /api/v1/requests`. */
function addRequests(app: FastifyInstance, options: Options): void {
  const { ctx, counters, guards } = options;
  const queue = createQueue(QUEUE);

  /** Before the body is read. */
  async function takeTurn(_request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const endTurn = await queue.turn();
    if (endTurn === undefined) return refuseBusy(reply, 'too many requests at once; send it later');
    if (reply.raw.closed) endTurn();
    else reply.raw.once('close', endTurn);
    return undefined;
  }

  async function take(source: Source, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const parsed = JobRequest.safeParse(request.body);
    if (!parsed.success) {
      counters.request('invalid');
      return invalid(reply, parsed.error);
    }
    try {
      const { job, isNew, refusal } = await receive(source, parsed.data, ctx);
      counters.request(refusal ? 'rejected' : isNew ? 'received' : 'known');
      if (refusal) {
        return await reply
          .code(422)
          .send({ error: refusal.code, message: refusal.message, field: refusal.field, id: job.id });
      }
      return await reply.code(isNew ? 202 : 200).send(jobRow(job));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      counters.request('rejected');
      return refuse(reply, 422, error.code, error.message, error.field);
    }
  }

  app.post(
    '/api/v1/requests',
    { onRequest: [guards.operate, takeTurn], bodyLimit: ctx.config.requests.max_size },
    (request, reply) => take(wayOf(request), request, reply),
  );
}

async function withJob(
  { reader }: Pick<HttpPorts, 'reader'>,
  request: FastifyRequest<ById>,
  reply: FastifyReply,
  work: (job: ListedJob) => Promise<unknown>,
): Promise<unknown> {
  const job = await findJob(request.params.id, reader);
  return job ? work(job) : refuse(reply, 404, 'unknown_job', `no job ${JSON.stringify(request.params.id)}`);
}

/** One job: what is known of it, its log, and orders. */
function addJob(app: FastifyInstance, options: Options): void {
  const { ctx, liveLog, guards } = options;
  const guard = { onRequest: guards.operate };

  app.get<ById>('/api/v1/jobs/:id', (request, reply) =>
    withJob(ctx, request, reply, (job) => jobDetail(job, ctx.reader)),
  );

  app.get<ById>('/api/v1/jobs/:id/log', (request, reply) =>
    withJob(ctx, request, reply, async (job) => {
      const query = LogQuery.safeParse(request.query);
      if (!query.success) return invalid(reply, query.error);
      const { follow = false, raw = false } = query.data;
      return sendLog(liveLog, job.id, { follow, raw }, request, reply);
    }),
  );

  app.post<ById>('/api/v1/jobs/:id/cancel', guard, (request, reply) =>
    withJob(ctx, request, reply, async (job) => {
      const body = Why.safeParse(request.body);
      if (!body.success) return invalid(reply, body.error);
      const by = guards.nameOf(request);
      const done = await cancelJob(job, body.data?.reason ?? `cancelled by ${by}`, ctx, by);
      if (done) noteOrder(options, request, 'cancel', { job: job.id });
      return done
        ? reply.code(202).send({ id: job.id })
        : refuse(reply, 409, 'done', `${job.id} has ended, or is being cancelled`);
    }),
  );

  app.post<ById>('/api/v1/jobs/:id/retry', guard, (request, reply) =>
    withJob(ctx, request, reply, async (job) => {
      const what = await retryJob(job, ctx, guards.nameOf(request));
      if (what !== undefined) noteOrder(options, request, 'retry', { job: job.id, what });
      return what === undefined
        ? refuse(
            reply,
            409,
            'nothing',
            `${job.id} has nothing to retry: it waits for nothing and no delivery is parked`,
          )
        : reply.code(202).send({ id: job.id, retried: what });
    }),
  );

  app.post<ById>('/api/v1/jobs/:id/drop-delivery', guard, (request, reply) =>
    withJob(ctx, request, reply, async (job) => {
      const body = DropBody.safeParse(request.body);
      if (!body.success) return invalid(reply, body.error);
      const by = guards.nameOf(request);
      const { delivery, reason = `dropped by ${by}` } = body.data;
      const dropped = await dropDeliveries(job, String(delivery), { why: reason, by }, ctx);
      if (dropped.length > 0) noteOrder(options, request, 'drop-delivery', { job: job.id, delivery });
      return dropped.length === 0
        ? refuse(reply, 409, 'nothing', `${job.id} has no delivery ${delivery} that has not ended`)
        : reply.code(200).send({ id: job.id, dropped: dropped.map(deliveryView) });
    }),
  );
}

/** Consoles are read one at a time: jobs that run come first. */
const REJUDGING = { width: 1, most: 20, waitMs: 20 * SECOND };

/** Judging again what was reported: `POST /api/v1/jobs/{id}/rejudge`. */
function addRejudging(app: FastifyInstance, options: Options): void {
  const { ctx, guards } = options;
  const queue = createQueue(REJUDGING);
  app.post<ById>('/api/v1/jobs/:id/rejudge', { onRequest: guards.operate }, (request, reply) =>
    withJob(ctx, request, reply, async (job) => {
      const body = RejudgeBody.safeParse(request.body ?? {});
      if (!body.success) return invalid(reply, body.error);
      const endTurn = await queue.turn();
      if (endTurn === undefined) return refuseBusy(reply, 'too many jobs are judged again at once');
      try {
        const report = body.data.report ? { by: guards.nameOf(request) } : undefined;
        const { changes, stored } = await rejudgeJob(job, report, ctx);
        if (stored) noteOrder(options, request, 'rejudge', { job: job.id });
        return { id: job.id, changes, stored };
      } catch (error) {
        if (error instanceof BridgeError && (error.code === 'not_judged' || error.code === 'evidence_gone'))
          return refuse(reply, 409, error.code, error.message);
        throw error;
      } finally {
        endTurn();
      }
    }),
  );
}

/** Labs and boards, and whether they take new jobs. */
function addLabs(app: FastifyInstance, options: Options): void {
  const { ctx, boards, guards } = options;
  app.get('/api/v1/labs', async () => ({
    labs: await labsView(ctx, await ctx.parts()),
    daemons: daemonsView(ctx),
  }));
  app.get('/api/v1/parts', async () => ({
    parts: (await ctx.parts()).map((part) => ({
      ...partView(part, ctx.now()),
      since: rfc3339(part.since),
      why: part.why ?? null,
    })),
  }));
  app.get('/api/v1/boards', async () => ({ boards: await boards.boards() }));

  for (const order of ['drain', 'resume'] as const) {
    app.post(`/api/v1/${order}`, { onRequest: guards.operate }, async (request, reply) => {
      const body = DrainBody.safeParse(request.body);
      if (!body.success) return invalid(reply, body.error);
      const { lab, board = '', device = '', reason = `drained by ${guards.nameOf(request)}` } = body.data;
      if (!ctx.labs.has(lab))
        return refuse(reply, 404, 'unknown_lab', `no lab ${JSON.stringify(lab)}`, 'lab');
      if (order === 'drain') {
        if (device === '') await ctx.store.drain(lab, board, reason);
        else await ctx.store.drainDevice(lab, device, reason, { untilHealthy: false });
      } else if (!(await resumeWork({ lab, board, device }, ctx))) {
        return refuse(reply, 409, 'not_drained', 'it was not drained');
      }
      const what = { lab, board, device };
      noteOrder(options, request, order, { ...what, ...(order === 'drain' ? { reason } : {}) });
      return reply.code(200).send({ ...what, known: isKnown(what, ctx) });
    });
  }
}

/** What is not known may be drained all the same: jobs by LAVA pull name what they like, and LAVA may not have answered yet. */
function isKnown({ lab, board, device }: Pick<Drain, 'lab' | 'board' | 'device'>, ctx: HttpPorts): boolean {
  if (device === '') return board === '' || ctx.boards.find(board, lab) !== undefined;
  const inventory = ctx.labs.get(lab)?.knownInventory()?.inventory;
  return inventory?.boards.some(({ name }) => name === device) === true;
}

/** The journal says who gave an order, and from where. */
function noteOrder(
  { ctx, guards }: Pick<Options, 'ctx' | 'guards'>,
  request: FastifyRequest,
  order: string,
  about: object,
): void {
  ctx.log.info({ order, ...about, by: guards.nameOf(request), address: request.ip }, 'an order was given');
}
