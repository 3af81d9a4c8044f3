import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { exchange, place } from '../../src/core/http-exchange.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

it('gives any status with its body, and follows no redirect', async () => {
  const url = await serve((_req, res) => res.writeHead(302, { location: '/elsewhere' }).end('moved'));

  const answer = await exchange({ url, timeoutMs: 5000 });

  expect([answer.status, answer.body.toString()]).toEqual([302, 'moved']);
});

it('says that nothing listens, without the query of the URL', async () => {
  const url = await serve((_req, res) => res.end());
  for (const close of closers.splice(0)) close();

  const failure = exchange({ url: `${url}/path?token=secret`, timeoutMs: 5000 });

  await expect(failure).rejects.toMatchObject({
    code: 'unreachable',
    message: `${url}/path: connection refused`,
  });
});

it('gives up on a mute peer at the time-out', async () => {
  const url = await serve(() => {});

  await expect(exchange({ url, timeoutMs: 100 })).rejects.toMatchObject({ code: 'unreachable' });
});

it('gives up on an answer that trickles past the time-out', async () => {
  const url = await serve((_req, res) => {
    res.write('x');
  });

  await expect(exchange({ url, timeoutMs: 100 })).rejects.toMatchObject({ code: 'unreachable' });
});

it('refuses an answer above the limit', async () => {
  const url = await serve((_req, res) => res.end('x'.repeat(100_000)));

  await expect(exchange({ url, timeoutMs: 5000, maxBytes: 1000 })).rejects.toMatchObject({
    code: 'answer_too_large',
  });
});

it('ends when it is aborted', async () => {
  const url = await serve(() => {});
  const abort = new AbortController();

  const failure = exchange({ url, timeoutMs: 5000, signal: abort.signal });
  abort.abort();

  await expect(failure).rejects.toMatchObject({ code: 'aborted' });
});

it('posts a body and reads the answer', async () => {
  const url = await serve((req, res) => {
    req.pipe(res);
  });

  const answer = await exchange({ method: 'POST', url, body: 'ping', timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('ping');
});

it('posts nothing', async () => {
  const url = await serve((req, res) => res.end(`${req.method} ${req.headers['content-length']}`));

  const answer = await exchange({ method: 'POST', url, timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('POST 0');
});

it('posts what comes as a stream', async () => {
  const url = await serve((req, res) => {
    req.pipe(res);
  });
  const body = Readable.from([Buffer.from('one '), Buffer.from('two')]);

  const answer = await exchange({ method: 'POST', url, body, timeoutMs: 5000 });

  expect(answer.body.toString()).toBe('one two');
});

it('lets go of a stream when it is not read', async () => {
  const url = await serve(() => {});
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

it('names a URL without its secrets', () => {
  expect(place('https://user:pw@host/a?b=c#d')).toBe('https://host/a');
});

it('keeps a connection for the next exchange, and lets it go by itself soon after the last', async () => {
  const sockets = new Set<Socket>();
  const url = await serve((req, res) => res.end(String(sockets.add(req.socket).size)), {
    keepAliveTimeout: 0,
  });

  await exchange({ url, timeoutMs: 5000 });
  await exchange({ url, timeoutMs: 5000 });

  expect(sockets.size).toBe(1);
  await Promise.all([...sockets].map((socket) => once(socket, 'close')));
});
