import { describe, expect, it } from 'vitest';
import type { Death } from '../support/mortal-store.ts';
import { mortalWorld } from '../support/mortal-world.ts';
import { testWorld, type TestWorld } from '../support/world.ts';

/** Worlds at the same time. */
const AT_ONCE = 4;
const CONFIG = { report: { maestro: 'hierarchy' } };
/** One that goes through all: a retry, an end in LAVA, issues, incidents. */
const JOB = { scenario: 'infrastructure-then-panic', name: 'smoke' };

/** All that others see of a job in the end. */
async function endOf(world: TestWorld, nodeId: string): Promise<unknown> {
  const job = await world.ended(nodeId);
  const plain = (value: unknown): string => JSON.stringify(value).replaceAll(nodeId, 'NODE');
  const { state, result, data } = world.maestro.database.get(nodeId) ?? {};
  const children = (id: string): unknown[] =>
    world.maestro.database
      .children(id)
      .flatMap((node) => [[node.path.slice(2).join('/'), node.result], ...children(node.id)]);
  return {
    job: [job.stage, job.ending, job.verdict],
    lavaJobs: world.lava.jobs().map(({ state, health }) => [state, health]),
    node: [state, result, data?.['job_id'], data?.['error_code'], world.transitions(nodeId)],
    children: children(nodeId),
    kcidb: (['tests', 'issues', 'incidents'] as const).map((list) =>
      world.kcidb
        .objects(list)
        .map((object) => plain([object['id'], object['path'], object['status']]))
        .sort(),
    ),
    open: (await world.deliveries(nodeId)).filter((d) => d.state !== 'done'),
  };
}

async function undisturbed(): Promise<unknown> {
  const world = await testWorld({ config: CONFIG });
  world.fly();
  const end = await endOf(world, world.publish(JOB));
  await world.stop();
  return end;
}

/** The end after a death; undefined if the job needs fewer writes. */
async function disturbed(death: Death): Promise<{ last: string; end: unknown } | undefined> {
  const { world, reborn } = await mortalWorld(death, { config: CONFIG });
  world.fly();
  const nodeId = world.publish(JOB);
  const last = await Promise.race([reborn, world.ended(nodeId).then(() => undefined)]);
  const end = last === undefined ? undefined : { last, end: await endOf(world, nodeId) };
  await world.stop();
  return end;
}

describe('a crash between any two stored steps', () => {
  for (const isStored of [false, true]) {
    it(
      `comes to the same end (the last write is ${isStored ? 'stored' : 'lost'})`,
      { timeout: 1_800_000 },
      async () => {
        const wanted = await undisturbed();
        const deaths = new Set<string>();
        for (let first = 1; ; first += AT_ONCE) {
          const found = await Promise.all(
            Array.from({ length: AT_ONCE }, async (_, i) => {
              const end = await disturbed({ at: first + i, isStored });
              return end && { at: first + i, ...end };
            }),
          );
          for (const one of found) {
            if (one === undefined) continue;
            deaths.add(one.last);
            expect(one.end, `death at write ${one.at}, ${one.last}`).toEqual(wanted);
          }
          if (found.includes(undefined)) break;
        }
        expect([...deaths].sort()).toEqual(
          expect.arrayContaining(['addCallback', 'receive', 'record', 'save', 'saveDelivery']),
        );
      },
    );
  }
});
