// Two daemons share the work on one database: whatever happens to one, the other goes on, and nothing is lost or done twice.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HOUR, sleep } from '../../src/core/time.ts';
import { LEASE_TTL } from '../../src/store/index.ts';
import { CLOSINGS, wayToDatabase, type DatabaseWay } from '../support/database-way.ts';
import { newFolder } from '../support/folder.ts';
import { pairOfDaemons, type Member, type Pair } from '../support/daemons.ts';
import { PLACES } from '../support/places.ts';
import { LAB, until } from '../support/world.ts';

const LIMIT = { timeout: 300_000 };

/** Waits until all are reported, and sees that each was done once. */
async function doneOnce({ world, sql }: Pair, nodes: readonly string[]): Promise<void> {
  await until('all are reported', async () => {
    const [row] = await sql('SELECT count(*)::int AS open FROM jobs WHERE done = 0');
    const [all] = await sql('SELECT count(*)::int AS n FROM jobs');
    return row?.['open'] === 0 && all?.['n'] === nodes.length ? true : undefined;
  });
  const ours = world.lava.jobs();
  expect(ours).toHaveLength(nodes.length);
  for (const node of nodes) {
    expect(world.maestro.database.get(node)).toMatchObject({ state: 'done', result: 'pass' });
  }
}

const other = ({ one, two }: Pair, member: Member): Member => (member === one ? two : one);

async function holding(pair: Pair, name: string): Promise<Member> {
  return until(`${name} is held`, () => pair.holderOf(name));
}

describe.runIf('PostgreSQL' in PLACES)('two daemons on one database', () => {
  it('share the work, take any request, and follow events and feed once', LIMIT, async () => {
    const pair = await pairOfDaemons();
    const { world, one, two, settled } = pair;
    await one.start();
    await settled(one);
    await two.start();
    await settled('both');

    const nodes = Array.from({ length: 6 }, (_, i) => world.publish({ name: `smoke-${i}` }));
    await doneOnce(pair, nodes);
    expect(world.lava.listeners()).toBe(1);
    const shown = await Promise.all([one, two].map((each) => each.get(`/api/v1/jobs/${nodes[0]}`)));
    expect(shown[0]).toEqual(shown[1]);
  });

  it('go on within ten seconds when one is killed, and share again when it is back', LIMIT, async () => {
    const pair = await pairOfDaemons();
    const { world, one, two, settled } = pair;
    await one.start();
    await two.start();
    await settled('both');
    const victim = await holding(pair, `lab ${LAB}`);
    const nodes = [world.publish({ name: 'before' })];

    const killedAt = performance.now();
    await victim.end('SIGKILL');
    await settled(other(pair, victim));
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    nodes.push(world.publish({ name: 'after' }));
    await doneOnce(pair, nodes);

    await victim.start();
    await settled('both');
  });

  it('go on within a second when one is stopped in order', LIMIT, async () => {
    const pair = await pairOfDaemons();
    const { one, two, settled } = pair;
    await one.start();
    await two.start();
    // A busy machine is slow now and then, but not each time.
    for (let tries = 1; ; tries++) {
      await settled('both');
      const stoppedAt = performance.now();
      const ended = one.end('SIGTERM');
      await settled(two);
      const took = performance.now() - stoppedAt;
      await ended;
      process.stdout.write(`an orderly stop was taken over after ${Math.round(took)} ms\n`);
      if (took < 1000) break;
      expect(tries, `${Math.round(took)} ms`).toBeLessThan(8);
      await one.start();
    }
  });

  it('do nothing twice when one is paused for longer than its leases, and wakes', LIMIT, async () => {
    const pair = await pairOfDaemons();
    const { world, one, two, settled } = pair;
    await one.start();
    await two.start();
    await settled('both');
    const nodes = Array.from({ length: 10 }, (_, i) => world.publish({ name: `smoke-${i}` }));
    const paused = await holding(pair, `lab ${LAB}`);
    await until('some are in LAVA', () => (world.lava.jobs().length > 2 ? true : undefined));

    paused.signal('SIGSTOP');
    await settled(other(pair, paused));
    paused.signal('SIGCONT');
    await settled('both');

    await doneOnce(pair, nodes);
  });
});

/** Requests to others that a daemon noted (test/fixtures/note-requests.mjs), in a test's words. */
async function requestsOf(
  file: string,
  pid: number | undefined,
  from: number,
  to: number,
): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return lines
    .map((line) => Noted.parse(JSON.parse(line)))
    .filter((noted) => noted.pid === pid && noted.at > from && noted.at < to)
    .map(({ at, what }) => `${at - from} ms: ${what}`);
}

const Noted = z.object({ pid: z.number(), at: z.number(), what: z.string() });

describe.runIf('PostgreSQL' in PLACES)('a daemon that cannot reach the database, but all else', () => {
  it.each(CLOSINGS)(
    'does nothing outside, leaves its work to the other, and comes back (%s)',
    LIMIT,
    async (how) => {
      const file = join(await newFolder(), 'requests');
      const ways: DatabaseWay[] = [];
      const noting = { preload: 'test/fixtures/note-requests.mjs', env: { NOTE_REQUESTS: file } };
      // A callback to a daemon that is cut off holds LAVA up for no longer than a real one.
      const lava = { callbackTimeoutMs: 5000 };
      const pair = await pairOfDaemons({ lava }, { quick: true, ...noting }, async (url) => {
        const way = await wayToDatabase(url);
        ways.push(way);
        return way.url;
      });
      const { world, one, two, settled } = pair;
      await one.start();
      await two.start();
      await settled('both');
      const nodes = Array.from({ length: 10 }, (_, i) => world.publish({ name: `smoke-${i}` }));
      const victim = await holding(pair, `lab ${LAB}`);
      const way = ways[victim === one ? 0 : 1];
      await until('some are in LAVA', () => (world.lava.jobs().length > 2 ? true : undefined));

      const closedAt = Date.now();
      way?.close(how);
      await settled(other(pair, victim));
      expect(Date.now() - closedAt).toBeLessThan(10_000);
      nodes.push(world.publish({ name: 'meanwhile' }));
      await doneOnce(pair, nodes);
      // Long enough for all that the one that is cut off would do now and then.
      await sleep(Math.max(0, closedAt + 3 * LEASE_TTL - Date.now()));

      const openedAt = Date.now();
      way?.open();
      await settled('both');
      process.stdout.write(`${how}: shared again ${Date.now() - openedAt} ms after it was over\n`);
      expect(await requestsOf(file, victim.pid(), closedAt + LEASE_TTL, openedAt)).toEqual([]);
      nodes.push(...Array.from({ length: 4 }, (_, i) => world.publish({ name: `after-${i}` })));
      await doneOnce(pair, nodes);
    },
  );
});

describe.runIf('PostgreSQL' in PLACES)('a daemon whose machine’s clock is set', () => {
  it.each([HOUR, -HOUR])('stores no time of its own, and holds up nothing (%i ms)', LIMIT, async (by) => {
    const file = join(await newFolder(), 'clock');
    await writeFile(file, '0');
    const pair = await pairOfDaemons();
    const { world, one, two, settled, sql } = pair;
    await one.start({ preload: 'test/fixtures/set-clock.mjs', env: { SET_CLOCK: file } });
    await two.start();
    await settled('both');
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodes = Array.from({ length: 3 }, (_, i) => world.publish({ name: `before-${i}` }));
    await waiting(pair, nodes.length);

    await writeFile(file, String(by));
    await until('it is said', () => (/1h 00m (ahead|behind)/.test(one.output()) ? true : undefined));
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    nodes.push(...Array.from({ length: 3 }, (_, i) => world.publish({ name: `meanwhile-${i}` })));
    await doneOnce(pair, nodes);
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    nodes.push(world.publish({ name: 'left' }));
    await waiting(pair, 1);
    await one.end('SIGKILL');
    await settled(two);
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    await doneOnce(pair, nodes);

    const apart = 'abs(at - extract(epoch FROM clock_timestamp()) * 1000) > 1800000';
    expect(await sql(`SELECT text FROM timeline WHERE ${apart}`)).toEqual([]);
  });
});

/** Waits until so many jobs wait for the lab's devices. */
async function waiting({ sql }: Pair, jobs: number): Promise<void> {
  await until('the jobs wait for a device', async () => {
    const rows = await sql("SELECT 1 FROM jobs WHERE done = 0 AND reason_code = 'offline'");
    return rows.length === jobs ? true : undefined;
  });
}
