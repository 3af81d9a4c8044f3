// One HTTP exchange, bounded in time and size. Nothing is retried, no redirect is followed and no status is an error
// here: the folder that knows the other side decides what an answer means.
import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { createUnzip } from 'node:zlib';
import { mayAct } from './acting.ts';
import { ByteCollector } from './byte-collector.ts';
import { errorText, TemporaryError } from './errors.ts';
import { outsideWait } from './outside-wait.ts';

/** What the bridge calls itself in its requests. */
export const USER_AGENT = 'lava-bridge/0.1 (+https://kernelci.org)';

export interface HttpRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
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
  const { maxBytes = DEFAULT_MAX_BYTES } = request;
  const collected = new ByteCollector();
  const { status, headers } = await stream(request, (chunk, stop) => {
    if (collected.size + chunk.length <= maxBytes) collected.push(chunk);
    else {
      const text = `${place(request.url)}: the answer is larger than ${maxBytes} bytes`;
      stop(new TemporaryError('answer_too_large', text));
    }
  });
  return { status, headers, body: collected.bytes() };
}

/** Takes the next bytes of an answer's body, or ends the exchange with an error. */
type TakeChunk = (chunk: Buffer, stop: (error: Error) => void) => void;

/**
 * Does one exchange whose answer is taken as it comes in. Throws TemporaryError `unreachable` or `aborted`, and what `take` ends
 * it with.
 */
export async function stream(request: HttpRequest, take: TakeChunk): Promise<Omit<HttpAnswer, 'body'>> {
  const { url, signal, timeoutMs, body } = request;
  let abort = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    if (signal?.aborted) throw new TemporaryError('aborted', `${place(url)}: given up`);
    return await new Promise((resolve, reject) => {
      const outgoing = begin(request);
      let incoming: Readable | undefined;
      const stop = (error: Error): void => {
        reject(error);
        outgoing.destroy();
        incoming?.destroy();
      };
      abort = () => stop(new TemporaryError('aborted', `${place(url)}: given up`));
      signal?.addEventListener('abort', abort);
      timer = setTimeout(
        () => stop(new TemporaryError('unreachable', `${place(url)}: no answer in time`)),
        timeoutMs,
      );
      outgoing.on('error', stop);
      outgoing.on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        incoming = unpacked(response, request, stop)
          .on('data', (chunk: Buffer) => take(chunk, stop))
          .on('error', stop)
          .on('end', () => {
            resolve({ status, headers });
            // It was answered before all was sent.
            if (!outgoing.writableEnded) outgoing.destroy();
          });
      });
      if (!(body instanceof Readable)) outgoing.end(body);
      else body.on('error', stop).pipe(outgoing);
    });
  } catch (error) {
    if (error instanceof TemporaryError) throw error;
    throw new TemporaryError('unreachable', `${place(url)}: ${reason(error, url)}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    if (body instanceof Readable) body.destroy();
  }
}

/** Opens the request. Throws if its URL or its headers are none. */
function begin({ url, method = 'GET', headers, lookup, isOwnMachine }: HttpRequest): ClientRequest {
  const target = new URL(url);
  const isSecure = target.protocol === 'https:';
  return (isSecure ? requestHttps : requestHttp)(target, {
    method,
    headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'gzip, deflate', ...headers },
    ...(lookup === undefined ? { agent: isSecure ? pool.https : pool.http } : { lookup, agent: false }),
    ...(isOwnMachine ? { rejectUnauthorized: false } : {}),
  });
}

/** The body as it was before it was packed for the way. */
function unpacked(
  response: IncomingMessage,
  { method }: HttpRequest,
  stop: (error: Error) => void,
): Readable {
  const { statusCode, headers } = response;
  const isPacked = /^(?:x-)?(?:gzip|deflate)$/i.test(headers['content-encoding'] ?? '');
  // These have none, whatever their headers say of one (RFC 9110, 6.4.1).
  const isWithoutBody = method === 'HEAD' || statusCode === 204 || statusCode === 304;
  return isPacked && !isWithoutBody ? response.on('error', stop).pipe(createUnzip()) : response;
}

/** The URL without user, password, query and fragment: what may stand in a message. */
export function place(url: string): string {
  if (!URL.canParse(url)) return 'an invalid URL';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

// Messages may carry the whole URL; codes do not.
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
