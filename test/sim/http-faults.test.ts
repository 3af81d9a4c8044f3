import { afterEach, beforeEach, expect, it } from 'vitest';
import { exchange } from '../../src/core/http-exchange.ts';
import { startSimServer, type SimServer } from '../../src/sim/http-server.ts';

let server: SimServer;
let done: number;

beforeEach(async () => {
  done = 0;
  server = await startSimServer({ seed: 7 }, {}, (app) => {
    app.all('/*', async () => {
      done++;
      return { ok: true };
    });
  });
});
afterEach(() => server.stop());

/** The status of one request, or the code of what went wrong. */
async function ask(path = '/', method: 'GET' | 'POST' = 'GET'): Promise<number | string> {
  try {
    return (await exchange({ url: server.url + path, method, timeoutMs: 300 })).status;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

it.each([
  ['answers with another status, and does nothing', { kind: 'status', status: 502 }, 502, 0],
  ['never answers, and does nothing', { kind: 'mute' }, 'unreachable', 0],
  ['cuts the connection, and does nothing', { kind: 'cut' }, 'unreachable', 0],
  ['does what is asked, and loses the answer', { kind: 'lose' }, 'unreachable', 1],
  ['is slow', { kind: 'slow', delayMs: 10 }, 200, 1],
] as const)('%s', async (_what, fault, answer, times) => {
  server.faults.add(fault);

  expect([await ask(), done]).toEqual([answer, times]);
});

it('shows a fault as often as it is set, and to those requests alone that it is for', async () => {
  server.faults.add({ kind: 'status', status: 500, method: 'POST', path: /^\/a/, times: 1 });

  expect(await ask('/a')).toBe(200);
  expect(await ask('/b', 'POST')).toBe(200);
  expect(await ask('/a', 'POST')).toBe(500);
  expect(await ask('/a', 'POST')).toBe(200);
});

it('ends a fault, or all', async () => {
  const end = server.faults.add({ kind: 'status', status: 500 });
  server.faults.add({ kind: 'status', status: 503 });

  end();
  expect(await ask()).toBe(503);
  server.faults.clear();
  expect(await ask()).toBe(200);
});

it('shows a fault by chance, the same way for the same seed', async () => {
  const run = async (seed: number): Promise<(number | string)[]> => {
    const other = await startSimServer({ seed }, {}, (app) => app.get('/', async () => 'ok'));
    other.faults.add({ kind: 'status', chance: 0.5 });
    const answers = [];
    for (let i = 0; i < 20; i++) {
      answers.push((await exchange({ url: `${other.url}/`, timeoutMs: 2000 })).status);
    }
    await other.stop();
    return answers;
  };

  const first = await run(1);

  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(await run(1)).toEqual(first);
  expect(await run(2)).not.toEqual(first);
});

it('stops although a request hangs', async () => {
  server.faults.add({ kind: 'mute' });
  const hanging = exchange({ url: `${server.url}/`, timeoutMs: 60_000 });
  const refused = expect(hanging).rejects.toMatchObject({ code: 'unreachable' });
  await ask();

  await server.stop();

  await refused;
});

it('remembers what it was asked', async () => {
  await ask('/a?b=c', 'POST');

  expect(server.requests).toEqual([{ method: 'POST', url: '/a?b=c', status: 200 }]);
});
