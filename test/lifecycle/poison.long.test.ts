import { expect, it } from 'vitest';
import { JobDetail, JobList, type JobRow } from '../../src/http/shapes.ts';
import { childWorld } from '../support/child.ts';
import { order } from '../support/order.ts';
import { LAB, until, type TestWorld } from '../support/world.ts';

async function jobs(world: TestWorld): Promise<Map<string, JobRow>> {
  const { json } = await world.http('/api/v1/jobs');
  return new Map(JobList.parse(json).jobs.map((job) => [job.node_id, job]));
}

async function reported(world: TestWorld, nodeId: string): Promise<void> {
  await until(`${nodeId} is reported`, async () =>
    (await jobs(world)).get(nodeId)?.stage === 'reported' ? true : undefined,
  );
}

it('a job that kills the daemon is set aside, the others go on, and it is taken up by an order', async () => {
  const { world, daemon } = await childWorld({}, { preload: 'test/fixtures/poison.mjs', quick: true });
  await daemon.start();
  // So that all are at the same stage when the daemon dies.
  await order(world, 'drain', { lab: LAB });
  const others = Array.from({ length: 3 }, () => world.publish());
  const poisoned = world.publish({ name: 'poisoned' });
  await daemon.exit();
  await daemon.start();
  await daemon.exit();
  await daemon.start();

  await order(world, 'resume', { lab: LAB });
  for (const nodeId of others) await reported(world, nodeId);
  expect((await jobs(world)).get(poisoned)).toMatchObject({
    set_aside: true,
    waits_for: 'admitted',
    reason_code: 'crashes',
    done: false,
  });
  expect((await world.http('/')).text).toContain('<code>crashes</code>');
  expect((await world.http('/jobs?reason=crashes')).text).toContain('poisoned');

  // What was wrong with the daemon is mended.
  await daemon.end('SIGTERM');
  await daemon.start({ preload: undefined });
  expect((await order(world, `jobs/${LAB}:${poisoned}/retry`)).status).toBe(202);
  await reported(world, poisoned);
});

it.each([
  ['that kills the daemon as it is sent', 'poison-report'],
  ['whose stored body kills the daemon as it is read', 'poison-delivery'],
])('a report %s is parked, the others go out, and it is sent by an order', async (_how, fixture) => {
  const { world, daemon } = await childWorld({}, { preload: `test/fixtures/${fixture}.mjs`, quick: true });
  await daemon.start();
  const poisoned = world.publish({ name: 'poisoned-report' });
  await daemon.exit();
  await daemon.start();
  const other = world.publish();
  await daemon.exit();
  await daemon.start();

  await reported(world, other);
  const { json } = await world.http(`/api/v1/jobs/${poisoned}`);
  const { deliveries } = JobDetail.parse(json);
  expect(deliveries).toContainEqual(
    expect.objectContaining({
      destination: 'kcidb',
      state: 'parked',
      error: expect.stringMatching(/two crashes/),
    }),
  );

  await daemon.end('SIGTERM');
  await daemon.start({ preload: undefined });
  expect((await order(world, `jobs/${LAB}:${poisoned}/retry`)).status).toBe(202);
  await reported(world, poisoned);
});

it('a node that kills the daemon as it is taken in is rejected with its reason, and the others go on', async () => {
  const { world, daemon } = await childWorld({}, { preload: 'test/fixtures/poison-intake.mjs', quick: true });
  await daemon.start();
  const poisoned = world.publish({ name: 'poisoned-intake' });
  for (let deaths = 0; deaths < 3; deaths++) {
    await daemon.exit();
    await daemon.start();
  }
  const other = world.publish();

  await reported(world, other);
  await reported(world, poisoned);
  const { json } = await world.http(`/api/v1/jobs/${poisoned}`);
  expect(JobDetail.parse(json)).toMatchObject({
    ending: { kind: 'rejected', code: 'crashes' },
    timeline: expect.arrayContaining([expect.objectContaining({ code: 'crashes' })]),
  });
  expect(world.maestro.node(poisoned)).toMatchObject({ state: 'done', result: 'incomplete' });
});

/** What costs most of what a callback may hold; all of it together. */
function poisonedCallback(lavaId: number): string {
  const results = {
    lava: '['.repeat(1e6),
    '0_deep': '- {a: '.repeat(2e5),
    '1_aliases': `- &a [x, x, x]\n${'- [*a, *a, *a, *a]\n'.repeat(1e5)}`,
    '2_poisoned-callback': '- {name: x, result: pass}\n'.repeat(2e4),
  };
  const definition = '{a: '.repeat(2e6);
  return JSON.stringify({
    id: lavaId,
    state_string: 'Finished',
    health_string: 'Complete',
    results,
    definition,
  });
}

it('a callback that kills the daemon is set aside with its reason, and everything else goes on', async () => {
  const small = { heap: 128, quick: true };
  const { world, daemon } = await childWorld({ lava: { age: 'newest' } }, small);
  await daemon.start();
  const poisoned = world.publish({ name: 'poisoned', scenario: 'long' });
  const lavaJob = await until('it runs in LAVA', async () =>
    (await jobs(world)).get(poisoned)?.stage === 'running' ? world.lava.jobs().at(-1) : undefined,
  );
  const body = poisonedCallback(lavaJob?.id ?? 0);
  // A busy machine refuses what it cannot take in time.
  await until('the callback is taken', async () => {
    const { status } = await world.http(`/callback/${LAB}/${poisoned}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: world.lava.callback.token },
      body,
    });
    return status === 200 ? true : undefined;
  });
  // The limits hold what they are made for. What they let through is to run out of memory all the same.
  await daemon.end('SIGKILL');
  if (lavaJob !== undefined) await world.lava.lab.cancel(lavaJob);
  await daemon.start({ preload: 'test/fixtures/poison-callback.mjs' });
  await daemon.exit();
  await daemon.start({ preload: 'test/fixtures/poison-callback.mjs' });
  const other = world.publish();
  await daemon.exit();
  expect(daemon.output()).toContain('heap out of memory');
  await daemon.start({ preload: 'test/fixtures/poison-callback.mjs' });

  await reported(world, other);
  expect((await jobs(world)).get(poisoned)).toMatchObject({
    set_aside: true,
    reason_code: 'crashes',
    done: false,
  });
  expect((await world.http('/')).text).toContain('<code>crashes</code>');
  expect((await world.http('/jobs?reason=crashes')).text).toContain('poisoned');

  // Without the fault it comes to its end: the limits refuse the callback, and LAVA is asked.
  await daemon.end('SIGTERM');
  await daemon.start(small);
  expect((await order(world, `jobs/${LAB}:${poisoned}/retry`)).status).toBe(202);
  await reported(world, poisoned);
});
