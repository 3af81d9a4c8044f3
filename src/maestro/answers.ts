// One call to Maestro: the request as its API wants it, and what its answers mean (kernelci-api api/main.py, July 2026).
import type { ErrorCode } from '../core/error-codes.ts';
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place } from '../core/http-exchange.ts';
import { parseJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';

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
  /** A call was made: how long it took (ms), and the code of its failure. */
  onCall?: ((ms: number, code: ErrorCode | undefined) => void) | undefined;
}

// A page of nodes or events is far below it; the API's own proxy takes 32 MiB in the other direction.
const MAX_ANSWER = 64 * 1024 * 1024;

const TOKEN_HINT =
  'the token is not accepted, or its user may not edit this node; ' +
  'check maestro.token, and that the user is in the group runtime:<lab>:node-editor';

const ANSWERS: Explanations = {
  busy: 'maestro_busy',
  credentials: { code: 'maestro_auth', hint: TOKEN_HINT },
  forbidden: { code: 'maestro_auth', hint: TOKEN_HINT },
  missing: { code: 'maestro_not_found' },
  refused: { code: 'maestro_refused' },
};

/**
 * Does one call and gives the parsed JSON. Never tries again by itself.
 * Throws TemporaryError (`unreachable`, `maestro_busy`, `maestro_odd_answer`) or PermanentError (`maestro_auth`,
 * `maestro_refused`, `maestro_not_found`).
 */
export async function callMaestro(access: MaestroAccess, call: Call): Promise<unknown> {
  const began = performance.now();
  const called = (code?: ErrorCode): void => access.onCall?.(performance.now() - began, code);
  try {
    const answer = await exchangeWith(access, call);
    called();
    return answer;
  } catch (error) {
    called(error instanceof BridgeError ? error.code : 'internal');
    throw error;
  }
}

async function exchangeWith(access: MaestroAccess, call: Call): Promise<unknown> {
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
    throw answerError(`${call.method ?? 'GET'} ${place(url)}`, answer, ANSWERS);
  }
  try {
    return parseJson(answer.body.toString('utf8'), PARSE_LIMITS.maestroPage);
  } catch (error) {
    throw new TemporaryError(
      'maestro_odd_answer',
      `${place(url)}: the answer cannot be read, ${errorText(error)}; did something other than Maestro answer (maestro.url)?`,
      { cause: error },
    );
  }
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
