import { describe, expect, it } from 'vitest';
import { DAY } from '../../src/core/time.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { openStore, STAGES, type NewAttempt } from '../../src/store/index.ts';
import { LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

/** LAVA's own word for it takes no board: the jobs stay in its queue. */
const QUEUED = { lava: { pace: { scheduleMs: 3_600_000 } } };

const hex = (n: number): string => n.toString(16).padStart(24, '0');

/** Puts jobs of ours into the store and into LAVA's queue, as if they had been submitted. */
async function fill(world: TestWorld, count: number): Promise<void> {
  const store = await openStore({ sqlite: `${world.folder}/state/lava-bridge.db` });
  const one = async (i: number): Promise<void> => {
    const nodeId = hex(i);
    const submissionKey = `${store.instanceId}.${nodeId}.1`;
    const definition = `job_name: ${submissionKey}\ndevice_type: qemu\nvisibility: public\ntimeouts: {job: {minutes: 5}}\nactions: [{boot: {}}]\n`;
    const node = { id: nodeId, kind: 'job', name: 'smoke', path: ['smoke'], state: 'available' };
    const { job } = await store.receive(
      {
        lab: LAB,
        nodeId,
        source: 'push',
        name: 'smoke',
        board: X86,
        request: JobRequest.parse({ node: { ...node, data: { runtime: LAB, platform: X86 } } }),
        stage: 'submitted',
        ending: null,
        priority: 0,
      },
      [],
    );
    const newAttempt: NewAttempt = {
      jobId: job.id,
      n: 1,
      lab: LAB,
      submissionKey,
      definition,
      expectedTests: { bootPath: 'boot', roots: [], helpers: [] },
      deviceType: 'qemu',
      jobTimeout: 300_000,
      queueTimeout: 7 * DAY,
    };
    const lavaId = world.lava.lab.submit(world.lava.user, definition).id;
    const sent = { intentAt: 1, sentAt: 1, lavaId, submittedAt: 1 };
    await store.record(job.id, { newAttempt, attempts: new Map([[1, sent]]) });
  };
  await Promise.all(Array.from({ length: count }, (_, i) => one(i + 1)));
  await store.close();
}

/** XML-RPC requests that the lab has had. */
function requests(world: TestWorld): number {
  return [...world.lava.calls.values()].reduce((sum, n) => sum + n, 0);
}

describe('a start with a thousand open jobs', () => {
  it('answers at once, and asks the lab for many jobs in one request', { timeout: 600_000 }, async () => {
    const world = await testWorld(QUEUED);
    await world.daemon.stop();
    await fill(world, 1000);
    const before = requests(world);

    await world.restart();

    expect((await world.http('/readyz')).status).toBe(200);
    const { store } = world.daemon.context;
    await until('all were looked at', async () => {
      const jobs = await store.jobs({ lab: LAB, limit: 1000 });
      return jobs.every(({ reason }) => reason?.code === 'in_lava') ? true : undefined;
    });
    expect(await store.openCounts()).toMatchObject([{ stage: 'submitted', count: 1000 }]);
    expect(requests(world) - before).toBeLessThan(150);
    expect(world.lava.jobs()).toHaveLength(1000);
  });
});

describe('SIGTERM', () => {
  // The last is not reached while KCIDB is away.
  const stages = STAGES.filter((stage) => stage !== 'reported');
  for (const stage of stages) {
    it(`when a job is ${stage} loses nothing and does nothing twice`, async () => {
      const world = await testWorld({ config: { report: { maestro: 'hierarchy' } } });
      const over = world.kcidb.faults.add({ kind: 'cut' });
      const nodeId = world.publish({ scenario: 'fail' });
      await world.at(nodeId, stage);

      await world.daemon.stop();
      over();
      await world.restart();
      world.fly();

      expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
      expect(world.lava.jobs()).toHaveLength(1);
      expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
      expect(world.kcidb.objects('tests').filter(({ path }) => path === 'boot')).toHaveLength(1);
      const children = world.maestro.database.children(nodeId).map(({ name }) => name);
      expect(new Set(children).size).toBe(children.length);
    });
  }
});
