// LAVA's notify callbacks. One is answered 2xx only after it is on disk; LAVA sends it once, and waits five seconds at
// most while its worker waits too, so nothing else is done here. Bodies are read in pieces, a few at a time: what one
// costs does not depend on how large it is, and the rest waits or is refused.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ErrorCode } from '../core/error-codes.ts';
import { errorText, TemporaryError } from '../core/errors.ts';
import type { ReasonCode } from '../core/reason-codes.ts';
import { SECOND, type Clock } from '../core/time.ts';
import { LAVA_STATES } from '../lava/model.ts';
import {
  blobFolder,
  type AttemptRecord,
  type Blobs,
  type CallbackRecord,
  type JobRecord,
  type Store,
} from '../store/index.ts';
import type { CallbackWatch } from '../lifecycle/callback-watch.ts';
import { refuseBusy, sameSecret } from './auth.ts';
import { CallbackBody, CallbackBodyError } from './callback-body.ts';
import type { Counters } from './counters.ts';
import { createQueue } from './queue.ts';

/** One lab's side of its callbacks. */
export interface CallbackLab {
  name: string;
  /** In lower case, as Node names headers. */
  header: string;
  token: string;
  tokenName: string;
  /** Bytes. */
  maxBody: number;
  /** Whether what a callback says may count as evidence. If not, it only says that it is time to ask LAVA. */
  isEvidence: () => boolean;
}

interface Options {
  labs: ReadonlyMap<string, CallbackLab>;
  store: Pick<Store, 'job' | 'attempts' | 'callbacks' | 'addCallback' | 'note' | 'timeline' | 'wake'>;
  blobs: Pick<Blobs, 'put' | 'remove'>;
  counters: Counters;
  log: Logger;
  wake: (lab: string) => void;
  now: Clock;
  callbackWatch: Pick<CallbackWatch, 'refused' | 'accepted'>;
}

/** LAVA commits what a callback reports when it has our answer (2023.01); to look before that shows the old state. */
const COMMIT_PAUSE = 300;
/**
 * Bodies that are read at a time, those of one lab among them, requests that wait for their turn, and how long (ms): LAVA
 * waits five seconds.
 */
const QUEUE = { width: 4, ofOne: 3, most: 500, waitMs: 3 * SECOND };
/** The first one that says Finished, and one that says otherwise: that they differ is all that has to be known. */
const MOST_KEPT = 2;

const zip = promisify(gzip);

// Only what decides here; the rest is read where it is worked up.
const Body = z.looseObject({
  id: z.number().int().positive(),
  state_string: z.enum(LAVA_STATES),
  description: z.string().nullish(),
});
type Body = z.infer<typeof Body>;

interface Received {
  body: Body;
  /** Of the log, which is stored apart; undefined: there was none. */
  logHash: string | undefined;
}

interface Route {
  Params: { key: string };
}

/** Adds `POST /callback/<lab>/<job key>`, a route for each lab with that lab's limit. */
export function addCallbacks(app: FastifyInstance, options: Options): void {
  const { labs, store, blobs, counters, log, wake, now, callbackWatch } = options;
  const queue = createQueue(QUEUE);
  /** Jobs that are being made due because a callback was refused. */
  const looking = new Set<string>();

  function refuse(reply: FastifyReply, status: number, error: ErrorCode, message: string): FastifyReply {
    counters.callback(error);
    return reply.code(status).send({ error, message });
  }

  async function mayEnter(lab: CallbackLab, { headers, params }: FastifyRequest<Route>): Promise<boolean> {
    const header = headers[lab.header];
    const given = typeof header === 'string' ? header : '';
    if (sameSecret(given, lab.token)) return true;
    const carried = sameSecret(given, lab.tokenName) ? 'name' : 'other';
    await callbackWatch.refused(lab.name, jobIdOf(lab, params.key), carried);
    return false;
  }

  async function accept(
    lab: CallbackLab,
    request: FastifyRequest<Route>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const jobId = jobIdOf(lab, request.params.key);
    const job = await store.job(jobId);
    if (job === undefined) return refuse(reply, 404, 'unknown_job', 'no such job');
    if (Number(request.headers['content-length'] ?? 0) > lab.maxBody) return tooLarge(lab, jobId, reply);
    const endTurn = await queue.turn(lab.name);
    if (endTurn === undefined) {
      lookSoon(lab, jobId);
      counters.callback('busy');
      return refuseBusy(reply, 'too many callbacks at once; LAVA is asked');
    }
    try {
      return await receive(lab, job, request, reply);
    } finally {
      endTurn();
    }
  }

  /** What can't be taken may be true all the same: LAVA is asked. The answer does not wait for that: many come at once. */
  function lookSoon(lab: CallbackLab, jobId: string): void {
    if (looking.has(jobId)) return;
    looking.add(jobId);
    store
      .wake(jobId, now() + COMMIT_PAUSE)
      .then(() => wake(lab.name))
      .catch((error: unknown) =>
        log.error({ job: jobId, error: errorText(error) }, 'a job could not be woken'),
      )
      .finally(() => looking.delete(jobId));
  }

  function tooLarge(lab: CallbackLab, jobId: string, reply: FastifyReply): FastifyReply {
    lookSoon(lab, jobId);
    return refuse(reply, 413, 'too_large', `larger than ${lab.maxBody} bytes, or too many results`);
  }

  async function receive(
    lab: CallbackLab,
    job: Pick<JobRecord, 'id' | 'done'>,
    request: FastifyRequest<Route>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const jobId = job.id;
    const logName = lab.isEvidence() ? `${blobFolder(jobId)}/callback-${randomUUID()}.yaml.gz` : undefined;
    let isLogKept = false;
    try {
      const { body, logHash } = await readBody(request.body, lab.maxBody, logName, blobs);
      const attempts = await store.attempts(jobId);
      if (!belongs(body.id, body.description ?? '', attempts)) {
        return refuse(reply, 409, 'other_job', `LAVA job ${body.id} is no attempt of this job`);
      }
      const record = await recordOf(lab, jobId, { body, logHash }, logName);
      const isOver = job.done || attempts.some((a) => a.lavaId === body.id && a.finishedAt !== null);
      isLogKept = await keep(record, isOver, { store, now });
      callbackWatch.accepted(lab.name);
      wake(lab.name);
      counters.callback('accepted');
      counters.callbackBytes(lab.name, Number(request.headers['content-length'] ?? 0));
      return reply.code(200).send({ status: 'stored' });
    } catch (error) {
      if (error instanceof TemporaryError && error.code === 'disk_full') {
        lookSoon(lab, jobId);
        return refuse(reply, 503, error.code, errorText(error));
      }
      if (!(error instanceof CallbackBodyError)) throw error;
      if (error.code === 'too_large') return tooLarge(lab, jobId, reply);
      return refuse(reply, 400, 'bad_body', errorText(error));
    } finally {
      if (logName !== undefined && !isLogKept) await blobs.remove(logName);
    }
  }

  // Bodies are streams here alone.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const lab of labs.values()) {
      scope.route<Route>({
        method: 'POST',
        url: `/callback/${lab.name}/:key`,
        bodyLimit: lab.maxBody,
        // Before the body is read: without the token one can't make us read any.
        onRequest: async (request, reply) =>
          (await mayEnter(lab, request)) ? undefined : refuse(reply, ...UNAUTHORIZED),
        handler: (request, reply) => accept(lab, request, reply),
      });
    }
    addRefusals(scope, refuse);
    log.debug({ labs: [...labs.keys()] }, 'callbacks can come');
  });
}

type Refuse = (reply: FastifyReply, status: number, error: ErrorCode, message: string) => FastifyReply;

const UNAUTHORIZED = [401, 'unauthorized', 'the callback does not carry the lab’s token'] as const;

/** What is no callback of a lab that is here: a wrong token and an unknown lab look alike. */
function addRefusals(scope: FastifyInstance, refuse: Refuse): void {
  scope.post(
    '/callback/:lab/:key',
    { onRequest: async (_request, reply) => refuse(reply, ...UNAUTHORIZED) },
    () => undefined,
  );
  scope.route({
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: '/callback/:lab/:key',
    onRequest: async (_request, reply) =>
      refuse(
        reply.header('allow', 'POST'),
        405,
        'method_not_allowed',
        'LAVA is to POST its callbacks (notify.callback.method)',
      ),
    handler: () => undefined,
  });
}

type NewCallback = Omit<CallbackRecord, 'id' | 'receivedAt'>;
type Keeping = Pick<Options, 'store' | 'now'>;

async function recordOf(
  lab: CallbackLab,
  jobId: string,
  { body, logHash }: Received,
  logName: string | undefined,
): Promise<NewCallback> {
  const { token: _token, log: _log, definition: _definition, ...rest } = body;
  return {
    jobId,
    lavaId: body.id,
    state: body.state_string,
    body: lab.isEvidence()
      ? await zip(JSON.stringify({ ...rest, log_sha256: logHash }), { level: constants.Z_BEST_SPEED })
      : Buffer.alloc(0),
    log: logHash === undefined ? null : (logName ?? null),
  };
}

/** Whether the log is to stay. Only Finished ones are kept, and no more of them than can say something new. */
async function keep(record: NewCallback, isOver: boolean, { store, now }: Keeping): Promise<boolean> {
  const { jobId, lavaId, state } = record;
  const text = `callback: LAVA job ${lavaId} is ${state}`;
  if (isOver) {
    await noteOnce(store, jobId, 'callback_late', `${text}; it came after the evidence was stored`);
    return false;
  }
  if (state !== 'Finished') {
    await noteOnce(store, jobId, 'callback', text);
    await store.wake(jobId, now() + COMMIT_PAUSE);
    return false;
  }
  const before = (await store.callbacks(jobId)).filter((c) => c.lavaId === lavaId);
  if (before.length >= MOST_KEPT || before.some((c) => Buffer.compare(c.body, record.body) === 0)) {
    await noteOnce(store, jobId, 'callback_repeated', `${text}; it came again`);
    await store.wake(jobId, now() + COMMIT_PAUSE);
    return false;
  }
  await store.addCallback(record, now() + COMMIT_PAUSE, [{ kind: 'callback', code: 'callback', text }]);
  return record.log !== null;
}

/** Repeating one adds no further line. */
async function noteOnce(
  store: Keeping['store'],
  jobId: string,
  code: ReasonCode,
  text: string,
): Promise<void> {
  const known = await store.timeline(jobId);
  if (known.some((entry) => entry.text === text)) return;
  await store.note(jobId, [{ kind: 'callback', code, text }]);
}

function jobIdOf(lab: CallbackLab, key: string): string {
  return `${lab.name}:${key}`;
}

/** Reads a body to its end; its log goes to the blob `logName`, or nowhere. Throws CallbackBodyError. */
async function readBody(
  stream: unknown,
  maxBytes: number,
  logName: string | undefined,
  blobs: Pick<Blobs, 'put'>,
): Promise<Received> {
  const reader = new CallbackBody();
  const pieces = logPieces(stream, maxBytes, reader);
  if (logName === undefined) for await (const piece of pieces) void piece;
  else await blobs.put(logName, pieces);
  const { rest, logHash } = reader.end();
  const parsed = Body.safeParse(rest);
  if (!parsed.success) throw new CallbackBodyError('bad_body', 'not the body of a LAVA callback');
  return { body: parsed.data, logHash };
}

async function* logPieces(stream: unknown, maxBytes: number, reader: CallbackBody): AsyncGenerator<string> {
  if (!isReadable(stream)) return;
  let size = 0;
  for await (const bytes of chunksOf(stream)) {
    size += bytes.length;
    if (size > maxBytes)
      throw new CallbackBodyError('too_large', `the body is larger than ${maxBytes} bytes`);
    yield* reader.push(bytes);
  }
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  try {
    // A refusal in the midst of it is still to be answered, and an iterator that is left would end the connection.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }))
      yield z.instanceof(Buffer).parse(chunk);
  } catch (error) {
    throw new CallbackBodyError('bad_body', 'the body was cut off', { cause: error });
  }
}

/** A request without any body has none. */
function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream;
}

/** Until LAVA's answer to a submission is stored, the submission key in the job's name says whose it is. */
function belongs(lavaId: number, description: string, attempts: readonly AttemptRecord[]): boolean {
  if (attempts.some((a) => a.lavaId === lavaId)) return true;
  return attempts.some(
    (a) => a.lavaId === null && a.intentAt !== null && description.includes(a.submissionKey),
  );
}
