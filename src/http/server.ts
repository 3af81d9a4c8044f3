// Makes the HTTP servers: one per address, each with the routes that belong there. Errors are JSON, and tell nothing
// of the inside.
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { BridgeError, errorText } from '../core/errors.ts';
import type { Listen } from '../config/schema.ts';
import type { Counters } from './counters.ts';

/** A server without routes. */
export function createApp(log: Logger, counters: Counters): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: 4 * 1024 * 1024,
    requestTimeout: 60_000,
    connectionTimeout: 0,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300 },
  });
  // Whatever LAVA or a script calls it: JSON is what is understood here.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }), undefined);
    }
  });
  app.setErrorHandler(async (error, request, reply) => {
    const status = statusOf(error);
    const word = status === 413 ? 'too_large' : status === 400 ? 'bad_body' : 'error';
    if (request.url.startsWith('/callback/')) counters.callback(word);
    if (status >= 500)
      log.error({ url: request.url.split('?')[0], error: errorText(error) }, 'a request failed');
    const message = status >= 500 ? 'internal error; the journal says more' : errorText(error);
    return reply.code(status).send({ error: word, message });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ error: 'not_found', message: 'no such path' }),
  );
  return app;
}

function statusOf(error: unknown): number {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return 500;
}

/** Starts to listen. Throws BridgeError `listen` naming the address. */
export async function listen(app: FastifyInstance, { host, port }: Listen): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new BridgeError('listen', `cannot listen on ${host}:${port}: ${errorText(error)}`);
  }
}
