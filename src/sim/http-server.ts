// What the simulated HTTP servers have in common: where they listen, how they stop, and what they were asked.
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { installFaults, type Faults } from './http-faults.ts';

/** What a simulated server is started with. */
export interface SimOptions {
  /** 127.0.0.1 if it is not there. */
  host?: string;
  /** 0 (any free one) if it is not there. */
  port?: number;
  /** For what is random: faults with a chance, and orders. */
  seed?: number;
}

/** One request that a simulator answered, or refused. */
interface SeenRequest {
  method: string;
  /** With the query, as it was asked. */
  url: string;
  status: number;
}

/** A simulated server that is running. */
export interface SimServer {
  url: string;
  faults: Faults;
  /** The last requests, the oldest first. */
  requests: readonly SeenRequest[];
  /** Closes all connections, mute ones among them. */
  stop: () => Promise<void>;
}

const MAX_SEEN = 10_000;

/** Starts a server with the routes that `build` adds; only after it does the server listen. */
export async function startSimServer(
  options: SimOptions,
  server: Pick<FastifyServerOptions, 'bodyLimit' | 'rewriteUrl'>,
  build: (app: FastifyInstance) => void,
): Promise<SimServer> {
  const app = fastify({ ...server, forceCloseConnections: true, logger: false });
  const requests: SeenRequest[] = [];
  const faults = installFaults(app, options.seed ?? 1);
  app.addHook('onResponse', async (request, reply) => {
    requests.push({ method: request.method, url: request.originalUrl, status: reply.statusCode });
    if (requests.length > MAX_SEEN) requests.shift();
  });
  build(app);
  const url = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return { url, faults, requests, stop: () => app.close() };
}
