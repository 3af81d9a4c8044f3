// Who may read, who may give orders, and that both are named.
import { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { HttpConfig } from '../../src/config/http-schema.ts';
import { openToReaders } from '../../src/http/auth.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const TOKENS = [
  { name: 'alice', token: 'alices-token', role: 'operate' },
  { name: 'grafana', token: 'grafanas-token', role: 'read' },
];

function drain(world: TestWorld, token: string): Promise<{ status: number; json: unknown }> {
  return world.http('/api/v1/drain', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ lab: LAB, board: X86 }),
  });
}

const read = async (world: TestWorld, path: string, token?: string): Promise<number> =>
  (await world.http(path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }))
    .status;

const SHOWN = [
  '/api/v1/jobs',
  '/api/v1/labs',
  '/api/v1/boards',
  '/api/v1/requests',
  '/metrics',
  '/',
  '/boards',
];
const OPEN = ['/healthz', '/api/v1/openapi.json', '/pages/style.css'];

describe('an order', () => {
  it('needs a token whose role allows it, and carries its name', async () => {
    const world = await testWorld({ http: { tokens: TOKENS } });
    expect((await drain(world, '')).status).toBe(401);
    expect((await drain(world, 'wrong')).status).toBe(401);
    expect(await drain(world, 'grafanas-token')).toMatchObject({ status: 403, json: { error: 'read_only' } });
    expect((await drain(world, 'alices-token')).status).toBe(200);
    const orders = (): unknown[] =>
      world.log.map((line) => JSON.parse(line)).filter((line) => line.order !== undefined);
    expect(orders()).toEqual([
      expect.objectContaining({ order: 'drain', by: 'alice', lab: LAB, board: X86, address: '127.0.0.1' }),
    ]);

    const node = world.publish();
    await world.waits(node, 'drained');
    expect((await order(world, `jobs/${node}/cancel`)).status).toBe(202);
    await world.ended(node);
    expect((await world.timeline(node)).map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^cancel asked for by admin: /),
    );
    expect(orders().at(-1)).toMatchObject({ order: 'cancel', by: 'admin' });
    expect(world.log.join('')).not.toMatch(/alices-token/);
  });
});

describe('reading', () => {
  it('is open to all, unless the configuration wants a token for it', async () => {
    const world = await testWorld({ http: { tokens: TOKENS } });
    for (const path of [...SHOWN, ...OPEN]) expect([path, await read(world, path)]).toEqual([path, 200]);
    await world.stop();

    const closed = await testWorld({ http: { tokens: TOKENS, reading: 'token' } });
    for (const path of SHOWN) {
      expect([path, await read(closed, path)]).toEqual([path, 401]);
      expect([path, await read(closed, path, 'wrong')]).toEqual([path, 401]);
      expect([path, await read(closed, path, 'grafanas-token')]).toEqual([path, 200]);
      expect([path, await read(closed, path, closed.token)]).toEqual([path, 200]);
    }
    for (const path of OPEN) expect([path, await read(closed, path)]).toEqual([path, 200]);
    expect(await read(closed, '/callback/x/y')).not.toBe(401);
    const socket = new WebSocket(`${closed.url.replace('http', 'ws')}/ws`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/401/);
  });

  it('of an address that others reach is said where it is open', () => {
    expect(openToReaders(HttpConfig.parse({}))).toEqual([]);
    expect(openToReaders(HttpConfig.parse({ pages_listen: '0.0.0.0:1' }))).toEqual(['pages_listen']);
    expect(openToReaders(HttpConfig.parse({ api_listen: '[::]:1', pages_listen: '[::1]:2' }))).toEqual([
      'api_listen',
    ]);
    expect(openToReaders(HttpConfig.parse({ pages_listen: '0.0.0.0:1', reading: 'token' }))).toEqual([]);
  });
});

describe('a proxy', () => {
  it('is believed about the client only if it is one of ours', async () => {
    for (const [proxies, address] of [
      [[], '127.0.0.1'],
      [['loopback'], '192.0.2.7'],
    ] as const) {
      const world = await testWorld({ http: { proxies } });
      await world.http('/api/v1/drain', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.token}`,
          'content-type': 'application/json',
          'x-forwarded-for': '192.0.2.7',
        },
        body: JSON.stringify({ lab: LAB }),
      });
      expect(world.log.filter((line) => line.includes('"order"'))).toEqual([
        expect.stringContaining(`"address":"${address}"`),
      ]);
      await world.stop();
    }
  });
});
