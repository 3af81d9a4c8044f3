// Servers that answer what no decent one would, to whatever asks them.
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LONGEST_RETRY_AFTER, TemporaryError } from '../../src/core/errors.ts';
import { retryAfterMs } from '../../src/core/http-answer.ts';
import { exchange } from '../../src/core/http-exchange.ts';
import { createMaestroClient } from '../../src/maestro/client.ts';
import { listenRaw } from '../support/listen.ts';
import { LAB, testWorld } from '../support/world.ts';

const MIB = 1024 * 1024;
const OK = 'HTTP/1.1 200 OK\r\n';

/** Gives the URL of a server that does this with each connection, once something came. */
async function serve(answer: (socket: Socket) => void): Promise<string> {
  return `${await listenRaw((socket) => void socket.once('data', () => answer(socket)))}/x`;
}

/** Writes the text again and again, as fast as it is taken. */
function forEver(socket: Socket, text: string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(text));
    if (!socket.destroyed) socket.once('drain', write);
  };
  write();
}

const ANSWERS: Record<string, (socket: Socket) => void> = {
  'a header without end': (socket) => {
    socket.write(OK);
    forEver(socket, 'X: y\r\n'.repeat(100));
  },
  'a header line without end': (socket) => {
    socket.write(`${OK}X: `);
    forEver(socket, 'x'.repeat(10_000));
  },
  'interim answers without end': (socket) =>
    forEver(socket, 'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'.repeat(100)),
  'a body without end': (socket) => {
    socket.write(`${OK}\r\n`);
    forEver(socket, 'x'.repeat(10_000));
  },
  'a body without end, in chunks of a byte': (socket) => {
    socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
    forEver(socket, '1\r\nx\r\n'.repeat(1000));
  },
  'a chunk with a name without end': (socket) => {
    socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n1;`);
    forEver(socket, 'x'.repeat(10_000));
  },
  'a bomb': (socket) => {
    const bomb = gzipSync(Buffer.alloc(100 * MIB));
    socket.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    socket.end(bomb);
  },
  'a bomb in a bomb': (socket) => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(100 * MIB)));
    socket.write(`${OK}Content-Encoding: gzip, gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    socket.end(bomb);
  },
  'what is no gzip': (socket) => void socket.end(`${OK}Content-Encoding: gzip\r\n\r\nhello`),
  'less than it said': (socket) => void socket.end(`${OK}Content-Length: 100\r\n\r\nhello`),
  'a negative length': (socket) => void socket.end(`${OK}Content-Length: -1\r\n\r\nhello`),
  'two lengths': (socket) => void socket.end(`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nhello`),
  'another protocol': (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'a switch of protocols': (socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  nothing: (socket) => void socket.end(),
};

describe('a server that answers with', () => {
  it.each(Object.keys(ANSWERS))('%s is given up on in time, for as long as that may pass', async (what) => {
    const url = await serve((socket) => ANSWERS[what]?.(socket));
    const before = process.memoryUsage();
    const answer = await exchange({ url, timeoutMs: 2000, maxBytes: MIB }).catch((error: unknown) => error);

    // A bomb in a bomb may come as it is, small; nothing larger than what was allowed does.
    if (answer instanceof Error) expect(answer).toBeInstanceOf(TemporaryError);
    else expect(answer).toMatchObject({ body: expect.toSatisfy((body: Buffer) => body.length <= MIB) });
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(250 * MIB);
  });
});

describe('Retry-After', () => {
  it.each([
    '999999',
    '999999999999',
    '99999999999999999999',
    '-5',
    '1e9',
    '0x10',
    'Infinity',
    'NaN',
    '',
    'soon',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '+275760-09-13T00:00:00Z',
    '12, 99999',
  ])('%j makes no wait longer than ten minutes', (value) => {
    const error = new TemporaryError('unreachable', 'x', {
      retryAfterMs: retryAfterMs({ 'retry-after': value }),
    });
    const wait = error.retryAfterMs ?? 0;
    expect(wait).toBeGreaterThanOrEqual(0);
    expect(wait).toBeLessThanOrEqual(LONGEST_RETRY_AFTER);
  });
});

describe('LAVA', () => {
  it.each([
    ['a text where a list should be', { lava: 'hello' }],
    ['a mapping where a list should be', { lava: 'name: a\n' }],
    ['a list of no cases', { lava: '- 1\n- [a]\n' }],
    ['brackets without end', { lava: '['.repeat(1e6) }],
    ['a name of a megabyte', { ['x'.repeat(1e6)]: '- - -' }],
    [
      'half characters',
      { lava: '- {id: 1, name: "\\ud800", result: pass, suite: "\\udfff", level: "", metadata: {}}\n' },
    ],
  ])(
    'that says of a finished job %s lets it end, with a reason and valid reports',
    async (_what, results) => {
      const world = await testWorld();
      world.lava.switches.callbacks = 'drop';
      const lab = world.daemon.context.labs.get(LAB);
      if (lab === undefined) throw new Error('no lab');
      const { call } = lab;
      lab.call = (work) => call((client) => work({ ...client, fetchResults: async () => results }));

      const nodeId = world.publish({ scenario: 'fail' });
      await world.ended(nodeId);

      expect(await world.attempts(nodeId)).toMatchObject([{ evidence: 'fetched' }]);
      expect((await world.deliveries(nodeId)).filter(({ state }) => state === 'parked')).toEqual([]);
      const texts = (await world.timeline(nodeId)).map(({ text }) => text);
      expect(texts.filter((text) => text.length > 2000 || !text.isWellFormed())).toEqual([]);
      expect([...world.kcidb.submissions.values()].filter(({ state }) => state === 'failed')).toEqual([]);
    },
  );
});

describe('Maestro', () => {
  it.each([
    [
      'a redirect to somewhere else',
      `HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`,
    ],
    ['JSON nested a million deep', `${OK}Connection: close\r\n\r\n${'['.repeat(1e6)}`],
    ['a million empty objects', `${OK}Connection: close\r\n\r\n[${'{},'.repeat(2e6)}{}]`],
    ['a page', `${OK}Connection: close\r\n\r\n<html>${'x'.repeat(1e6)}`],
  ])('that answers with %s gives an error that says little', async (_what, text) => {
    const url = await serve((socket) => void socket.end(text));
    const client = createMaestroClient({ url, token: 'secret', timeoutMs: 10_000 });
    const error: unknown = await client.getNode('68f0c0ffee0000000000beef').catch((e: unknown) => e);

    expect(error).toMatchObject({ message: expect.toSatisfy((message: string) => message.length < 2000) });
    expect(String(error)).not.toContain('secret');
  });
});
