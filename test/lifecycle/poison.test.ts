import { expect, it } from 'vitest';
import { JobDetail, JobList, type JobRow } from '../../src/http/shapes.ts';
import { childWorld } from '../support/child.ts';
import { LAB, until, type TestWorld } from '../support/world.ts';

async function jobs(world: TestWorld): Promise<Map<string, JobRow>> {
  const { json } = await world.http('/api/v1/jobs');
  return new Map(JobList.parse(json).jobs.map((job) => [job.node_id, job]));
}

function order(world: TestWorld, path: string, body: object): Promise<{ status: number }> {
  return world.http(`/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function reported(world: TestWorld, nodeId: string): Promise<void> {
  await until(`${nodeId} is reported`, async () =>
    (await jobs(world)).get(nodeId)?.stage === 'reported' ? true : undefined,
  );
}

it('a job that kills the daemon is set aside, the others go on, and it is taken up by an order', async () => {
  const { world, daemon } = await childWorld({}, { preload: 'test/fixtures/poison.mjs' });
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
  expect((await world.http('/')).text).toMatch(/poisoned[\s\S]*set aside/);

  // What was wrong with the daemon is mended.
  await daemon.end('SIGTERM');
  await daemon.start({ preload: undefined });
  expect((await order(world, `jobs/${LAB}:${poisoned}/retry`, {})).status).toBe(202);
  await reported(world, poisoned);
});

it('a report that kills the daemon is parked, the others go out, and it is sent by an order', async () => {
  const { world, daemon } = await childWorld({}, { preload: 'test/fixtures/poison-report.mjs' });
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
  expect((await order(world, `jobs/${LAB}:${poisoned}/retry`, {})).status).toBe(202);
  await reported(world, poisoned);
});
