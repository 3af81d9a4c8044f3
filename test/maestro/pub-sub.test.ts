import { afterEach, beforeEach, expect, it } from 'vitest';
import { BridgeError } from '../../src/core/errors.ts';
import type { MaestroNode } from '../../src/maestro/node.ts';
import { createMaestroClient } from '../../src/maestro/client.ts';
import { followNodes, type NodeNews } from '../../src/maestro/pub-sub.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { until } from '../support/wait.ts';

let maestro: MaestroSimulator;
let news: (NodeNews | undefined)[];
let states: unknown[];
const running: { stop: AbortController; done: Promise<void> }[] = [];

beforeEach(async () => {
  maestro = await startMaestroSimulator({ runtimes: ['lava-lab'], beepMs: 20 });
  news = [];
  states = [];
});
afterEach(async () => {
  await stopAll();
  await maestro.stop();
});

async function stopAll(): Promise<void> {
  for (const { stop } of running) stop.abort();
  await Promise.all(running.splice(0).map(({ done }) => done));
}

function follow(token = maestro.token): void {
  const { pubSub } = createMaestroClient({ url: maestro.url, token, timeoutMs: 2000 });
  const stop = new AbortController();
  const heard = {
    onNews: (one: NodeNews | undefined) => void news.push(one),
    onState: (failure: unknown) => void states.push(failure instanceof BridgeError ? failure.code : 'heard'),
  };
  running.push({ stop, done: followNodes({ pubSub, name: 'bridge:node', ...heard }, stop.signal) });
}

/** A build of Maestro's own user. */
function build(): { id: string } {
  return maestro.addBuild({ arch: 'arm64', artifacts: {} });
}

function heardOf({ id }: Pick<MaestroNode, 'id'>): Promise<NodeNews> {
  return until(`${id} is heard of`, () => news.find((one) => one?.id === id && one.state === 'available'));
}

function listening(): Promise<true> {
  return until('it listens', () => (maestro.subscriptions() > 0 ? true : undefined));
}

it('what happens to anybody’s nodes is heard, and signs of life are no news', async () => {
  follow();
  await listening();
  expect(await heardOf(build())).toMatchObject({ kind: 'kbuild' });
  const known = news.length;
  const beeps = maestro.requests.length;
  await until('signs of life come', () => (maestro.requests.length > beeps + 3 ? true : undefined));
  expect(news).toHaveLength(known);
  expect(states).toEqual(['heard']);
});

it('what happened while nobody listened is heard afterwards', async () => {
  follow();
  await listening();
  await heardOf(build());
  await stopAll();
  expect(maestro.subscriptions()).toBe(0);
  const missed = build();
  follow();
  await heardOf(missed);
});

it('a subscription that Maestro lost is made again, with a word that something may have been missed', async () => {
  follow();
  await listening();
  // It is listened to, and not only subscribed.
  await heardOf(build());
  news = [];
  maestro.loseSubscriptions();
  await until('it is there again', () => (news.includes(undefined) ? true : undefined));
  await heardOf(build());
  expect(states).toEqual(['heard']);
});

it('what the token may not do is said once', async () => {
  follow('wrong');
  await until('it is said', () => (states.length > 0 ? true : undefined));
  const asked = maestro.requests.length;
  await until('it was tried again', () => (maestro.requests.length > asked ? true : undefined));
  expect(states).toEqual(['maestro_auth']);
});

it('messages that make no sense are left out, and an outage is said when it lasts', async () => {
  follow();
  await listening();
  maestro.database.publish('node', 'production', { op: 'odd' });
  await heardOf(build());
  const end = maestro.faults.add({ kind: 'status', status: 503 });
  await until('it is said', () => (states.length > 1 ? true : undefined));
  end();
  await until('it is over', () => (states.length > 2 ? true : undefined));
  expect(states).toEqual(['heard', 'maestro_busy', 'heard']);
});
