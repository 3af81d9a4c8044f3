// A relay in front of one of the neighbours: notes every exchange with its times, and lets a test step in between.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { errorText } from '../../src/core/errors.ts';
import { exchange, type HttpAnswer } from '../../src/core/http-exchange.ts';

export interface Passed {
  method: string;
  /** With the query. */
  path: string;
  body: Buffer;
  status: number;
  /** When the request had come whole, and when its answer was there (ms). */
  askedAt: number;
  answeredAt: number;
}

export interface Relay {
  url: string;
  /** In the order of the answers. */
  passed: readonly Passed[];
  stop: () => Promise<void>;
}

export interface Steps {
  /** A status to answer with in place of the target, which then gets nothing. */
  refuse?: (request: Pick<Passed, 'method' | 'path' | 'body'>) => number | undefined;
  /** The target has answered, and its answer was not passed on yet. */
  onAnswer?: (passed: Passed) => void;
}

const LIMIT_MS = 60_000;
const NOT_PASSED_ON = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'content-encoding',
  'keep-alive',
]);

/** Starts a relay to `target` (a URL without a last slash). */
export async function startRelay(target: string, steps: Steps = {}): Promise<Relay> {
  const passed: Passed[] = [];
  const server = createServer((request, response) => {
    relay(request, response).catch((error: unknown) => response.destroy(new Error(errorText(error))));
  });

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const body = await buffer(request);
    const askedAt = Date.now();
    const refused = steps.refuse?.({ method, path, body });
    const answer = refused === undefined ? await ask(request, path, body) : nothing(refused);
    const done = { method, path, body, status: answer.status, askedAt, answeredAt: Date.now() };
    passed.push(done);
    steps.onAnswer?.(done);
    response.writeHead(answer.status, headersOf(answer.headers)).end(answer.body);
  }

  async function ask(request: IncomingMessage, path: string, body: Buffer): Promise<HttpAnswer> {
    try {
      return await exchange({
        method: request.method === 'POST' ? 'POST' : 'GET',
        url: `${target}${path}`,
        headers: headersOf(request.headers),
        ...(request.method === 'POST' ? { body } : {}),
        timeoutMs: LIMIT_MS,
      });
    } catch {
      return nothing(502);
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function nothing(status: number): HttpAnswer {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

function headersOf(headers: HttpAnswer['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !NOT_PASSED_ON.has(name) ? [[name, value]] : [],
    ),
  );
}
