// One HTTP exchange, bounded in time and size. Nothing is retried, no redirect is followed and no status is an error
// here: the folder that knows the other side decides what an answer means.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import got, { type Method } from 'got';
import { mayAct } from './acting.ts';
import { ByteCollector } from './byte-collector.ts';
import { errorText, TemporaryError } from './errors.ts';
import { outsideWait } from './outside-wait.ts';

/** What the bridge calls itself in its requests. */
export const USER_AGENT = 'lava-bridge/0.1 (+https://kernelci.org)';

export interface HttpRequest {
  method?: Method;
  url: string;
  headers?: Record<string, string>;
  /** A stream is read once, and destroyed if the exchange fails. */
  body?: string | Uint8Array | Readable;
  /** For the whole exchange, milliseconds. */
  timeoutMs: number;
  /** The largest body (bytes, as it comes over the wire after decompression) that is taken. */
  maxBytes?: number;
  signal?: AbortSignal | undefined;
  /** The other side is this machine's own daemon, whose certificate is for the name that others call it by. */
  isOwnMachine?: boolean;
  /** Finds the host's addresses in place of the system; then the connection is a new one, not one that was kept. */
  lookup?: LookupFunction;
}

/** An answer, whatever its status, with its whole body. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/**
 * A connection is kept so long (ms) without a request. Servers close theirs after two seconds (gunicorn, which is LAVA's)
 * or five (Apache); a request that is sent in that moment is lost.
 */
const IDLE = 1000;
const KEPT = { keepAlive: true, timeout: IDLE };
const pool = { http: new HttpAgent(KEPT), https: new HttpsAgent(KEPT) };

/**
 * Does one exchange. Throws TemporaryError: `unreachable` (no connection, cut, timed out), `answer_too_large`, `aborted`, and
 * `lost_lease` if the work that it is for is another daemon's by now.
 * Messages name host and path, never the query, the headers or credentials.
 */
export function exchange(request: HttpRequest): Promise<HttpAnswer> {
  const isSentAsItIs =
    request.body === undefined || typeof request.body === 'string' || request.body instanceof Uint8Array;
  // What a stream gives is made meanwhile.
  return isSentAsItIs ? outsideWait(() => send(request)) : send(request);
}

async function send(request: HttpRequest): Promise<HttpAnswer> {
  mayAct();
  const { url, maxBytes = DEFAULT_MAX_BYTES, timeoutMs, signal } = request;
  const method = request.method ?? 'GET';
  // Without a body, a stream of any other method would wait for one to be written.
  const body = request.body ?? (method === 'GET' || method === 'HEAD' ? undefined : '');
  const stream = got.stream(url, {
    method,
    headers: { 'user-agent': USER_AGENT, ...request.headers },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
    ...(request.lookup === undefined ? { agent: pool } : unpooled(request.lookup)),
    ...(request.isOwnMachine ? { https: { rejectUnauthorized: false } } : {}),
    timeout: { request: timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
  });
  let status = 0;
  let headers: HttpAnswer['headers'] = {};
  stream.on('response', (response: { statusCode: number; headers: HttpAnswer['headers'] }) => {
    status = response.statusCode;
    headers = response.headers;
  });
  const collected = new ByteCollector();
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      if (collected.size + bytes.length > maxBytes) {
        throw new TemporaryError(
          'answer_too_large',
          `${place(url)}: the answer is larger than ${maxBytes} bytes`,
        );
      }
      collected.push(bytes);
    }
  } catch (error) {
    if (error instanceof TemporaryError) throw error;
    if (signal?.aborted) throw new TemporaryError('aborted', `${place(url)}: given up`);
    throw new TemporaryError('unreachable', `${place(url)}: ${reason(error, url)}`);
  } finally {
    stream.destroy();
  }
  return { status, headers, body: collected.bytes() };
}

function unpooled(lookup: LookupFunction): {
  dnsLookup: LookupFunction;
  agent: { http: HttpAgent; https: HttpsAgent };
} {
  return { dnsLookup: lookup, agent: { http: new HttpAgent(), https: new HttpsAgent() } };
}

/** The URL without user, password, query and fragment: what may stand in a message. */
export function place(url: string): string {
  if (!URL.canParse(url)) return 'an invalid URL';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

// got's messages may carry the whole URL; its codes do not.
function reason(error: unknown, url: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ETIMEDOUT':
      return 'no answer in time';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host name not found';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return url.startsWith('https:') ? `${code} (is it http, not https?)` : code;
    case 'ECONNRESET':
    case 'HPE_INVALID_CONSTANT':
      return `${code} (is it ${url.startsWith('https:') ? 'http, not https' : 'https, not http'}?)`;
    case '':
      return errorText(error).replace(/https?:\/\/\S+/g, 'the URL');
    default:
      return code;
  }
}
