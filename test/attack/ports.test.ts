// Whoever reaches a port without a token: wrong names, half requests, many connections, bodies after a refusal.
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { limitConnections } from '../../src/http/connections.ts';
import { createHostCheck } from '../../src/http/hosts.ts';
import { HttpConfig } from '../../src/config/http-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { freePort } from '../../src/sim/free-port.ts';
import { listenWith } from '../support/listen.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';
import { rawConnection, rawExchange, readToEnd } from './sockets.ts';

const HOSTILE_NAMES = [
  'evil.example',
  'evil.example:8480',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'a@127.0.0.1',
  '',
];

/** A GET over a connection of its own. */
function get(world: TestWorld, path: string, host: string, more = ''): Promise<string> {
  return rawExchange(world.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
}

describe('a name that is not ours in Host', () => {
  it('gets no page, no job, no metric and no health', async () => {
    const world = await testWorld();
    for (const path of ['/', '/boards', '/api/v1/jobs', '/api/v1/labs', '/metrics', '/healthz']) {
      expect(await get(world, path, 'evil.example')).toMatch(/^HTTP\/1.1 421 .*"unknown_host"/s);
    }
    for (const host of HOSTILE_NAMES) {
      expect([host, await get(world, '/', host)]).toEqual([
        host,
        expect.stringMatching(/^HTTP\/1.1 4(21|00) /),
      ]);
    }
  });

  it('opens no socket', async () => {
    const world = await testWorld();
    const answer = await get(
      world,
      '/ws',
      'evil.example',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
  });

  it('is known from addresses, URLs and http.hosts', async () => {
    const world = await testWorld({
      http: { hosts: ['bridge.lab.example'] },
      lab: {
        callback: { token_name: 'n', token: 't', url: 'https://hooks.example/kernelci' },
      },
    });
    const isOwn = createHostCheck(await loadConfig(world.configFile));
    for (const host of [
      '127.0.0.1',
      '127.0.0.1:8480',
      '[::1]:8480',
      '192.0.2.7',
      'localhost:1',
      'LOCALHOST',
      'bridge.lab.example:99',
      'bridge.lab.example.',
      'hooks.example',
    ])
      expect([host, isOwn(host)]).toEqual([host, true]);
    for (const host of HOSTILE_NAMES) expect([host, isOwn(host)]).toEqual([host, false]);
  });
});

describe('a body after a refusal', () => {
  it.each([
    ['a callback without the token', `/callback/${LAB}/key`, 401],
    ['a callback of an unknown lab', '/callback/no-such-lab/key', 401],
    ['a request without the token', '/api/v1/requests', 401],
    ['an order without the token', '/api/v1/drain', 401],
    ['a path that is not there', '/no/such/path', 413],
  ])('is not read on: %s', async (_what, path, status) => {
    const world = await testWorld();
    const socket = await rawConnection(world.url);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000000\r\n\r\n{"a":"`,
    );
    // Without more of the body, and with most of it missing: answered and closed.
    expect(await readToEnd(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it.each([
    ['without the token', 'wrong', 401],
    ['that is too large', undefined, 413],
  ])('can be seen by who is still sending it: a callback %s', async (_what, token, status) => {
    const world = await testWorld({ lab: { limits: { max_callback: '1MiB' } } });
    const key = world.publish({ scenario: 'long' });
    await world.at(key, 'running');
    const socket = await rawConnection(world.url);
    const answer = readToEnd(socket);
    const piece = `100000\r\n${'x'.repeat(1024 * 1024)}\r\n`;
    socket.write(
      `POST /callback/${LAB}/${key} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${token ?? world.lava.callback.token}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.write('b\r\n{"id":1,"x"\r\n');
    for (let i = 0; i < 3; i++) socket.write(piece);
    expect(await answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('larger than it may be is refused by what the header says', async () => {
    const world = await testWorld();
    const answer = await rawExchange(
      world.url,
      `POST /api/v1/requests HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${world.token}\r\nContent-Type: application/json\r\nContent-Length: 60000000\r\n\r\n{"a":"`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 .*"too_large"/s);
  });
});

describe('connections', () => {
  it('that send half a header are closed, and others are served meanwhile', async () => {
    const world = await testWorld();
    const slow = await Promise.all(Array.from({ length: 50 }, () => rawConnection(world.url)));
    for (const socket of slow) socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const closed = Promise.all(slow.map(readToEnd));

    expect((await world.http('/healthz')).status).toBe(200);
    for (const answer of await closed) expect(answer).toMatch(/^(HTTP\/1.1 408 |$)/);
  });

  it.each([
    ['all of loopback, where a proxy may be, by the total', undefined, 3],
    ['those of any other address by its share', (): boolean => false, 2],
  ])('are bounded: %s', async (_what, isTrusted, most) => {
    const server = createServer();
    limitConnections(server, { most: 3, mostOfOne: 2, ...(isTrusted === undefined ? {} : { isTrusted }) });
    const url = await listenWith(server);

    const kept = [];
    for (let i = 0; i < most; i++) kept.push(await rawConnection(url));
    await readToEnd(await rawConnection(url));
    expect(kept.filter((socket) => socket.closed)).toEqual([]);

    kept[0]?.destroy();
    await until('there is room again', async () => {
      const socket = await rawConnection(url);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      return (await readToEnd(socket)) === '' ? undefined : true;
    });
  });
});

describe('the address that LAVA reaches', () => {
  it('has callbacks, logs and health alone; the others are apart, and on loopback unless said otherwise', async () => {
    const { listen, api_listen, pages_listen } = HttpConfig.parse({});
    expect([listen, api_listen, pages_listen].map(({ host }) => host)).toEqual(Array(3).fill('127.0.0.1'));
    expect(new Set([listen, api_listen, pages_listen].map(({ port }) => port)).size).toBe(3);

    const [api, pages] = [await freePort(), await freePort()];
    const world = await testWorld({
      http: { api_listen: `127.0.0.1:${api}`, pages_listen: `127.0.0.1:${pages}` },
    });
    const paths = ['/', '/jobs', '/boards', '/login', '/ws', '/api/v1/jobs', '/api/v1/requests', '/metrics'];
    for (const path of paths) expect([path, (await world.http(path)).status]).toEqual([path, 404]);
    expect((await world.http('/healthz')).status).toBe(200);
    expect((await world.http(`/callback/${LAB}/x`, { method: 'POST' })).status).toBe(401);
    for (const port of [api, pages]) {
      const answer = await fetch(`http://127.0.0.1:${port}/callback/${LAB}/x`, {
        method: 'POST',
        headers: { authorization: world.lava.callback.token },
      });
      expect(answer.status).toBe(404);
    }
  });
});

describe('strangers who ask whether it is ready', () => {
  it('make it write to the disk once a second at most', async () => {
    const world = await testWorld();
    const { store } = world.daemon.context;
    let writes = 0;
    const probe = store.probe.bind(store);
    store.probe = () => {
      writes += 1;
      return probe();
    };
    const began = Date.now();
    for (let i = 0; i < 5; i++) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => world.http('/readyz')));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
    expect(writes).toBeGreaterThan(0);
    // The bridge's own first look at its store may be one of them.
    expect(writes).toBeLessThanOrEqual(2 + (Date.now() - began) / 1000);
  });
});

describe('HTTP as it should be', () => {
  it('answers HEAD where it answers GET', async () => {
    const world = await testWorld();
    for (const path of [
      '/',
      '/boards',
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/v1/jobs',
      '/api/v1/labs',
      '/pages/style.css',
    ]) {
      const answer = await get(world, path, '127.0.0.1');
      const head = await rawExchange(
        world.url,
        `HEAD ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      );
      expect([path, head.split('\r\n')[0]]).toEqual([path, answer.split('\r\n')[0]]);
      expect(head).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n$/s);
    }
  });

  it.each(['h2c', 'websocket', 'TLS/1.0', 'odd, odder'])(
    'ignores Upgrade: %s where there is none',
    async (protocol) => {
      const world = await testWorld();
      const answer = await get(
        world,
        '/healthz',
        '127.0.0.1',
        `Upgrade: ${protocol}\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 200 /);
    },
  );
});
