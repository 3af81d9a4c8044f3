import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { parseFrame } from '../../src/lava/event-frame.ts';
import { eventsUrl, followLavaEvents, type LavaEvent, type LavaEventOptions } from '../../src/lava/events.ts';
import { startLavaSimulator, type LavaSimulator } from '../../src/sim/lava/simulator.ts';
import { listenWith } from '../support/listen.ts';
import { eventually } from '../support/wait.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function frames(name: string): Promise<string[]> {
  const text = await readFile(new URL(`../fixtures/lava/events/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { data: string }).data]));
}

describe('reading messages', () => {
  it('reads what LAVA sent of a job and its devices', async () => {
    const events = (await frames('boot-test')).map(parseFrame);

    const words = events.map((e) => (e?.kind === 'job' || e?.kind === 'device' ? `${e.kind} ${e.state}` : e));
    expect(words).not.toContain(undefined);
    expect(words.slice(5)).toEqual([
      'job Submitted',
      'device Reserved',
      'job Scheduled',
      'device Running',
      'job Running',
      'device Idle',
      'job Finished',
      'device Idle',
      'job Finished',
    ]);
    expect(events.at(-1)).toEqual({
      kind: 'job',
      at: Date.UTC(2026, 10, 21, 16, 59, 13, 852),
      id: 2,
      state: 'Finished',
      health: 'Complete',
      device: 'qemu-02',
      submitter: 'bridge',
      description: 'lavalab boot and test',
    });
  });

  const frame = (topic: string, time: string, data: unknown): string =>
    JSON.stringify([topic, 'uuid', time, 'lavaserver', JSON.stringify(data)]);

  it('reads times with and without a zone, and a topic of any lab', () => {
    const data = { hostname: 'w1', health: 'Active', state: 'Offline' };

    expect(parseFrame(frame('my.lab.worker', '2026-08-21T15:20:22+00:00', data))).toEqual({
      kind: 'worker',
      at: Date.UTC(2026, 7, 21, 15, 20, 22),
      name: 'w1',
      state: 'Offline',
      health: 'Active',
    });
    expect(parseFrame(frame('my.lab.worker', '2026-08-21T15:20:22', data))).toMatchObject({
      at: Date.UTC(2026, 7, 21, 15, 20, 22),
    });
  });

  it('reads why newer LAVA closes', () => {
    expect(parseFrame('{"error": "Unknown user"}')).toEqual({ kind: 'error', message: 'Unknown user' });
  });

  it.each([
    ['no JSON', 'hello'],
    ['too few strings', '["a.testjob", "b"]'],
    ['an unknown topic', frame('lab.event', '2026-08-21T15:20:22', { message: 'x', job: 1 })],
    ['a job without a state', frame('lab.testjob', '2026-08-21T15:20:22', { job: 1 })],
    ['a state that we do not know', frame('lab.testjob', '', { job: 1, state: 'Paused', health: 'Unknown' })],
    ['data that is no JSON', '["lab.testjob", "u", "t", "user", "{"]'],
  ])('leaves out %s', (_what, text) => {
    expect(parseFrame(text)).toBeUndefined();
  });

  it('knows where the stream of a lab is', () => {
    expect(eventsUrl('https://lava.example/mount/')).toBe('wss://lava.example/mount/ws/');
  });
});

interface Told {
  what: string[];
  events: LavaEvent[];
  until: (what: string, times?: number) => Promise<void>;
}

/** Follows a stream fast, and notes what it is heard. */
function follow(url: string, more: Partial<LavaEventOptions> = {}): Told {
  const what: string[] = [];
  const events: LavaEvent[] = [];
  const stream = followLavaEvents({
    url,
    pingMs: 20,
    quietMs: 60_000,
    retryMs: 10,
    maxRetryMs: 40,
    handshakeMs: 2000,
    onEvent: (event) => void events.push(event),
    onConnected: () => void what.push('connected'),
    onLost: (reason) => void what.push(`lost: ${reason}`),
    onQuiet: () => void what.push('quiet'),
    ...more,
  });
  closers.push(stream.stop);
  const count = (word: string): number => what.filter((w) => w.startsWith(word)).length;
  const until = (word: string, times = 1): Promise<void> =>
    eventually(() => expect(count(word)).toBeGreaterThanOrEqual(times));
  return { what, events, until };
}

async function simulate(): Promise<LavaSimulator> {
  const simulator = await startLavaSimulator();
  closers.push(simulator.stop);
  return simulator;
}

describe('following a stream', () => {
  it('says what happens', async () => {
    const lava = await simulate();
    const heard = follow(lava.eventsUrl);
    await heard.until('connected');

    lava.lab.setWorker('lab-worker', { state: 'Offline' });
    lava.lab.setDevice('qemu-01', 'Maintenance');

    await eventually(() => expect(heard.events).toHaveLength(2));
    expect(heard.events).toMatchObject([
      { kind: 'worker', name: 'lab-worker', state: 'Offline', health: 'Active' },
      { kind: 'device', name: 'qemu-01', type: 'qemu', health: 'Maintenance', worker: 'lab-worker' },
    ]);
  });

  it('comes back after a cut, and says both once', async () => {
    const lava = await simulate();
    const heard = follow(lava.eventsUrl);
    await heard.until('connected');

    lava.setDown(true);
    await heard.until('lost');
    await eventually(() => expect(lava.listeners()).toBe(0));
    lava.setDown(false);
    await heard.until('connected', 2);

    expect(heard.what.map((w) => w.split(':')[0])).toEqual(['connected', 'lost', 'connected']);
    lava.lab.setDevice('qemu-01', 'Bad');
    await eventually(() => expect(heard.events).toHaveLength(1));
  });

  it('leaves a peer that answers no pings', async () => {
    const lava = await simulate();
    const heard = follow(lava.eventsUrl);
    await heard.until('connected');

    lava.switches.events = 'dead';

    await heard.until('lost: LAVA answers no pings');
  });

  it('says once that a stream has gone quiet, until something comes', async () => {
    const lava = await simulate();
    const heard = follow(lava.eventsUrl, { quietMs: 30 });
    lava.switches.events = 'mute';
    await heard.until('quiet');
    lava.lab.setDevice('qemu-01', 'Bad');

    lava.switches.events = 'send';
    lava.lab.setDevice('qemu-01', 'Good');
    await heard.until('quiet', 2);

    expect(heard.events).toMatchObject([{ kind: 'device', health: 'Good' }]);
    expect(heard.what).toEqual(['connected', 'quiet', 'quiet']);
  });

  it('says that nothing listens there, once, and goes on trying', async () => {
    const server = createServer();
    const url = await listenWith(server);
    const tries: number[] = [];
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => {});
      tries.push(1);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });

    const heard = follow(`${url.replace('http', 'ws')}/ws/`);

    await eventually(() => expect(tries.length).toBeGreaterThan(2));
    expect(heard.what).toEqual([expect.stringMatching(/^lost: /)]);
  });

  it.each([
    ['LAVA refuses its credentials', '{"error": "Unknown user"}'],
    ['a frame is too large', 'x'.repeat(2 * 1024 * 1024)],
  ])('says once that %s, and goes on trying', async (_what, frame) => {
    const headers: unknown[] = [];
    const http = createServer();
    const url = await listenWith(http);
    new WebSocketServer({ server: http, autoPong: false }).on('connection', (socket, request) => {
      socket.on('error', () => {}); // the client hangs up on what it got
      headers.push(request.headers.authorization);
      socket.send(frame);
    });

    const heard = follow(`${url.replace('http', 'ws')}/ws/`, { user: 'bridge', token: 'secret' });
    await eventually(() => expect(headers.length).toBeGreaterThan(2));

    expect(headers[0]).toBe(`Basic ${Buffer.from('bridge:secret').toString('base64')}`);
    expect(heard.what).toEqual([expect.stringMatching(/^lost: /)]);
  });

  it('is still after it was stopped, even while it connects', async () => {
    const lava = await simulate();
    const what: string[] = [];
    const stream = followLavaEvents({
      url: lava.eventsUrl,
      onEvent: () => {},
      onConnected: () => what.push('connected'),
      onLost: () => what.push('lost'),
      onQuiet: () => {},
    });

    stream.stop();

    expect(stream.isConnected()).toBe(false);
    const other = follow(lava.eventsUrl);
    await other.until('connected');
    expect(what).toEqual([]);
  });
});
