// One call to Maestro: the request as its API wants it, and what its answers mean (kernelci-api api/main.py, July 2026).
import { answerText, parseJson } from '../core/answer-text.ts';
import { PermanentError, TemporaryError } from '../core/errors.ts';
import { exchange, place, retryAfterMs, type HttpAnswer } from '../core/http-exchange.ts';

/** A value in a query. Booleans and null go as the words that Maestro's search understands. */
export type QueryValue = string | number | boolean | null;

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  path: string;
  query?: Record<string, QueryValue | undefined>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export interface MaestroAccess {
  /** The API's URL, with or without a version prefix. */
  url: string;
  token: string;
  /** For one exchange, milliseconds. */
  timeoutMs: number;
  /** Ends every call that brings no signal of its own. */
  signal?: AbortSignal | undefined;
}

// A page of nodes or events is far below it; the API's own proxy takes 32 MiB in the other direction.
const MAX_ANSWER = 64 * 1024 * 1024;

/**
 * Does one call and gives the parsed JSON. Never tries again by itself.
 * Throws TemporaryError (`unreachable`, `maestro_busy`, `maestro_odd_answer`) or PermanentError (`maestro_auth`,
 * `maestro_refused`, `maestro_not_found`).
 */
export async function ask(access: MaestroAccess, call: Call): Promise<unknown> {
  const url = callUrl(access.url, call);
  const answer = await exchange({
    method: call.method ?? 'GET',
    url,
    headers: {
      authorization: `Bearer ${access.token}`,
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    timeoutMs: access.timeoutMs,
    maxBytes: MAX_ANSWER,
    signal: call.signal ?? access.signal,
  });
  if (answer.status < 200 || answer.status >= 300) {
    throw failure(`${call.method ?? 'GET'} ${place(url)}`, answer);
  }
  const value = parseJson(answer.body.toString('utf8'));
  if (value !== undefined) return value;
  throw new TemporaryError(
    'maestro_odd_answer',
    `${place(url)}: the answer is not JSON; something other than Maestro answered (maestro.url?)`,
  );
}

// URLSearchParams writes `+` as %2B: Maestro would read a bare one, as in a time zone, as a space.
function callUrl(base: string, { path, query = {} }: Call): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.append(key, String(value));
  }
  const text = search.toString();
  return `${base.replace(/\/+$/, '')}${path}${text === '' ? '' : `?${text}`}`;
}

function failure(what: string, answer: HttpAnswer): Error {
  const { status } = answer;
  const text = answerText(answer);
  if (status === 401 || status === 403) {
    return new PermanentError(
      'maestro_auth',
      `${what}: refused (${status}, ${text}): the token is not accepted, or its user may not edit this node; ` +
        'check maestro.token, and that the user is in the group runtime:<lab>:node-editor',
    );
  }
  if (status === 404) return new PermanentError('maestro_not_found', `${what}: not there (404, ${text})`);
  if (status === 408 || status === 429 || status >= 500) {
    return new TemporaryError('maestro_busy', `${what}: Maestro is in trouble (${status}, ${text})`, {
      retryAfterMs: retryAfterMs(answer.headers),
    });
  }
  return new PermanentError('maestro_refused', `${what}: refused (${status}, ${text})`);
}
