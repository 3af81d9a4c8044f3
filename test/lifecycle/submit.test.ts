import { describe, expect, it } from 'vitest';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

/** The names of the LAVA jobs that were made for a node. */
function lavaJobs(world: TestWorld, nodeId: string): string[] {
  return world.lava
    .jobs()
    .map(({ definition }) => definition.job_name)
    .filter((name) => name.includes(nodeId));
}

/** Publishes a request whose attempt is stored as sent again, by another daemon, while LAVA takes it. */
async function sentAgain(world: TestWorld): Promise<{ id: string; nodeId: string }> {
  const nodeId = world.publish();
  const { id } = await world.at(nodeId, 'admitted');
  const faster = world.lava.faults.add({ kind: 'slow', path: /^\/RPC2/, delayMs: 2000 });
  const sentAt = await until('the submission is under way', async () => {
    return (await world.attempts(nodeId))[0]?.sentAt ?? undefined;
  });
  await world.daemon.context.store.record(id, { attempts: new Map([[1, { sentAt: sentAt + 1 }]]) });
  faster();
  return { id, nodeId };
}

describe('submitting', () => {
  it.each([
    ['2023.01', 'scheduler.jobs.list'],
    ['newest', 'GET jobs'],
  ] as const)(
    'finds the job whose answer LAVA %s lost, by %s, and makes no second one',
    async (age, search) => {
      const world = await testWorld({ lava: { age } });
      world.lava.switches.loseAnswers = 1;
      const nodeId = world.publish();
      await world.waits(nodeId, 'answer_lost');
      world.jump(40_000);

      const job = await world.ended(nodeId);

      expect(job.stage).toBe('reported');
      expect(lavaJobs(world, nodeId)).toHaveLength(1);
      expect(await world.timeline(nodeId, 'found')).toHaveLength(1);
      expect(world.lava.calls.get('scheduler.jobs.submit')).toBe(1);
      const searches = new Map(
        ['scheduler.jobs.list', 'GET jobs'].map((name) => [name, world.lava.calls.get(name) ?? 0]),
      );
      expect([...searches].filter(([, n]) => n > 0)).toEqual([[search, 1]]);
    },
  );

  it('sends the definition again when the lab never got it', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    const back = world.lava.faults.add({ kind: 'cut', path: /^\/RPC2/ });
    await world.waits(nodeId, ['down', 'unreachable', 'answer_lost']);
    back();
    world.fly();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(lavaJobs(world, nodeId)).toHaveLength(1);
  });

  it('waits for LAVA to end what it may still be working on, before it searches', async () => {
    const world = await testWorld();
    world.lava.switches.loseAnswers = 1;
    const nodeId = world.publish();
    await world.waits(nodeId, 'answer_lost');

    const lists = world.lava.calls.get('scheduler.jobs.list') ?? 0;
    world.jump(20_000);
    await world.waits(nodeId, 'answer_lost');
    expect(world.lava.calls.get('scheduler.jobs.list') ?? 0).toBe(lists);

    world.jump(20_000);
    await world.ended(nodeId);
    expect(world.lava.calls.get('scheduler.jobs.list') ?? 0).toBeGreaterThan(lists);
  });

  it('does not keep what LAVA has done waiting behind what it is still to get', async () => {
    const world = await testWorld();
    world.lava.faults.add({ kind: 'slow', delayMs: 1500, path: /^\/RPC2/ });
    const nodes = Array.from({ length: 40 }, () => world.publish());

    await until('a job is reported', async () => {
      const jobs = await Promise.all(nodes.map((nodeId) => world.job(nodeId)));
      return jobs.find((job) => job?.stage === 'reported');
    });

    expect(world.lava.jobs().length).toBeLessThan(nodes.length);
  });

  it('takes back what it made in LAVA if another daemon had to submit the attempt again meanwhile', async () => {
    const world = await testWorld();
    const { store } = world.daemon.context;
    const { id, nodeId } = await sentAgain(world);
    await until('it is known', async () => ((await store.secondJobs(LAB)).length > 0 ? true : undefined));
    await store.record(id, { attempts: new Map([[1, { lavaId: 4711 }]]) });

    await until('it is cancelled in LAVA', () =>
      world.lava.calls.has('scheduler.jobs.cancel') ? true : undefined,
    );
    expect(await world.timeline(nodeId, 'second_job')).not.toEqual([]);
    expect((await world.attempts(nodeId))[0]?.lavaId).toBe(4711);
    await until('no second job is left', async () =>
      (await store.secondJobs(LAB)).length === 0 ? true : undefined,
    );
    expect(world.lava.calls.get('scheduler.jobs.cancel')).toBe(1);
  });

  it('follows what it made in LAVA if the other daemon came to nothing', async () => {
    const world = await testWorld();
    const { store } = world.daemon.context;
    const { nodeId } = await sentAgain(world);
    await world.waits(nodeId, 'answer_lost');
    world.fly();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(lavaJobs(world, nodeId)).toHaveLength(1);
    expect(world.lava.calls.has('scheduler.jobs.cancel')).toBe(false);
    await until('no second job is left', async () =>
      (await store.secondJobs(LAB)).length === 0 ? true : undefined,
    );
  });

  it('takes answers that come after its own time-out as lost', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    // The lab does what it is asked, and its answer is lost.
    world.lava.faults.add({ kind: 'lose', path: /^\/RPC2/, times: 1 });
    world.fly();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(lavaJobs(world, nodeId)).toHaveLength(1);
  });

  it('ends a job that LAVA refuses, with LAVA’s words, in Maestro and KCIDB', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'refused' });

    const job = await world.ended(nodeId);

    expect(job.ending?.reason).toContain('this kernel is refused');
    expect(world.maestro.node(nodeId)).toMatchObject({
      state: 'done',
      result: 'incomplete',
      data: { error_code: 'submit_error', error_msg: expect.stringContaining('this kernel is refused') },
    });
    const [boot] = world.kcidb.objects('tests');
    expect(boot).toMatchObject({ path: 'boot', status: 'MISS' });
    expect(world.lava.calls.get('scheduler.jobs.submit')).toBe(1);
  });

  it('tries again after errors that may pass', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    world.lava.faults.add({ kind: 'status', status: 502, path: /^\/RPC2/, times: 2 });
    world.fly();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(lavaJobs(world, nodeId)).toHaveLength(1);
  });

  it('waits for the admin while the lab does not take our token, and says so once', async () => {
    const world = await testWorld({ lava: { users: [{ name: 'bridge', token: 'good-at-first' }] } });
    const users = world.lava;
    const nodeId = world.publish();
    await world.at(nodeId, 'admitted');
    const back = users.faults.add({ kind: 'status', status: 401, path: /^\/RPC2/ });
    const job = await world.waits(nodeId, 'lava_auth');
    expect(job.ending).toBeNull();
    world.fly(200);
    await until('it was tried often', async () => {
      const refused = users.requests.filter(({ status }) => status === 401).length;
      return refused >= 5 ? true : undefined;
    });
    const warnings = world.log.filter((line) => line.includes('"level":"warn"'));
    expect(warnings.filter((line) => line.includes('does not know user'))).toHaveLength(1);
    back();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
  });
});
