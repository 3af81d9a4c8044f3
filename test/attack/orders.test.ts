// Who wants to give orders, or to read, without the right to: sessions, forms of other sites, tables that run.
import { readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { jobsCsv } from '../../src/http/jobs-csv.ts';
import type { JobRow } from '../../src/http/shapes.ts';
import { atEnd, LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const ALICE = { name: 'alice', token: 'alices-token', role: 'operate' };

/** A form as a browser sends it from a page of `origin`. */
async function post(
  world: TestWorld,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { origin: world.url },
): Promise<{ status: number; location: string | null; cookie: string }> {
  const answer = await fetch(`${world.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });
  await answer.text();
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { status: answer.status, location: answer.headers.get('location'), cookie };
}

async function signIn(world: TestWorld, token: string): Promise<string> {
  const { status, cookie } = await post(world, '/login', { token });
  expect(status).toBe(303);
  return cookie;
}

/** The configuration's `http` is changed, and read again. */
async function reload(world: TestWorld, http: Record<string, unknown>): Promise<void> {
  const config = parse(await readFile(world.configFile, 'utf8')) as { http: Record<string, unknown> };
  Object.assign(config.http, http);
  await writeFile(world.configFile, stringify(config));
  expect(await world.daemon.reload.all(() => loadConfig(world.configFile))).toBe(true);
}

describe('a session', () => {
  it('may do what its token may do now, and ends with it', async () => {
    const world = await testWorld({ http: { tokens: [ALICE], reading: 'token' } });
    const cookie = await signIn(world, ALICE.token);
    const drained = async (): Promise<[status: number, location: string | null]> => {
      const { status, location } = await post(
        world,
        '/drain',
        { lab: LAB, board: X86 },
        { origin: world.url, cookie },
      );
      return [status, location];
    };
    const read = async (): Promise<number> => (await world.http('/', { headers: { cookie } })).status;
    expect([await drained(), await read()]).toEqual([[303, '/boards'], 200]);

    await reload(world, { tokens: [{ ...ALICE, role: 'read' }] });
    expect([await drained(), await read()]).toEqual([[403, null], 200]);

    await reload(world, { tokens: [{ ...ALICE, token: 'another' }] });
    expect([await drained(), await read()]).toEqual([[303, '/login?next=%2F'], 401]);
  });

  it('that has ended opens no socket', async () => {
    const world = await testWorld({ http: { tokens: [ALICE], reading: 'token' } });
    const cookie = await signIn(world, ALICE.token);
    const open = (): Promise<string> => {
      const socket = new WebSocket(`${world.url.replace('http', 'ws')}/ws`, { headers: { cookie } });
      socket.on('error', () => undefined);
      atEnd(async () => socket.terminate());
      return Promise.race([
        once(socket, 'open').then(() => 'open'),
        once(socket, 'unexpected-response').then(() => 'refused'),
      ]);
    };
    expect(await open()).toBe('open');
    await reload(world, { tokens: [] });
    expect(await open()).toBe('refused');
  });

  it('that has ended ends the log that is followed with it', async () => {
    const world = await testWorld({ http: { tokens: [ALICE], reading: 'token' } });
    const cookie = await signIn(world, ALICE.token);
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    const follow = async (path: string, headers: Record<string, string>): Promise<() => Promise<string>> => {
      const answer = await fetch(`${world.url}${path}`, { headers });
      const pieces = answer.body?.getReader();
      await pieces?.read();
      return async () => {
        for (;;) {
          const piece = await pieces?.read().catch(() => 'cut off' as const);
          if (piece === undefined || piece === 'cut off') return 'cut off';
          if (piece.done) return 'whole';
        }
      };
    };
    const path = `/api/v1/jobs/${nodeId}/log?follow=true`;
    const ends = await Promise.all([
      follow(`/jobs/${LAB}:${nodeId}/log`, { cookie }),
      follow(path, { authorization: `Bearer ${ALICE.token}` }),
    ]);
    const other = new AbortController();
    const kept = await fetch(`${world.url}${path}`, {
      headers: { authorization: `Bearer ${world.token}` },
      signal: other.signal,
    });
    await reload(world, { tokens: [] });
    expect(await Promise.all(ends.map((end) => end()))).toEqual(['cut off', 'cut off']);
    expect((await kept.body?.getReader().read())?.done).toBe(false);
    other.abort();
  });

  it.each([
    ['nothing', {}],
    ['another cookie', { cookie: 'lava_bridge_session=x' }],
    ['a name of every object', { cookie: 'lava_bridge_session=__proto__' }],
    ['ten thousand of them', { cookie: 'lava_bridge_session=y; '.repeat(500) }],
  ])('is none for who sends %s', async (_what, headers) => {
    const world = await testWorld({ http: { tokens: [ALICE] } });
    const answer = await post(world, '/drain', { lab: LAB }, { origin: world.url, ...headers });
    expect([answer.status, answer.location]).toEqual([303, '/login?next=%2F']);
  });
});

describe('a form', () => {
  it('of another site changes nothing, and signs nobody in', async () => {
    const world = await testWorld({ http: { tokens: [ALICE] } });
    const cookie = await signIn(world, ALICE.token);
    const { host } = new URL(world.url);
    for (const origin of [
      'https://evil.example',
      'null',
      '',
      `${world.url}.evil.example`,
      `http://evil.example:${host}`,
      `http://${host}@evil.example`,
      'http://127.0.0.1:1',
      'file://',
    ]) {
      for (const [path, fields] of [
        ['/drain', { lab: LAB }],
        ['/resume', { lab: LAB }],
        ['/jobs/x/cancel', {}],
        ['/login', { token: ALICE.token }],
        ['/logout', {}],
      ] as const) {
        const answer = await post(world, path, fields, { origin, cookie });
        expect([origin, path, answer.status, answer.cookie]).toEqual([origin, path, 403, '']);
      }
    }
    expect((await post(world, '/drain', { lab: LAB }, { cookie })).status).toBe(403);
    expect(await world.daemon.context.store.drains()).toEqual([]);
  });

  it('that signs in leads to places of ours alone', async () => {
    const world = await testWorld({ http: { tokens: [ALICE] } });
    for (const [next, place] of [
      ['/jobs?lab=a', '/jobs?lab=a'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
      ['/\t/evil.example', '/'],
      ['/x\r\nSet-Cookie: a=b', '/'],
      ['https://evil.example', '/'],
      ['javascript:alert(1)', '/'],
      ['/jobs/%F0%9F%92%A9', '/jobs/%F0%9F%92%A9'],
      ['/jobs/\u{1f4a9}', '/'],
      ['/jobs/\ud800', '/'],
    ] as const) {
      const { status, location } = await post(world, '/login', { token: ALICE.token, next });
      expect([next, status, location]).toEqual([next, 303, place]);
    }
  });
});

describe('what changes something', () => {
  it('is done for nobody without a token, whatever the path', async () => {
    const world = await testWorld({ http: { tokens: [ALICE] } });
    const { json } = await world.http('/api/v1/openapi.json');
    const paths = Object.entries((json as { paths: Record<string, Record<string, unknown>> }).paths);
    const orders = paths.flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x')] as const),
    );
    expect(orders.length).toBeGreaterThan(4);
    for (const [method, path] of orders) {
      for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${btoa(`a:${ALICE.token}`)}`]) {
        const headers = { 'content-type': 'application/json', authorization };
        const { status } = await world.http(path, { method, headers, body: '{}' });
        expect([method, path, authorization, status]).toEqual([method, path, authorization, 401]);
      }
    }
  });
});

describe('a table for a spreadsheet', () => {
  it('has no cell that is a formula, and no text that makes another cell or line', () => {
    const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', 'a"b', 'a,b', 'a\r\n=1'];
    for (const name of hostile) {
      const csv = jobsCsv([{ id: 'x', name, tests: [] } as unknown as JobRow]);
      const cell = cellsOf(csv)[1]?.[3] ?? '';
      expect([name, cell.replace(/^'/, '')]).toEqual([name, name]);
      expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
    }
  });
});

/** As a spreadsheet reads it (RFC 4180). */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') rows.push([]);
  }
  return rows;
}
