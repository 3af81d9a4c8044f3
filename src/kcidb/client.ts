// KCIDB's REST service (kernelci/kcidb-ng, kcidb-restd-rs, April 2026). Its answers are JSON under `text/plain`, and a
// 200 says only that the report lies in a spool: status() says what became of it.
import { z } from 'zod';
import { answerText } from '../core/answer-text.ts';
import { PermanentError, TemporaryError } from '../core/errors.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place, type HttpAnswer } from '../core/http-exchange.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { KcidbSink, SubmissionState } from './sink.ts';

export interface KcidbAccess {
  /** The service's URL; `/submit` at its end may be there or not. */
  url: string;
  token: string;
  /** For one exchange, milliseconds. */
  timeoutMs: number;
  /** Ends every exchange that is under way. */
  signal?: AbortSignal | undefined;
}

export interface KcidbClient extends KcidbSink {
  submit: (report: object) => Promise<{ id: string }>;
  status: (id: string) => Promise<SubmissionState>;
}

const Accepted = z.looseObject({ id: z.string().min(1) });
const Status = z.looseObject({ status: z.enum(['inprogress', 'ready', 'processed', 'failed', 'notfound']) });
const MAX_ANSWER = 1024 * 1024;

const REFUSED_TOKEN = {
  code: 'kcidb_auth',
  hint: 'check kcidb.token: it is refused, or it has expired',
} as const;

const ANSWERS: Explanations = {
  busy: 'kcidb_busy',
  credentials: REFUSED_TOKEN,
  forbidden: REFUSED_TOKEN,
  too_large: { code: 'too_large', hint: 'the report is too large as one piece' },
  refused: { code: 'kcidb_refused' },
};

/** The client of one KCIDB REST service. Never tries again by itself. */
export function createKcidbClient(access: KcidbAccess): KcidbClient {
  const base = access.url.replace(/\/+$/, '').replace(/\/submit$/, '');

  const call = (path: string, body?: string): Promise<HttpAnswer> =>
    exchange({
      method: body === undefined ? 'GET' : 'POST',
      url: `${base}${path}`,
      headers: {
        authorization: `Bearer ${access.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      timeoutMs: access.timeoutMs,
      maxBytes: MAX_ANSWER,
      signal: access.signal,
    });

  return {
    submit: async (report) => {
      const answer = await call('/submit', JSON.stringify(report));
      if (answer.status !== 200) throw answerError(`${place(base)}/submit`, answer, ANSWERS);
      return { id: read(Accepted, `${base}/submit`, answer).id };
    },

    status: async (id) => {
      const answer = await call(`/status?id=${encodeURIComponent(id)}`);
      // The service says `notfound` with a 404; a 404 of anything else has no such word.
      if (answer.status !== 200 && answer.status !== 404)
        throw answerError(`${place(base)}/status`, answer, ANSWERS);
      return read(Status, `${base}/status`, answer).status;
    },

    check: async () => {
      const answer = await call('/authtest');
      if (answer.status !== 200) throw answerError(`${place(base)}/authtest`, answer, ANSWERS);
      return `${base}, the token is good`;
    },
  };
}

function read<S extends z.ZodType>(schema: S, url: string, answer: HttpAnswer): z.output<S> {
  const parsed = schema.safeParse(tryJson(answer.body.toString('utf8'), PARSE_LIMITS.answer));
  if (parsed.success) return parsed.data;
  throw new TemporaryError(
    'kcidb_odd_answer',
    `${place(url)}: not an answer of KCIDB (${answer.status}, ${answerText(answer)}); is kcidb.url right?`,
  );
}

/**
 * Reads the form of the environment variable KCIDB_REST, `[http[s]://]TOKEN@HOST[:PORT][/path]`: https without a
 * scheme, a path is kept, the token may be percent-encoded. Throws PermanentError `kcidb_rest`, never with the token.
 */
export function parseKcidbRest(text: string): { url: string; token: string } {
  const m = /^(?:(https?):\/\/)?([^@/\s]+)@([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(\/[^?#\s]*)?$/.exec(
    text.trim(),
  );
  const [, scheme = 'https', rawToken = '', host = '', port = '', path = ''] = m ?? [];
  const token = decode(rawToken);
  if (!m || token === undefined) {
    throw new PermanentError('kcidb_rest', 'KCIDB_REST must be [http[s]://]TOKEN@HOST[:PORT][/path]');
  }
  return { url: `${scheme}://${host}${port}${path}`.replace(/\/+$/, '').replace(/\/submit$/, ''), token };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
