// Requests that are too large or too deeply nested, by every way in.
import { describe, expect, it } from 'vitest';
import { order } from '../support/order.ts';
import { definition, LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

const LIMIT = 512 * 1024;

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

/** What is hidden in a request. */
const HOSTILE: [what: string, extra: unknown][] = [
  ['large', 'x'.repeat(LIMIT + 1)],
  ['large by escapes', '\u0000'.repeat(LIMIT / 4)],
  ['deep', nested(100)],
  ['deeper than can be written', nested(3000)],
];

function request(world: TestWorld, extra: unknown): Record<string, unknown> {
  const node = {
    id: '68f0c0ffee0000000000beef',
    kind: 'job',
    name: 'smoke',
    path: ['smoke'],
    state: 'available',
  };
  return {
    node: { ...node, data: { runtime: LAB, platform: X86, extra } },
    definition: definition(world, { name: 'smoke' }),
  };
}

describe('a request by push', () => {
  it('is refused before it is read whole, or parsed', async () => {
    const world = await testWorld();
    const deep = (n: number): string => `{"node":${'{"a":'.repeat(n)}1${'}'.repeat(n)}}`;

    for (const [body, status] of [
      [JSON.stringify(request(world, 'x'.repeat(LIMIT))), 413],
      [JSON.stringify(request(world, nested(100))), 400],
      [deep(8000), 400],
      [deep(80_000), 400],
      ['['.repeat(200_000), 400],
      [`{"node":[${'{},'.repeat(100_000)}{}]}`, 400],
    ] as const) {
      expect([body.slice(0, 40), (await order(world, 'requests', body)).status]).toEqual([
        body.slice(0, 40),
        status,
      ]);
    }
    expect(await world.daemon.context.store.jobs({ limit: 10 })).toEqual([]);
    expect((await order(world, 'requests', request(world, nested(20)))).status).toBe(202);
  });
});

describe('a request from Maestro', () => {
  it('is stored as rejected with its reason and without what is too much, and its node is ended', async () => {
    const world = await testWorld();
    world.fly();

    for (const [what, extra] of HOSTILE) {
      const wanted = definition(world, { name: what });
      const build = world.maestro.addBuild({ arch: 'x86_64', artifacts: wanted.artifacts });
      const inNode = world.maestro.addPullLabsJob(
        { build: build.id, name: what, runtime: LAB, platform: X86, data: { extra } },
        wanted,
      );
      const inDefinition = world.maestro.addPullLabsJob(
        { build: build.id, name: what, runtime: LAB, platform: X86 },
        { ...wanted, environment: { platform: X86, requirements: extra } },
      );
      for (const { id } of [inNode, inDefinition]) {
        const job = await until(`${what}: ${id} is refused`, async () => {
          const found = await world.job(id);
          return found?.ending?.kind === 'rejected' ? found : undefined;
        });
        expect(JSON.stringify(await world.daemon.context.store.request(job.id)).length).toBeLessThan(20_000);
        await world.ended(id);
        expect([what, world.maestro.node(id)?.['state']]).toEqual([what, 'done']);
      }
    }
    expect(world.lava.jobs()).toEqual([]);
  });
});

describe('lists', () => {
  it('of requests are bounded by bytes, and the rest comes with `before`', async () => {
    const world = await testWorld();
    await world.daemon.context.store.drain(LAB, '', 'nothing is to run');
    for (let i = 0; i < 12; i++) {
      const body = request(world, 'x'.repeat(LIMIT - 20_000));
      Object.assign(body['node'] as object, { id: `68f0c0ffee00000000000${100 + i}` });
      expect((await order(world, 'requests', JSON.stringify(body))).status).toBe(202);
    }
    const seen = new Set<string>();
    let before = '';
    for (let pages = 0; pages < 10; pages++) {
      const { text } = await world.http(`/api/v1/requests?limit=1000${before}`);
      expect(text.length).toBeLessThan(6 * 1024 * 1024);
      const { jobs } = JSON.parse(text) as { jobs: { id: string; received: string }[] };
      for (const { id } of jobs) seen.add(id);
      const last = jobs.at(-1);
      if (last === undefined) break;
      before = `&before=${encodeURIComponent(last.received)}`;
    }
    expect(seen.size).toBe(12);
    expect((await world.http('/api/v1/jobs?limit=1000')).text.length).toBeLessThan(100_000);
    expect((await world.http('/')).text.length).toBeLessThan(100_000);
  });
});
