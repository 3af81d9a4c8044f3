// The simulated kernelci-storage (src/main.rs, August 2026): uploads as forms, public downloads, and an answer of 200
// that is no promise.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { startSimServer, type SimOptions, type SimServer } from '../http-server.ts';

export interface StorageSimulatorOptions extends SimOptions {
  token?: string;
  /** The prefixes of `path` that the token's user may write to; all if it is not there. */
  prefixes?: string[];
  /** Bytes. */
  maxBody?: number;
}

export interface StorageSimulator extends SimServer {
  token: string;
  /** What is stored, by its key. */
  files: ReadonlyMap<string, { body: Buffer; type: string }>;
  /** From now on uploads are answered with 200 and not stored, or are again. */
  setWritesFailing: (failing: boolean) => void;
  /** From now on somebody else is uploading this key; the function ends it. */
  occupy: (key: string) => () => void;
}

const MAX_BODY = 256 * 1024 * 1024;
// Some of the words for which the service takes a client for a crawler.
const CRAWLERS = /gptbot|claudebot|anthropic-ai|ccbot|ahrefsbot|slurp|yeti/i;

/** Starts a simulated kernelci-storage. */
export async function startStorageSimulator(
  options: StorageSimulatorOptions = {},
): Promise<StorageSimulator> {
  const token = options.token ?? 'storage-token';
  const files = new Map<string, { body: Buffer; type: string }>();
  const occupied = new Set<string>();
  let writesFail = false;

  async function upload(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!mayEnter(request, token)) return say(reply, 401, 'Unauthorized');
    const form = await readForm(request);
    const path = form?.get('path');
    const file = form?.get('file0');
    if (typeof path !== 'string' || !(file instanceof File) || file.name === '') {
      return say(reply, 400, 'Bad multipart');
    }
    if (!(options.prefixes ?? ['']).some((prefix) => path.startsWith(prefix))) {
      return say(reply, 403, 'Forbidden');
    }
    const key = `${path.replace(/\/$/, '')}/${file.name}`.replace(/^\/+/, '');
    if (key.includes('..')) return say(reply, 400, 'Bad path');
    if (occupied.has(key)) return say(reply, 409, 'Upload in progress');
    const type = request.headers['content-type-upstream'];
    const body = Buffer.from(await file.arrayBuffer());
    if (!writesFail) files.set(key, { body, type: typeof type === 'string' ? type : typeByName(key) });
    return say(reply, 200, '');
  }

  const server = await startSimServer(options, { bodyLimit: options.maxBody ?? MAX_BODY }, (app) => {
    addParsers(app);
    app.addHook('onRequest', async (request, reply) => {
      if (CRAWLERS.test(request.headers['user-agent'] ?? '')) await say(reply, 403, 'Forbidden');
    });
    app.post('/upload', upload);
    app.post('/v1/file', upload);
    app.get('/v1/checkauth', async (request, reply) =>
      mayEnter(request, token) ? say(reply, 200, 'Authorized') : say(reply, 401, 'Unauthorized'),
    );
    app.get('/*', async (request, reply) => download(request, reply, files));
  });
  return {
    ...server,
    token,
    files,
    setWritesFailing: (failing) => {
      writesFail = failing;
    },
    occupy: (key) => {
      occupied.add(key);
      return () => occupied.delete(key);
    },
  };
}

function addParsers(app: FastifyInstance): void {
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  // What is too large is no 413 here: it surfaces as a field that can't be read.
  app.setErrorHandler(async (_error, _request, reply) => say(reply, 400, 'Bad request'));
}

async function readForm(request: FastifyRequest): Promise<FormData | undefined> {
  const { body, headers } = request;
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    const type = headers['content-type'] ?? '';
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch {
    return undefined;
  }
}

function download(
  request: FastifyRequest,
  reply: FastifyReply,
  files: ReadonlyMap<string, { body: Buffer; type: string }>,
): FastifyReply {
  const key = decodeURIComponent(request.originalUrl.split('?')[0] ?? '').replace(/^\//, '');
  const file = files.get(key);
  if (file === undefined) return say(reply, 404, `Not Found: ${key}`);
  const etag = `"${createHash('sha256').update(file.body).digest('hex')}"`;
  reply.header('etag', etag).type(file.type);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  const range = request.headers.range;
  // `bytes=0-0` counts as no range at all.
  if (range === undefined || range === 'bytes=0-0') return reply.send(file.body);
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (from === undefined) return say(reply, 416, 'Range not satisfiable');
  const end = to === '' ? file.body.length : Number(to) + 1;
  return reply.code(206).send(file.body.subarray(Number(from), end));
}

function mayEnter(request: FastifyRequest, token: string): boolean {
  return (request.headers.authorization ?? '').split(' ').at(-1) === token;
}

function say(reply: FastifyReply, code: number, text: string): FastifyReply {
  return reply.code(code).type('text/plain').send(text);
}

function typeByName(key: string): string {
  const types: Record<string, string> = {
    txt: 'text/plain',
    log: 'text/plain',
    json: 'application/json',
    gz: 'application/gzip',
    xz: 'application/x-xz',
  };
  return types[key.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
}
