// LAVA's notify callbacks. One is answered 2xx only after it is on disk; LAVA sends it once, and waits five seconds
// at most while its worker waits too, so nothing else is done here. The log in it may be a hundred times the rest: it
// goes to a file of its own, piece by piece, so that it holds up nobody.
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ErrorCode } from '../core/error-codes.ts';
import type { Clock } from '../core/time.ts';
import { LAVA_STATES } from '../lava/model.ts';
import { blobFolder, type AttemptRecord, type Blobs, type Store } from '../store/index.ts';
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
  blobs: Blobs;
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
  log: z.unknown().optional(),
});

interface Route {
  Params: { key: string };
}

/** Adds `POST /callback/<lab>/<job key>`, a route for each lab with that lab's limit. */
export function addCallbacks(app: FastifyInstance, options: Options): void {
  const { labs, store, blobs, counters, log, wake, now, refused } = options;

  function refuse(reply: FastifyReply, status: number, error: ErrorCode, message: string): FastifyReply {
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
    if (job.done || job.stage === 'finished' || job.stage === 'judged' || isOver(id, attempts)) {
      await store.note(job.id, [{ kind: 'callback', text: `${text}, told after the evidence was stored` }]);
    } else {
      // On LAVA 2023.01 the token stands in the body as well, and it opens LAVA's API.
      const { token: _token, log: lavaLog, ...body } = parsed.data;
      const packed = await zip(JSON.stringify(body), { level: constants.Z_BEST_SPEED });
      const callback = {
        jobId: job.id,
        lavaId: id,
        state,
        body: packed,
        // What it says of a job that goes on is of no use.
        log: state === 'Finished' && typeof lavaLog === 'string' ? await keep(lavaLog, job.id, blobs) : null,
      };
      await store.addCallback(callback, now() + COMMIT_PAUSE, [{ kind: 'callback', text }]);
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

/** Gives the name of the blob. It lies with what else is kept of the job, and goes with it. */
async function keep(log: string, jobId: string, blobs: Blobs): Promise<string | null> {
  if (log === '') return null;
  const name = `${blobFolder(jobId)}/callback-${randomUUID()}.yaml.gz`;
  await blobs.put(name, pieces(log));
  return name;
}

const PIECE = 1024 * 1024;

function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + PIECE, text.length);
    // A character of two code units stays whole.
    if ((text.charCodeAt(to - 1) & 0xfc00) === 0xd800 && to < text.length) to += 1;
    yield text.slice(from, to);
    from = to;
  }
}

/** All that LAVA can tell of the attempt is stored; the job may be at a further one, or wait for it. */
function isOver(lavaId: number, attempts: readonly AttemptRecord[]): boolean {
  return attempts.some((a) => a.lavaId === lavaId && a.finishedAt !== null);
}

/** Until LAVA's answer to a submission is stored, the submission key in the job's name tells whose it is. */
function belongs(lavaId: number, description: string, attempts: readonly AttemptRecord[]): boolean {
  if (attempts.some((a) => a.lavaId === lavaId)) return true;
  return attempts.some(
    (a) => a.lavaId === null && a.intentAt !== null && description.includes(a.submissionKey),
  );
}
