import { expect, it } from 'vitest';
import { PartList, type PartView } from '../../src/http/shapes.ts';
import { testWorld, until, type TestWorld } from '../support/world.ts';

async function parts(world: TestWorld): Promise<Map<string, PartView>> {
  const { json } = await world.http('/api/v1/parts');
  return new Map(PartList.parse(json).parts.map((part) => [`${part.kind} ${part.name}`, part]));
}

const OFTEN = { delays: { claimSettle: 100, kcidbFirstLook: 100, askParts: 100 } };

it('every part is asked without a single job, and shows when it answered', async () => {
  const world = await testWorld(OFTEN);
  const known = await until('all have answered', async () => {
    const found = await parts(world);
    const asked = [...found.values()].filter(({ kind }) => kind !== 'callbacks');
    return asked.every(({ status }) => status === 'up') ? found : undefined;
  });
  expect([...known.keys()]).toEqual(
    expect.arrayContaining([
      'lab lava-demo',
      'events lava-demo',
      'callbacks lava-demo',
      'destination maestro',
      'destination kcidb',
      'store store',
    ]),
  );
  expect(known.get('lab lava-demo')).toMatchObject({ age_seconds: expect.any(Number), why: null });
  // No job has ended: nothing is known of the callbacks, and it is said so.
  expect(known.get('callbacks lava-demo')).toMatchObject({ status: 'unknown', answered: null });
});

it('KCIDB that is away is found without a job that would need it, and that it is back as well', async () => {
  const world = await testWorld(OFTEN);
  const isAt = (status: string): Promise<PartView> =>
    until(`KCIDB is ${status}`, async () => {
      const part = (await parts(world)).get('destination kcidb');
      return part?.status === status ? part : undefined;
    });
  await isAt('up');
  const endFault = world.kcidb.faults.add({ kind: 'status', status: 503 });
  const down = await isAt('down');
  expect(down.why).toMatch(/503/);
  endFault();
  world.jump(60_000);
  await isAt('up');
});

it('what was not heard of for a while is unknown, not up', async () => {
  const world = await testWorld();
  await world.ended(world.publish());
  expect((await parts(world)).get('destination kcidb')).toMatchObject({ status: 'up' });
  world.jump(30 * 60_000);
  expect((await parts(world)).get('destination kcidb')?.status).not.toBe('up');
});
