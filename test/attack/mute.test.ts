// Servers that take a connection and never answer: they hold up what needs them, and nothing else.
import { describe, expect, it } from 'vitest';
import { rawConnection } from './sockets.ts';
import { listenRaw } from '../support/listen.ts';
import { atEnd, definition, LAB, testWorld, until, X86 } from '../support/world.ts';

/** A server that never says a word. */
async function muteServer(): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const url = await listenRaw(() => void (connections += 1));
  return { url, connections: () => connections };
}

describe('a mute file server', () => {
  it('keeps neither other labs nor other requests of its lab waiting', async () => {
    const world = await testWorld();
    const mute = await muteServer();
    const wanted = definition(world, {});
    const build = world.maestro.addBuild({ arch: 'x86_64', artifacts: wanted.artifacts });
    for (let i = 0; i < 40; i++) {
      const node = world.maestro.addPullLabsJob(
        { build: build.id, name: `mute-${i}`, runtime: LAB, platform: X86 },
        wanted,
      );
      const artifacts = { job_definition: `${mute.url}/${i}.json` };
      world.maestro.database.change(node.id, { artifacts }, false);
    }
    await until('it was asked', () => (mute.connections() > 0 ? true : undefined));

    const good = [1, 2, 3].map(() => world.publish());
    for (const nodeId of good) await world.at(nodeId, 'received');

    expect(mute.connections()).toBeLessThanOrEqual(2);
  });
});

describe('a mute LAVA', () => {
  it('holds up no page, list or health', async () => {
    const world = await testWorld();
    await until('the boards are known', async () =>
      (await world.http('/api/v1/boards')).text.includes('"online":3') ? true : undefined,
    );
    world.lava.faults.add({ kind: 'mute', path: /RPC2/ });
    world.jump(600_000);

    for (const path of ['/', '/boards', '/api/v1/boards', '/api/v1/labs', '/readyz', '/healthz', '/metrics'])
      expect([path, (await world.http(path)).status]).toEqual([path, 200]);
    expect((await world.http('/api/v1/boards')).text).toMatch(/"online":3.*"asked":"2/);
  });
});

describe('searches in a log', () => {
  it('go on two at a time, however many ask', async () => {
    const world = await testWorld();
    world.fly();
    const { id } = await world.ended(world.publish());
    const { blobs } = world.daemon.context;
    const read = blobs.read.bind(blobs);
    const [counts, now] = [{ most: 0 }, new Set<unknown>()];
    blobs.read = (name) => {
      const log = read(name);
      now.add(log);
      counts.most = Math.max(counts.most, now.size);
      return log.once('close', () => now.delete(log));
    };

    const answers = await Promise.all(
      Array.from({ length: 80 }, () => world.http(`/jobs/${encodeURIComponent(id)}/log?q=linux`)),
    );

    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(counts.most).toBeGreaterThan(0);
    expect(counts.most).toBeLessThanOrEqual(2);
  });
});

describe('readers of a log', () => {
  it('cost LAVA as much as one, and are bounded', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    const asked = (): number => world.lava.calls.get('scheduler.jobs.logs') ?? 0;
    const readers = new AbortController();
    atEnd(async () => readers.abort());

    const answers = await Promise.all(
      Array.from({ length: 130 }, () =>
        fetch(`${world.url}/api/v1/jobs/${nodeId}/log?follow=true`, { signal: readers.signal }),
      ),
    );

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(30);
    const before = asked();
    await until('LAVA was asked further', () => (asked() > before + 1 ? true : undefined));
    // One for each look, not one for each reader.
    expect(asked()).toBeLessThan(40);
    readers.abort();
    // Who is gone before there was an answer holds no place either.
    for (let i = 0; i < 150; i++) {
      const socket = await rawConnection(world.url);
      socket.write(
        `GET /${i % 2 === 0 ? 'api/v1/' : ''}jobs/${nodeId}/log HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
      );
      await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    await until('there is room again', async () => {
      const answer = await fetch(`${world.url}/api/v1/jobs/${nodeId}/log`);
      await answer.text();
      return answer.status === 200 ? true : undefined;
    });
  });
});
