import { createVerify, generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { PermanentError, TemporaryError } from '../../src/core/errors.ts';
import { createKcidbPubSub, type PubSubOptions } from '../../src/kcidb/pubsub.ts';
import { newFolder } from '../support/folder.ts';
import { listen } from '../support/listen.ts';

const REPORT = { version: { major: 5, minor: 3 }, tests: [{ comment: 'größe' }] };
const START = Date.UTC(2026, 7, 21);

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

let directory: string;
let credentials: string;
let url: string;
let now: number;
/** What Google's two services were asked, and what they answer. */
let claims: unknown[];
let published: { path: string | undefined; authorization: string | undefined; report: unknown }[];
let publishStatus: number;

beforeAll(async () => {
  directory = await newFolder('file');
  credentials = join(directory, 'credentials.json');
});

beforeEach(async () => {
  now = START;
  claims = [];
  published = [];
  publishStatus = 200;
  url = await listen((request, response) => void serve(request, response));
  await writeCredentials({});
});

interface Answer {
  status: number;
  body: unknown;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const { url: path, headers } = request;
  const answer = path === '/token' ? grant(body) : publish(path, headers.authorization, body);
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.body));
}

/** The token service: a claim counts if its signature is right and it is for now. */
function grant(body: string): Answer {
  const form = new URLSearchParams(body);
  const [head = '', claim = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const isSigned = createVerify('RSA-SHA256')
    .update(`${head}.${claim}`)
    .verify(publicKey, signature, 'base64url');
  if (!isSigned || form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
    return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
  }
  claims.push(JSON.parse(Buffer.from(claim, 'base64url').toString()));
  return {
    status: 200,
    body: { access_token: `token-${claims.length}`, expires_in: 3600, token_type: 'Bearer' },
  };
}

function publish(path: string | undefined, authorization: string | undefined, body: string): Answer {
  if (publishStatus !== 200) return { status: publishStatus, body: { error: { message: 'on command' } } };
  const { messages } = JSON.parse(body) as { messages: { data: string }[] };
  const reports = messages.map(({ data }): unknown => JSON.parse(Buffer.from(data, 'base64').toString()));
  published.push({ path, authorization, report: reports[0] });
  return { status: 200, body: { messageIds: [String(published.length)] } };
}

async function writeCredentials(changes: Record<string, unknown>): Promise<void> {
  await writeFile(
    credentials,
    JSON.stringify({
      type: 'service_account',
      client_email: 'lab@project.iam.gserviceaccount.com',
      private_key: privateKey,
      token_uri: `${url}/token`,
      ...changes,
    }),
  );
}

function sink(options: Partial<PubSubOptions> = {}): ReturnType<typeof createKcidbPubSub> {
  return createKcidbPubSub({
    project: 'kernelci-production',
    topic: 'kcidb_new',
    credentials,
    timeoutMs: 2000,
    endpoint: url,
    clock: () => now,
    ...options,
  });
}

it('publishes the report as one message', async () => {
  expect(await sink().submit(REPORT)).toEqual({ id: '1' });
  expect(published).toEqual([
    {
      path: '/v1/projects/kernelci-production/topics/kcidb_new:publish',
      authorization: 'Bearer token-1',
      report: REPORT,
    },
  ]);
});

it('asks for the right to publish, for an hour', async () => {
  await sink().submit(REPORT);

  expect(claims).toEqual([
    {
      iss: 'lab@project.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/pubsub',
      aud: `${url}/token`,
      iat: START / 1000,
      exp: START / 1000 + 3600,
    },
  ]);
});

it('keeps a token as long as it is good', async () => {
  const one = sink();
  await one.submit(REPORT);
  now += 58 * 60_000;
  await one.submit(REPORT);
  now += 2 * 60_000;
  await one.submit(REPORT);

  expect(published.map(({ authorization }) => authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-1',
    'Bearer token-2',
  ]);
});

it('gets a new token when one was withdrawn, and stops when a new one is refused', async () => {
  const one = sink();
  await one.submit(REPORT);
  publishStatus = 401;

  await expect(one.submit(REPORT)).rejects.toBeInstanceOf(TemporaryError);
  await expect(one.submit(REPORT)).rejects.toMatchObject({ code: 'kcidb_auth' });
});

it('stops when the key is not known, and does not show it', async () => {
  const { privateKey: another } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeCredentials({ private_key: another });

  const refused = sink().submit(REPORT);

  await expect(refused).rejects.toBeInstanceOf(PermanentError);
  await expect(refused).rejects.toMatchObject({
    code: 'kcidb_auth',
    message: expect.stringContaining('Invalid JWT Signature'),
  });
});

it.each([
  ['is not there', undefined],
  ['is no JSON', 'secret text'],
  ['is for something else', '{"type":"authorized_user","private_key":"secret text"}'],
  ['has a broken key', '{"type":"service_account","client_email":"a@b","private_key":"secret text"}'],
])('says so when the credentials file %s, without showing what it holds', async (_what, content) => {
  await rm(credentials);
  if (content !== undefined) await writeFile(credentials, content);

  const refused = sink().submit(REPORT);

  await expect(refused).rejects.toMatchObject({ code: 'kcidb_auth' });
  await expect(refused).rejects.not.toThrow(/secret text/);
});

it('says that a report is too large before it sends it', async () => {
  await expect(sink().submit({ misc: 'x'.repeat(8_000_000) })).rejects.toMatchObject({ code: 'too_large' });
  expect(claims).toEqual([]);
});

it.each([
  [403, 'kcidb_auth'],
  [404, 'kcidb_auth'],
  [400, 'kcidb_refused'],
  [413, 'too_large'],
  [503, 'kcidb_busy'],
  [429, 'kcidb_busy'],
])('takes a %i for %s', async (status, code) => {
  publishStatus = status;

  await expect(sink().submit(REPORT)).rejects.toMatchObject({ code });
});
