// The simulated KCIDB: the REST service that spools reports, and the ingester behind it (kernelci/kcidb-ng and
// kernelci/dashboard, 2026). A 200 is not acceptance: the ingester looks later, and one bad object loses the whole file.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorText } from '../../core/errors.ts';
import { parseJson } from '../../core/parse/json.ts';
import { PARSE_LIMITS } from '../../core/parse/limits.ts';
import { validateReport } from '../../kcidb/schema.ts';
import { startSimServer, type SimOptions, type SimServer } from '../http-server.ts';
import { createKcidbDatabase, isReport, type KcidbObject, type ListName } from './database.ts';

/** How the simulated KCIDB behaves. */
export interface KcidbSimulatorOptions extends SimOptions {
  token?: string;
  /**
   * What is wrong with a report, empty if nothing; the ingester refuses the whole file for one entry. The rules of
   * version 5.3 if it is not there (the real one takes older versions too, and loses parts of them).
   */
  validate?: (report: unknown) => string[];
  /** When the ingester looks: right after each submission, or only when ingest() is called. */
  ingest?: 'at once' | 'on command';
  /** Bytes. */
  maxBody?: number;
}

type SpoolState = 'inprogress' | 'ready' | 'processed' | 'failed';

interface Submission {
  id: string;
  state: SpoolState;
  report: unknown;
  /** Why the ingester refused it; the real one does not say. */
  errors: string[];
}

/** A running KCIDB, and what it has received. */
export interface KcidbSimulator extends SimServer {
  token: string;
  submissions: ReadonlyMap<string, Submission>;
  /** The merged objects of one kind. */
  objects: (list: ListName) => KcidbObject[];
  find: (list: ListName, id: string) => KcidbObject | undefined;
  /** One round of the ingester: all files that lie ready, in one transaction. */
  ingest: () => void;
  /** Puts a submission into another state; undefined: the server has lost it. */
  mark: (id: string, state: SpoolState | undefined) => void;
}

const MAX_BODY = 512 * 1024 * 1024;
const MAX_DEPTH = 128;

/** Starts a simulated KCIDB. */
export async function startKcidbSimulator(options: KcidbSimulatorOptions = {}): Promise<KcidbSimulator> {
  const { token = 'kcidb-token', validate = whatIsWrong, maxBody = MAX_BODY } = options;
  const database = createKcidbDatabase();
  const submissions = new Map<string, Submission>();
  const ready: Submission[] = [];

  function ingest(): void {
    const good: Submission[] = [];
    for (const file of ready.splice(0).filter(({ state }) => state === 'ready')) {
      file.errors = isReport(file.report) ? validate(file.report) : ['not a report'];
      if (file.errors.length > 0) file.state = 'failed';
      else good.push(file);
    }
    // One transaction for all files of a round: what the database refuses in one fails its neighbours too.
    const refusal = database.insert(good.map(({ report }) => report));
    for (const file of good) {
      file.state = refusal === undefined ? 'processed' : 'failed';
      if (refusal !== undefined) file.errors = [refusal];
    }
  }

  function spool(report: unknown): string {
    const id = randomBytes(16).toString('hex');
    const file: Submission = { id, state: 'ready', report, errors: [] };
    submissions.set(id, file);
    ready.push(file);
    if (options.ingest !== 'on command') ingest();
    return id;
  }

  function mark(id: string, state: SpoolState | undefined): void {
    const file = submissions.get(id);
    if (file !== undefined && state !== undefined) file.state = state;
    else submissions.delete(id);
  }

  const server = await startSimServer(options, { bodyLimit: maxBody }, (app) =>
    addRoutes(app, { token, spool, submissions }),
  );
  return {
    ...server,
    token,
    submissions,
    objects: database.objects,
    find: database.find,
    ingest,
    mark,
  };
}

function whatIsWrong(report: unknown): string[] {
  try {
    const { rejected } = validateReport(report);
    return rejected.flatMap(({ list, index, reasons }) => reasons.map((why) => `${list}.${index}.${why}`));
  } catch (error) {
    return [errorText(error)];
  }
}

interface Parts {
  token: string;
  spool: (report: unknown) => string;
  submissions: ReadonlyMap<string, Submission>;
}

function addRoutes(app: FastifyInstance, { token, spool, submissions }: Parts): void {
  // The type of the body is not looked at.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(async (error: unknown, _request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    return reply
      .code(status)
      .type('text/plain')
      .send(error instanceof Error ? error.message : 'error');
  });

  app.post('/submit', async (request, reply) => {
    if (!mayEnter(request, token)) return unauthorized(reply);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const report = parseReport(body);
    if ('error' in report) return say(reply, 400, '0', 'error', report.error);
    const id = spool(report.value);
    return say(reply, 200, id, 'ok', `Received submission ${id} with size ${body.length} bytes`);
  });

  app.get('/status', async (request, reply) => {
    const id = new URL(request.originalUrl, 'http://sim').searchParams.get('id');
    if (id === null) return reply.code(400).type('text/plain').send('missing field `id`');
    if (!mayEnter(request, token)) return unauthorized(reply);
    if (id === '') return say(reply, 400, '0', 'error', 'Empty id');
    if (!/^[A-Za-z0-9]+$/.test(id)) return say(reply, 400, '0', 'error', 'Invalid id');
    const file = submissions.get(id);
    if (file === undefined) return say(reply, 404, id, 'notfound', 'File not found');
    return say(reply, 200, id, file.state, WORDS[file.state]);
  });

  app.get('/authtest', async (request, reply) =>
    mayEnter(request, token) ? say(reply, 200, '0', 'ok', 'Authentication successful') : unauthorized(reply),
  );
  app.get('/health', async (_request, reply) => reply.type('text/plain').send('OK'));
}

const WORDS: Record<SpoolState, string> = {
  inprogress: 'File still in progress',
  ready: 'File waiting for processing',
  processed: 'File archived',
  failed: 'File failed to pass validation',
};

// `<any word> <token>`: only the second word is looked at.
function mayEnter(request: FastifyRequest, token: string): boolean {
  return (request.headers.authorization ?? '').split(' ')[1] === token;
}

function unauthorized(reply: FastifyReply): FastifyReply {
  return say(reply, 401, '0', 'error', 'InvalidSignature');
}

/** All answers are JSON text under the type of plain text. */
function say(reply: FastifyReply, code: number, id: string, status: string, message: string): FastifyReply {
  return reply.code(code).type('text/plain; charset=utf-8').send(JSON.stringify({ id, status, message }));
}

/** What serde_json takes: UTF-8, no lone surrogates, at most 128 levels. */
function parseReport(body: Buffer): { value: unknown } | { error: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const value: unknown = parseJson(text, { ...PARSE_LIMITS.answer, depth: MAX_DEPTH + 1 });
    const error = notForSerde(value, 0);
    return error === undefined ? { value } : { error };
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'invalid' };
  }
}

function notForSerde(value: unknown, level: number): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'lone surrogate in hex escape';
  if (typeof value !== 'object' || value === null) return undefined;
  if (level === MAX_DEPTH) return 'recursion limit exceeded';
  for (const inner of Object.values(value)) {
    const error = notForSerde(inner, level + 1);
    if (error !== undefined) return error;
  }
  return undefined;
}
