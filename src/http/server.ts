// Makes the HTTP servers: one per address, each with the routes that belong there. Errors are JSON and say nothing of
// the inside. What every route shares is here: limits on connections, the check of Host, how bodies are read.
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { hostAndPort, isListeningAt } from '../core/address.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { parseJson } from '../core/parse/json.ts';
import { ParseError, type ParseLimits } from '../core/parse/limits.ts';
import type { Listen } from '../config/http-schema.ts';
import { closeSlowly, createMayTake, limitConnections, SERVER_LIMITS } from './connections.ts';
import type { HostCheck } from './hosts.ts';
import type { TlsFiles } from './tls.ts';

export interface AppOptions {
  log: Logger;
  isOwnHost: HostCheck;
  /** The path of the one WebSocket; another `Upgrade` is ignored, as HTTP allows. */
  socketPath: string;
  /** Addresses or networks of proxies; what they say of a client's address counts. */
  proxies: readonly string[];
  /** For https; undefined: http. */
  tls: TlsFiles | undefined;
  /** Of JSON in bodies. */
  bodies: ParseLimits;
}

/** Bodies of what changes something are small; requests and callbacks have limits of their own. */
const BODY_LIMIT = 64 * 1024;

/** A server without routes. */
export function createApp({ log, isOwnHost, socketPath, proxies, tls, bodies }: AppOptions): FastifyInstance {
  const { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, idleTimeout } =
    SERVER_LIMITS;
  const common = {
    bodyLimit: BODY_LIMIT,
    requestTimeout,
    keepAliveTimeout,
    connectionTimeout: idleTimeout,
    forceCloseConnections: 'idle' as const,
    // What came is answered, also while the server is closing.
    return503OnClosing: false,
    trustProxy: proxies.length === 0 ? false : [...proxies],
    routerOptions: { maxParamLength: 300 },
  };
  const server = {
    headersTimeout,
    connectionsCheckingInterval,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      request.headers.upgrade?.toLowerCase() === 'websocket' && pathOf(request.url) === socketPath,
  };
  const app: FastifyInstance =
    tls === undefined
      ? fastify({ ...common, http: server })
      : fastify({ ...common, https: { ...server, ...tls } });
  limitConnections(app.server);
  // Whatever the sender calls it: JSON is what is understood here.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body), bodies));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      done(Object.assign(new Error(`the body: ${error.message}`), { statusCode: 400 }), undefined);
    }
  });
  const mayTake = createMayTake();
  app.addHook('onRequest', async (request, reply) => {
    if (mayTake(request.raw.socket, reply.raw)) return;
    reply.hijack();
    request.raw.socket.destroy();
  });
  app.addHook('onRequest', async (request, reply) =>
    isOwnHost(request.headers.host)
      ? undefined
      : reply.code(421).send({
          error: 'unknown_host' satisfies ErrorCode,
          message: 'this bridge is not called by that name (http.hosts in its configuration)',
        }),
  );
  // Who is refused before the body was read does not make us read all of it.
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode < 400 || request.raw.complete) return;
    reply.header('connection', 'close');
    closeSlowly(request.raw);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500) log.error({ url: pathOf(request.url), error: errorText(error) }, 'a request failed');
    const code: ErrorCode = status === 413 ? 'too_large' : status < 500 ? 'bad_body' : 'internal';
    return reply.code(status).send({
      error: code,
      message: status >= 500 ? 'internal error; the journal says more' : errorText(error),
    });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ error: 'not_found' satisfies ErrorCode, message: 'no such path' }),
  );
  return app;
}

function pathOf(url = ''): string {
  return url.split('?')[0] ?? '';
}

function statusOf(error: unknown): number {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return 500;
}

/**
 * Starts to listen: at the address, or on a socket that listens there already. Throws BridgeError `listen` naming the
 * address, or `config` if the socket has another one.
 */
export async function listen(app: FastifyInstance, at: Listen, socket?: number): Promise<string> {
  const { host, port } = at;
  try {
    const url = await app.listen({ host, port, ...(socket !== undefined && { fd: socket }) });
    if (socket === undefined || isListeningAt(textOf(app.server.address()), at)) return url;
  } catch (error) {
    throw new BridgeError('listen', `cannot listen on ${host}:${port}: ${errorText(error)}`);
  }
  const address = textOf(app.server.address());
  await app.close();
  throw new BridgeError(
    'config',
    `lava-bridge.socket listens on ${address}, and http.listen is ${host}:${port}: make them the same (docs/install.md, "The socket")`,
  );
}

function textOf(address: AddressInfo | string | null): string {
  return address === null || typeof address === 'string'
    ? String(address)
    : hostAndPort(address.address, address.port);
}

/** Takes no more connections, lets requests that came come to their answer for so long (ms), and cuts the rest. */
export async function closeApp(app: FastifyInstance, graceMs: number): Promise<void> {
  const { server } = app;
  const cutting = setTimeout(() => server.closeAllConnections(), graceMs);
  // Node ends what is idle once; what gets its answer later would stay until its time-out.
  const ending = setInterval(() => server.closeIdleConnections(), 50);
  await app.close();
  clearTimeout(cutting);
  clearInterval(ending);
}
