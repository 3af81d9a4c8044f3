// What people may do on the pages: sign in and out, and orders for jobs, boards and labs. Each is a plain form with a page that
// asks once more, works without script, and is noted with who gave it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sleep } from '../../core/time.ts';
import { cancelJob, dropDeliveries, resendParked, retryJob } from '../../lifecycle/orders.ts';
import { resumeWork } from '../../lifecycle/drains.ts';
import type { ListedJob } from '../../store/index.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import type { HttpPorts } from '../ports.ts';
import { findJob } from '../views.ts';
import type { Page } from './layout.ts';
import { devicePath } from './jobs.ts';
import { jobPath, name } from './parts.ts';
import { isOwnForm, type Sessions, type User } from './sessions.ts';

interface Options {
  ctx: HttpPorts;
  sessions: Sessions;
  send: (request: FastifyRequest, reply: FastifyReply, page: Page) => FastifyReply;
}

const ORDERS = ['retry', 'cancel', 'resend', 'drop'] as const;
type Order = (typeof ORDERS)[number];

interface OfJob {
  Params: { id: string; order: Order };
  Querystring: Record<string, string>;
}

const TEXTS: Readonly<Record<Order, { title: string; what: string }>> = {
  retry: {
    title: 'Retry',
    what: 'Parked deliveries are sent again; a job that was set aside is taken up; what waits goes on now.',
  },
  cancel: { title: 'Cancel', what: 'LAVA is asked to end its job, and the job is reported as cancelled.' },
  resend: { title: 'Send again', what: 'The delivery that was refused is sent once more.' },
  drop: { title: 'Drop', what: 'The delivery is given up, and the job ends without it.' },
};

/** A wrong token costs so long (ms). */
const WRONG = 500;

const Form = z.record(z.string(), z.string());
const Drain = z.object({
  lab: z.string().min(1).max(200),
  board: z.string().max(200).default(''),
  device: z.string().max(200).default(''),
  reason: z.string().max(500).optional(),
});

/** Adds the forms. `app` reads form bodies. */
export function addActions(app: FastifyInstance, { ctx, sessions, send }: Options): void {
  const still = (
    request: FastifyRequest,
    reply: FastifyReply,
    title: string,
    main: Html,
    status = 200,
  ): FastifyReply => send(request, reply.code(status), { title, main, isStill: true });
  const say = (request: FastifyRequest, reply: FastifyReply, status: number, text: Content): FastifyReply =>
    still(
      request,
      reply,
      'Not done',
      html`<h1>Not done</h1>
        <p>${text}</p>`,
      status,
    );

  /** Who may do what changes something; undefined: they were answered. */
  function operator(request: FastifyRequest, reply: FastifyReply): User | undefined {
    const user = sessions.userOf(request);
    if (user?.mayOperate === true) return user;
    if (user !== undefined) say(request, reply, 403, 'Your token is for reading only.');
    else
      void reply.redirect(`/login?${queryOf({ next: request.method === 'GET' ? request.url : '/' })}`, 303);
    return undefined;
  }

  app.addHook('preHandler', async (request, reply) =>
    request.method === 'POST' && !isOwnForm(request)
      ? say(request, reply, 403, 'The form did not come from a page of this bridge.')
      : undefined,
  );

  app.get<{ Querystring: { next?: string } }>('/login', async (request, reply) =>
    still(request, reply, 'Sign in', loginForm(pathOf(request.query.next))),
  );

  app.post('/login', async (request, reply) => {
    const { token = '', next = '/' } = Form.parse(request.body);
    const cookie = sessions.begin(token, request.headers.origin?.startsWith('https:') === true);
    if (cookie !== undefined) return reply.header('set-cookie', cookie).redirect(pathOf(next), 303);
    await sleep(WRONG);
    return still(
      request,
      reply,
      'Sign in',
      loginForm(pathOf(next), 'That is no token of the configuration.'),
      401,
    );
  });

  app.post('/logout', async (request, reply) =>
    reply.header('set-cookie', sessions.end(request)).redirect('/', 303),
  );

  async function ofJob(
    request: FastifyRequest<OfJob>,
    reply: FastifyReply,
    work: (job: ListedJob, user: User) => Promise<FastifyReply>,
  ): Promise<FastifyReply> {
    const user = operator(request, reply);
    if (user === undefined) return reply;
    const job = await findJob(request.params.id, ctx.reader);
    return job === undefined ? say(request, reply, 404, 'There is no such job.') : work(job, user);
  }

  for (const order of ORDERS) {
    app.get<OfJob>(`/jobs/:id/${order}`, (request, reply) =>
      ofJob(request, reply, async (job) =>
        still(request, reply, TEXTS[order].title, confirm(order, job, request.query['delivery'] ?? '')),
      ),
    );
    app.post<OfJob>(`/jobs/:id/${order}`, (request, reply) =>
      ofJob(request, reply, async (job, user) => {
        const { delivery = '' } = Form.parse(request.body);
        const why = await carryOut(order, { job, delivery, user }, ctx);
        return why === undefined ? reply.redirect(jobPath(job.id), 303) : say(request, reply, 409, why);
      }),
    );
  }

  for (const order of ['drain', 'resume'] as const) {
    app.get(`/${order}`, async (request, reply) => {
      if (operator(request, reply) === undefined) return reply;
      return still(request, reply, order, drainForm(order, Drain.parse(request.query)));
    });
    app.post(`/${order}`, async (request, reply) => {
      const user = operator(request, reply);
      if (user === undefined) return reply;
      const { lab, board, device, reason = '' } = Drain.parse(request.body);
      if (!ctx.labs.has(lab)) return say(request, reply, 404, 'There is no such lab.');
      const why = `${reason || 'drained'} (${user.name})`;
      if (order === 'resume') await resumeWork({ lab, board, device }, ctx);
      else if (device === '') await ctx.store.drain(lab, board, why);
      else await ctx.store.drainDevice(lab, device, why, { untilHealthy: false });
      return reply.redirect(device === '' ? '/boards' : devicePath(lab, device), 303);
    });
  }
}

/** Gives the order; says why it was not carried out, if so. */
async function carryOut(
  order: Order,
  { job, delivery, user }: { job: ListedJob; delivery: string; user: User },
  ctx: HttpPorts,
): Promise<string | undefined> {
  if (order === 'cancel')
    return (await cancelJob(job, `cancelled by ${user.name}`, ctx, user.name))
      ? undefined
      : 'The job has ended, or is being cancelled.';
  if (order === 'drop') {
    const dropped = await dropDeliveries(job, delivery, { why: 'dropped on the pages', by: user.name }, ctx);
    return dropped.length > 0 ? undefined : 'There is no such delivery that has not ended.';
  }
  if (order === 'resend')
    return (await resendParked(job, ctx, user.name, delivery)) > 0
      ? undefined
      : 'There is no such delivery that is parked.';
  const what = await retryJob(job, ctx, user.name);
  if (what === undefined) return 'There is nothing to retry: it waits for nothing and no delivery is parked.';
  return undefined;
}

/** Only places of ours, as a header can hold them: whoever leads here with a link does not lead away. */
function pathOf(next: string | undefined): string {
  return next !== undefined && /^\/(?!\/)[!-[\]-~]*$/.test(next) ? next : '/';
}

function loginForm(next: string, problem?: string): Html {
  return html`<h1>Sign in</h1>
    ${problem === undefined ? '' : html`<p role="alert"><span class="word fail">${problem}</span></p>`}
    <form class="line" method="post" action="/login">
      <input type="hidden" name="next" value="${next}" />
      <label
        >Token (http.token or one of http.tokens)
        <input type="password" name="token" autocomplete="current-password" required
      /></label>
      <button class="main" type="submit">Sign in</button>
    </form>`;
}

function confirm(order: Order, job: ListedJob, delivery: string): Html {
  const { title, what } = TEXTS[order];
  return html`<h1>${title}: ${name(job.name)} on ${name(job.board)}</h1>
    <p>${what}</p>
    <form class="line" method="post" action="${jobPath(job.id)}/${order}">
      ${delivery === '' ? '' : html`<input type="hidden" name="delivery" value="${delivery}" />`}
      <button class="main" type="submit">${title}</button>
      <a class="button" href="${jobPath(job.id)}">Leave it as it is</a>
    </form>`;
}

function drainForm(order: 'drain' | 'resume', { lab, board, device }: z.infer<typeof Drain>): Html {
  const which = device || board;
  const what = which === '' ? html`the lab ${name(lab)}` : html`${name(which)} in ${name(lab)}`;
  return html`<h1>${order === 'drain' ? 'Drain' : 'Resume'} ${what}</h1>
    <p>${order === 'drain' ? 'Nothing new is let in; what runs goes on.' : 'New jobs are let in again.'}</p>
    <form class="line" method="post" action="/${order}">
      <input type="hidden" name="lab" value="${lab}" /><input type="hidden" name="board" value="${board}" />
      <input type="hidden" name="device" value="${device}" />
      ${order === 'drain' ? html`<label>Why <input name="reason" maxlength="400" /></label>` : ''}
      <button class="main" type="submit">${order === 'drain' ? 'Drain' : 'Resume'}</button>
      <a class="button" href="/boards">Leave it as it is</a>
    </form>`;
}
