// Clients that send what no decent one would, at every door that they reach.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { atEnd, LAB, testWorld, until, type TestWorld } from '../support/world.ts';
import { rawConnection, rawExchange, readToEnd } from './sockets.ts';

const MIB = 1024 * 1024;

async function lives(world: TestWorld): Promise<void> {
  expect((await world.http('/healthz')).status).toBe(200);
}

/** One request over a connection of its own, as it stands. */
function send(world: TestWorld, method: string, path: string, more = ''): Promise<string> {
  const { host } = new URL(world.url);
  return rawExchange(
    world.url,
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`,
  );
}

const ELSEWHERE = [
  '/logs/../../../../etc/passwd',
  '/logs/..%2f..%2f..%2f..%2fetc%2fpasswd',
  '/logs/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
  '/logs/..%5c..%5cetc%5cpasswd',
  '/logs/%00',
  '/logs//etc/passwd',
  '/logs/.unfinished/x',
  '/logs/%c0%ae%c0%ae/etc/passwd',
  '/pages/../package.json',
  '/pages/%2e%2e%2fpackage.json',
  '/jobs/..%2f..%2fpackage.json',
  '/jobs/__proto__',
  '/jobs/constructor/log',
  '/jobs/%E0%A4%A',
  `/jobs/${'%F0%9F%92%A9'.repeat(100)}`,
  `/jobs/${'a'.repeat(10_000)}`,
  '/api/v1/jobs/%00',
  "/api/v1/jobs/a'%20OR%201=1--",
  '/api/v1/jobs?limit=-1',
  '/api/v1/jobs?limit=1e9',
  '/api/v1/jobs?before=__proto__',
  '/../etc/passwd',
  '//etc/passwd',
  '/callback/__proto__/x',
];

describe('a path that leads elsewhere', () => {
  it('leads nowhere', async () => {
    const world = await testWorld();
    for (const path of ELSEWHERE) {
      const answer = await send(world, 'GET', path);
      expect([path, answer]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 4\d\d /)]);
      expect(answer).not.toMatch(/root:|"license"/);
    }
    expect(world.log.filter((line) => line.includes('a request failed'))).toEqual([]);
  });

  it('is no key of a job in a callback', async () => {
    const world = await testWorld();
    const token = `Authorization: ${world.lava.callback.token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n`;
    for (const key of [
      '..%2f..%2fx',
      '%00',
      '__proto__',
      'a%0d%0ab',
      '%F0%9F%92%A9',
      '%ff',
      'a'.repeat(299),
    ]) {
      const answer = await send(world, 'POST', `/callback/${LAB}/${key}`, token);
      expect([key, answer]).toEqual([key, expect.stringMatching(/^HTTP\/1\.1 4\d\d /)]);
    }
    await lives(world);
  });
});

describe('a header', () => {
  it('that is too large, or of too many lines, is refused', async () => {
    const world = await testWorld();
    for (const more of [
      `X: ${'x'.repeat(MIB)}\r\n`,
      'X: y\r\n'.repeat(100_000),
      `${'x'.repeat(20_000)}: y\r\n`,
      `Cookie: ${'a=b; '.repeat(50_000)}\r\n`,
    ]) {
      expect(await send(world, 'GET', '/healthz', more)).toMatch(/^(HTTP\/1\.1 431 |$)/);
    }
    await lives(world);
  });
});

describe('a body', () => {
  it('without an end is not read where no token came with it', async () => {
    const world = await testWorld();
    const { host } = new URL(world.url);
    for (const path of [`/callback/${LAB}/x`, '/api/v1/requests', '/callback/other/x']) {
      const socket = await rawConnection(world.url);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const writing = setInterval(() => socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`), 5);
      expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 401 |^$/);
      clearInterval(writing);
    }
    await lives(world);
  });

  it('that is compressed is not inflated', async () => {
    const world = await testWorld();
    const key = world.publish({ scenario: 'long' });
    await world.at(key, 'running');
    const bomb = gzipSync(Buffer.alloc(50 * MIB));
    for (const [path, authorization] of [
      [`/callback/${LAB}/${key}`, world.lava.callback.token],
      ['/api/v1/requests', `Bearer ${world.token}`],
    ] as const) {
      const headers = { authorization, 'content-type': 'application/json', 'content-encoding': 'gzip' };
      expect((await world.http(path, { method: 'POST', headers, body: bomb })).status).toBe(400);
    }
    await lives(world);
  });

  it('in pieces of one byte is read as any other', async () => {
    const world = await testWorld();
    const key = world.publish({ scenario: 'long' });
    await world.at(key, 'running');
    const body = JSON.stringify({ id: world.lava.jobs()[0]?.id, state_string: 'Running', log: 'é\u0000"x' });
    const { host } = new URL(world.url);
    const chunks = [...Buffer.from(body)].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]));
    const socket = await rawConnection(world.url);
    socket.setNoDelay(true);
    socket.write(
      `POST /callback/${LAB}/${key} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${world.lava.callback.token}\r\n` +
        'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    );
    for (const chunk of chunks) {
      socket.write(chunk);
      await pause(0);
    }
    socket.write('0\r\n\r\n');
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('requests that do not wait for their answers', () => {
  it('end their connection when they are too many', async () => {
    const world = await testWorld();
    const { host } = new URL(world.url);
    const socket = await rawConnection(world.url);
    socket.pause();
    const before = process.memoryUsage().rss;
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(20_000));

    await readToEnd(socket.resume());
    await lives(world);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * MIB);
  });
});

describe('a socket of the pages', () => {
  function open(world: TestWorld): WebSocket {
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}/ws`);
    socket.on('error', () => undefined);
    atEnd(async () => socket.terminate());
    return socket;
  }

  it('is closed when it says anything, and answers a ping', async () => {
    const world = await testWorld();
    const talks = open(world);
    await once(talks, 'open');
    talks.ping('x');
    expect(String((await once(talks, 'pong'))[0])).toBe('x');
    talks.send('hello');
    await once(talks, 'close');
    await lives(world);
  });

  it('that pings and does not read is cut off', async () => {
    const world = await testWorld();
    const socket = open(world);
    await once(socket, 'open');
    socket.pause();
    const closed = once(socket, 'close');
    const flood = setInterval(() => {
      for (let i = 0; i < 2000 && socket.readyState === WebSocket.OPEN; i++) socket.ping('x'.repeat(125));
    }, 5);
    atEnd(async () => clearInterval(flood));

    await until('it is cut off', () => socket.readyState !== WebSocket.OPEN || undefined);
    clearInterval(flood);
    socket.terminate();
    await closed;
    await lives(world);
  });

  it('is one of a hundred at most', async () => {
    const world = await testWorld();
    const sockets = Array.from({ length: 130 }, () => open(world));
    const ends = await Promise.all(
      sockets.map((socket) =>
        Promise.race([
          once(socket, 'open').then(() => 'open'),
          once(socket, 'unexpected-response').then(() => 'refused'),
        ]),
      ),
    );
    expect(ends.filter((end) => end === 'open')).toHaveLength(100);
    await lives(world);
  });
});
