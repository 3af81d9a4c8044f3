import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { exchange, place } from '../../src/core/http-exchange.ts';
import { listen, listenWith } from '../support/listen.ts';

it('gives any status with its body, and follows no redirect', async () => {
  const url = await listen((_req, res) => res.writeHead(302, { location: '/elsewhere' }).end('moved'));

  const answer = await exchange({ url, timeoutMs: 5000 });

  expect([answer.status, answer.body.toString()]).toEqual([302, 'moved']);
});

it('says that nothing listens, without the query of the URL', async () => {
  const server = createServer();
  const url = await listenWith(server);
  await new Promise((closed) => server.close(closed));

  const failure = exchange({ url: `${url}/path?token=secret`, timeoutMs: 5000 });

  await expect(failure).rejects.toMatchObject({
    code: 'unreachable',
    message: `${url}/path: connection refused`,
  });
});

it('gives up on a mute peer at the time-out', async () => {
  const url = await listen(() => {});

  await expect(exchange({ url, timeoutMs: 100 })).rejects.toMatchObject({ code: 'unreachable' });
});

it('gives up on an answer that trickles past the time-out', async () => {
  const url = await listen((_req, res) => {
    res.write('x');
  });

  await expect(exchange({ url, timeoutMs: 100 })).rejects.toMatchObject({ code: 'unreachable' });
});

it('refuses an answer above the limit', async () => {
  const url = await listen((_req, res) => res.end('x'.repeat(100_000)));

  await expect(exchange({ url, timeoutMs: 5000, maxBytes: 1000 })).rejects.toMatchObject({
    code: 'answer_too_large',
  });
});

it('ends when it is aborted', async () => {
  const url = await listen(() => {});
  const abort = new AbortController();

  const failure = exchange({ url, timeoutMs: 5000, signal: abort.signal });
  abort.abort();

  await expect(failure).rejects.toMatchObject({ code: 'aborted' });
});

it('posts a body and reads the answer', async () => {
  const url = await listen((req, res) => {
    req.pipe(res);
  });

  const answer = await exchange({ method: 'POST', url, body: 'ping', timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('ping');
});

it('posts nothing', async () => {
  const url = await listen((req, res) => res.end(`${req.method} ${req.headers['content-length']}`));

  const answer = await exchange({ method: 'POST', url, timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('POST 0');
});

it('posts what comes as a stream', async () => {
  const url = await listen((req, res) => {
    req.pipe(res);
  });
  const body = Readable.from([Buffer.from('one '), Buffer.from('two')]);

  const answer = await exchange({ method: 'POST', url, body, timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('one two');
});

it('lets go of a stream when it is not read', async () => {
  const url = await listen(() => {});
  const body = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536);
    })(),
  );

  await expect(exchange({ method: 'POST', url, body, timeoutMs: 200 })).rejects.toMatchObject({
    code: 'unreachable',
  });
  expect(body.destroyed).toBe(true);
});

it.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
])('reads an answer that is packed by %s, and counts it as it was before', async (encoding, pack) => {
  const url = await listen((_req, res) =>
    res.writeHead(200, { 'content-encoding': encoding }).end(pack('x'.repeat(100_000))),
  );

  expect((await exchange({ url, timeoutMs: 5000 })).body.length).toBe(100_000);
  await expect(exchange({ url, timeoutMs: 5000, maxBytes: 99_999 })).rejects.toMatchObject({
    code: 'answer_too_large',
  });
});

it('takes the head of a packed answer for all of it where there is no body', async () => {
  const url = await listen((_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end());

  expect((await exchange({ method: 'HEAD', url, timeoutMs: 5000 })).status).toBe(200);
});

it.each([
  ['cut off', { 'content-length': '100' }, 'half'],
  ['torn as it was packed', { 'content-encoding': 'gzip' }, gzipSync('all of it').subarray(0, 15)],
])('takes no answer that is %s', async (_what, headers, body) => {
  const url = await listen((_req, res) => {
    res.writeHead(200, headers).write(body, () => res.destroy());
  });

  await expect(exchange({ url, timeoutMs: 5000 })).rejects.toMatchObject({ code: 'unreachable' });
});

it('takes an answer that comes before all was sent, and lets go of the rest', async () => {
  const url = await listen((_req, res) => res.writeHead(413).end('too much'));
  const body = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536);
    })(),
  );

  expect((await exchange({ method: 'POST', url, body, timeoutMs: 5000 })).status).toBe(413);
  expect(body.destroyed).toBe(true);
});

it('says what is wrong with a URL that is none, and with a body that cannot be read', async () => {
  await expect(exchange({ url: 'ftp://host/file', timeoutMs: 5000 })).rejects.toMatchObject({
    code: 'unreachable',
  });
  const url = await listen((req) => req.resume());
  const body = new Readable({ read: () => body.destroy(new Error('the disk failed')) });

  await expect(exchange({ method: 'POST', url, body, timeoutMs: 5000 })).rejects.toMatchObject({
    code: 'unreachable',
  });
});

it('names a URL without its secrets', () => {
  expect(place('https://user:pw@host/a?b=c#d')).toBe('https://host/a');
});

it('keeps a connection for the next exchange, and lets it go by itself soon after the last', async () => {
  const sockets = new Set<Socket>();
  const url = await listen((req, res) => res.end(String(sockets.add(req.socket).size)), {
    keepAliveTimeout: 0,
  });

  await exchange({ url, timeoutMs: 5000 });
  await exchange({ url, timeoutMs: 5000 });

  expect(sockets.size).toBe(1);
  await Promise.all([...sockets].map((socket) => once(socket, 'close')));
});
