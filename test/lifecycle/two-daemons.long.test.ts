// Two daemons share the work on one database: whatever happens to one, the other goes on, and nothing is lost or done twice.
import { describe, expect, it } from 'vitest';
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
    await settled('both');

    const stoppedAt = performance.now();
    const ended = one.end('SIGTERM');
    await settled(two);
    const took = performance.now() - stoppedAt;
    await ended;
    process.stdout.write(`an orderly stop was taken over after ${Math.round(took)} ms\n`);
    expect(took).toBeLessThan(5000);
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
