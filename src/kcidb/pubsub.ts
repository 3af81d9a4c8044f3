// Reports through Google Cloud's Pub/Sub, as KCIDB took them before it had a REST service: the report's JSON is the
// message. Plain HTTPS with a service account's key (RFC 7523): a signed claim is changed for a token, the token publishes.
import { createSign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorText, PermanentError, TemporaryError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place, type HttpAnswer } from '../core/http-exchange.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { KcidbSink } from './sink.ts';

export interface PubSubOptions {
  project: string;
  topic: string;
  /** The service account's credentials file (JSON), as Google gives it. */
  credentials: string;
  /** For one exchange, milliseconds. */
  timeoutMs: number;
  /** Ends every exchange that is under way. */
  signal?: AbortSignal | undefined;
  /** Where Pub/Sub is; Google's if it is not there. */
  endpoint?: string;
  clock?: Clock;
}

const Credentials = z.looseObject({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z
    .string()
    .regex(/^https?:\/\//)
    .default('https://oauth2.googleapis.com/token'),
});
type Credentials = z.infer<typeof Credentials>;

const Token = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });
const Published = z.looseObject({ messageIds: z.array(z.string().min(1)).length(1) });

const SCOPE = 'https://www.googleapis.com/auth/pubsub';
const CLAIM_SECONDS = 3600;
// The largest request that Pub/Sub takes (its documented quotas).
const MAX_REQUEST = 10_000_000;

/** 400 is how the token service says that it does not know the account, the key or the time. */
const TOKEN_ANSWERS: Explanations = {
  busy: 'kcidb_busy',
  refused: { code: 'kcidb_auth', hint: "check kcidb.pubsub.credentials and this machine's clock" },
};

const NO_RIGHT = {
  code: 'kcidb_auth',
  hint: 'the service account must be allowed to publish to the topic',
} as const;

const TOPIC_ANSWERS: Explanations = {
  busy: 'kcidb_busy',
  credentials: NO_RIGHT,
  forbidden: NO_RIGHT,
  missing: { code: 'kcidb_auth', hint: 'check kcidb.pubsub.project and topic' },
  too_large: { code: 'too_large' },
  refused: { code: 'kcidb_refused' },
};

/** Hands reports to a Pub/Sub topic; the id is the message's. Never tries again by itself. */
export function createKcidbPubSub(options: PubSubOptions): KcidbSink {
  const { project, topic, credentials, timeoutMs, signal, clock = Date.now } = options;
  const endpoint = (options.endpoint ?? 'https://pubsub.googleapis.com').replace(/\/+$/, '');
  const url = `${endpoint}/v1/projects/${encodeURIComponent(project)}/topics/${encodeURIComponent(topic)}:publish`;
  let token: { text: string; goodUntil: number } | undefined;

  async function accessToken(): Promise<{ text: string; isNew: boolean }> {
    if (token !== undefined && clock() < token.goodUntil) return { text: token.text, isNew: false };
    const key = await readCredentials(credentials);
    const answer = await exchange({
      method: 'POST',
      url: key.token_uri,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: signedClaim(key, Math.floor(clock() / SECOND)),
      }).toString(),
      timeoutMs,
      signal,
    });
    if (answer.status !== 200) throw answerError(place(key.token_uri), answer, TOKEN_ANSWERS);
    const { access_token, expires_in } = read(Token, key.token_uri, answer);
    token = {
      text: access_token,
      goodUntil: clock() + Math.min(expires_in, CLAIM_SECONDS) * SECOND - MINUTE,
    };
    return { text: access_token, isNew: true };
  }

  return {
    check: async () => {
      await readCredentials(credentials);
      return `by Pub/Sub, ${project} ${topic}`;
    },

    submit: async (report) => {
      const data = Buffer.from(JSON.stringify(report)).toString('base64');
      const body = JSON.stringify({ messages: [{ data }] });
      if (body.length > MAX_REQUEST) {
        throw new PermanentError(
          'too_large',
          `the report makes a message of ${body.length} bytes; Pub/Sub takes ${MAX_REQUEST}`,
        );
      }
      const { text, isNew } = await accessToken();
      const answer = await exchange({
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
        body,
        timeoutMs,
        signal,
      });
      if (answer.status === 401) {
        token = undefined;
        // One that was good before may have been withdrawn; a new one that is refused is another matter.
        if (!isNew) throw new TemporaryError('kcidb_busy', `${place(url)}: the token is no longer good`);
      }
      if (answer.status !== 200) throw answerError(place(url), answer, TOPIC_ANSWERS);
      const [id = ''] = read(Published, url, answer).messageIds;
      return { id };
    },
  };
}

async function readCredentials(file: string): Promise<Credentials> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PermanentError('kcidb_auth', `kcidb.pubsub.credentials can't be read: ${errorText(error)}`);
  }
  const parsed = Credentials.safeParse(tryJson(text, PARSE_LIMITS.file));
  if (parsed.success) return parsed.data;
  const { field } = firstIssue(parsed.error);
  throw new PermanentError(
    'kcidb_auth',
    `${file} is not the credentials file of a service account${field === undefined ? '' : ` (${field})`}`,
  );
}

/** The JWT that says who asks for which right. */
function signedClaim(key: Credentials, now: number): string {
  const header = {
    alg: 'RS256',
    typ: 'JWT',
    ...(key.private_key_id === undefined ? {} : { kid: key.private_key_id }),
  };
  const claim = {
    iss: key.client_email,
    scope: SCOPE,
    aud: key.token_uri,
    iat: now,
    exp: now + CLAIM_SECONDS,
  };
  const text = [header, claim]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  try {
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key.private_key, 'base64url')}`;
  } catch {
    // OpenSSL's own words may quote what it was given.
    throw new PermanentError('kcidb_auth', `the private key of ${key.client_email} can't be used`);
  }
}

function read<S extends z.ZodType>(schema: S, url: string, answer: HttpAnswer): z.output<S> {
  const parsed = schema.safeParse(tryJson(answer.body.toString('utf8'), PARSE_LIMITS.answer));
  if (parsed.success) return parsed.data;
  throw new TemporaryError('kcidb_odd_answer', `${place(url)}: not an answer of Google's (${answer.status})`);
}
