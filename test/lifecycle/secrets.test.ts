import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

/** All files below a folder, as text; unpacked if they are gzipped. */
async function filesBelow(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = new Map<string, string>();
  for (const entry of entries.filter((e) => e.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    texts.set(path, (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'));
  }
  return texts;
}

function secretsOf(world: TestWorld): string[] {
  return [world.lava.token, world.lava.callback.token, world.maestro.token, world.kcidb.token, world.token];
}

describe('a secret', () => {
  it('stands in no log line, file, page, answer or definition', async () => {
    const callback = { name: 'bridge-callback', token: 'SECRET-of-the-callback' };
    const world = await testWorld({
      timeout: '300ms',
      lava: { users: [{ name: 'bridge', token: 'SECRET-of-lava' }], callback },
    });
    world.fly(200);
    const good = world.publish({ scenario: 'mixed' });
    await world.ended(good);
    const refused = world.publish({ scenario: 'refused' });
    await world.ended(refused);
    for (const server of [world.lava, world.maestro, world.kcidb]) {
      const nodeId = world.publish();
      await world.at(nodeId, 'admitted');
      for (const status of [401, 500]) {
        server.faults.add({ kind: 'status', status, times: 2, path: /^\/(?!files)/ });
      }
      server.faults.add({ kind: 'mute', times: 2, path: /^\/(?!files)/ });
      server.faults.add({ kind: 'cut', times: 2, path: /^\/(?!files)/ });
      await world.ended(nodeId);
    }
    for (const authorization of ['wrong', callback.name]) {
      const path = `/callback/${LAB}/${good}`;
      await world.http(path, { method: 'POST', headers: { authorization }, body: '{}' });
    }
    const pages = await Promise.all(
      [
        '/api/v1/jobs',
        `/api/v1/jobs/${good}`,
        `/api/v1/jobs/${refused}`,
        '/api/v1/requests',
        '/api/v1/labs',
        '/api/v1/boards',
        '/metrics',
        '/readyz',
        '/healthz',
      ].map(async (path) => (await world.http(path)).text),
    );
    const definitions = world.lava.jobs().map(({ text }) => text);
    const files = await filesBelow(join(world.folder, 'state'));

    expect(files.size).toBeGreaterThan(3);
    for (const secret of secretsOf(world)) {
      expect(world.log.filter((line) => line.includes(secret))).toEqual([]);
      expect(pages.filter((page) => page.includes(secret))).toEqual([]);
      expect(definitions.filter((text) => text.includes(secret))).toEqual([]);
      expect([...files].filter(([, text]) => text.includes(secret)).map(([path]) => path)).toEqual([]);
    }
  });

  it('in a callback’s body never reaches the disk, not even packed', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');
    const token = 'SECRET-in-the-body';
    const { status } = await world.http(`/callback/${LAB}/${nodeId}`, {
      method: 'POST',
      headers: { authorization: world.lava.callback.token },
      body: JSON.stringify({
        id: 1,
        state_string: 'Finished',
        health_string: 'Complete',
        token,
        log: 'x'.repeat(5000),
      }),
    });
    expect(status).toBe(200);

    const [stored] = await world.daemon.context.store.callbacks(`${LAB}:${nodeId}`);
    const body = gunzipSync(stored?.body ?? '').toString();
    const files = await filesBelow(join(world.folder, 'state'));
    expect(body).toContain('"state_string":"Finished"');
    expect(body).not.toContain(token);
    expect([...files.values()].filter((text) => text === 'x'.repeat(5000))).toHaveLength(1);
    for (const text of files.values()) expect(text).not.toContain(token);
  });
});
