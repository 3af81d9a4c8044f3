// LAVA's notify callbacks. One is answered 2xx only after it is on disk; LAVA sends it once, and waits five seconds
// at most while its worker waits too, so nothing else is done here.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../base/time.ts';
import { LAVA_STATES } from '../lava/model.ts';
import type { AttemptRecord, Store } from '../store/index.ts';
import { sameSecret } from './auth.ts';
import type { Counters } from './counters.ts';

/** One lab's side of its callbacks. */
export interface CallbackLab {
  name: string;
  /** In lower case, as Node names headers. */
  header: string;
  token: string;
  tokenName: string;
  /** Bytes. */
  maxBody: number;
}

interface Options {
  labs: ReadonlyMap<string, CallbackLab>;
  store: Store;
  counters: Counters;
  log: Logger;
  wake: (lab: string) => void;
  now: Clock;
  /** By lab: why its callbacks are refused, until one is accepted. */
  refused: Map<string, string>;
}

/** LAVA commits what a callback tells when it has our answer (2023.01); to look before that shows the old state. */
const COMMIT_PAUSE = 300;

const zip = promisify(gzip);

// Only what decides here; the whole body is read where it is worked up.
const Body = z.looseObject({
  id: z.number().int().positive(),
  state_string: z.enum(LAVA_STATES),
  description: z.string().nullish(),
});

interface Route {
  Params: { key: string };
}

/** Adds `POST /callback/<lab>/<job key>`, a route for each lab with that lab's limit. */
export function addCallbacks(
  app: FastifyInstance,
  { labs, store, counters, log, wake, now, refused }: Options,
): void {
  function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
    counters.callback(error);
    return reply.code(status).send({ error, message });
  }

  function unauthorized(reply: FastifyReply): FastifyReply {
    return refuse(reply, 401, 'unauthorized', 'the callback does not carry the lab’s token');
  }

  function mayEnter(lab: CallbackLab, header: string | string[] | undefined): boolean {
    const given = typeof header === 'string' ? header : '';
    if (sameSecret(given, lab.token)) return true;
    if (sameSecret(given, lab.tokenName) && !refused.has(lab.name)) {
      const why = `LAVA sent the name ${lab.tokenName} in place of the token: the user who submits has no token of that name there`;
      refused.set(lab.name, why);
      log.error({ lab: lab.name }, why);
    }
    return false;
  }

  async function accept(
    lab: CallbackLab,
    request: FastifyRequest<Route>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const job = await store.job(`${lab.name}:${request.params.key}`);
    if (!job) return refuse(reply, 404, 'unknown_job', 'no such job');
    const parsed = Body.safeParse(request.body);
    if (!parsed.success) return refuse(reply, 400, 'bad_body', 'not the body of a LAVA callback');
    const { id, state_string: state, description } = parsed.data;
    const attempts = await store.attempts(job.id);
    if (!belongs(id, description ?? '', attempts)) {
      return refuse(reply, 409, 'other_job', `LAVA job ${id} is no attempt of this job`);
    }
    const text = `callback: LAVA job ${id} is ${state}`;
    if (job.done === 1 || job.stage === 'finished' || job.stage === 'judged' || isOver(id, attempts)) {
      await store.note(job.id, [{ kind: 'callback', text: `${text}, told after the evidence was stored` }]);
    } else {
      // On LAVA 2023.01 the token stands in the body as well, and it opens LAVA's API.
      const { token: _token, ...body } = parsed.data;
      const packed = await zip(JSON.stringify(body), { level: constants.Z_BEST_SPEED });
      await store.addCallback({ jobId: job.id, lavaId: id, state, body: packed }, now() + COMMIT_PAUSE, [
        { kind: 'callback', text },
      ]);
      wake(lab.name);
    }
    refused.delete(lab.name);
    counters.callback('accepted');
    return reply.code(200).send({ status: 'stored' });
  }

  for (const lab of labs.values()) {
    app.route<Route>({
      method: 'POST',
      url: `/callback/${lab.name}/:key`,
      bodyLimit: lab.maxBody,
      // Before the body is read: nobody without the token makes us read one.
      onRequest: async (request, reply) =>
        mayEnter(lab, request.headers[lab.header]) ? undefined : unauthorized(reply),
      handler: (request, reply) => accept(lab, request, reply),
    });
  }
  app.post(
    '/callback/:lab/:key',
    { onRequest: async (_request, reply) => unauthorized(reply) },
    () => undefined,
  );
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: '/callback/:lab/:key',
    handler: async (_request, reply) => {
      reply.header('allow', 'POST');
      return refuse(
        reply,
        405,
        'method_not_allowed',
        'LAVA is to POST its callbacks (notify.callback.method)',
      );
    },
  });
}

/** All that LAVA can tell of the attempt is stored; the job may be at a further one, or wait for it. */
function isOver(lavaId: number, attempts: readonly AttemptRecord[]): boolean {
  return attempts.some((a) => a.lavaId === lavaId && a.finishedAt !== null);
}

/** Until LAVA's answer to a submission is stored, the mark in the job's name tells whose it is. */
function belongs(lavaId: number, description: string, attempts: readonly AttemptRecord[]): boolean {
  if (attempts.some((a) => a.lavaId === lavaId)) return true;
  return attempts.some((a) => a.lavaId === null && a.intentAt !== null && description.includes(a.mark));
}
