import { describe, expect, it } from 'vitest';
import { blobFolder } from '../../src/store/index.ts';
import { lavaBridge, type Ran } from '../support/command.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

/** Changes the stored evidence, as if the rules had read it otherwise: what passed fails. */
async function failCases(world: TestWorld, nodeId: string): Promise<void> {
  const { store } = world.daemon.context;
  const id = `${LAB}:${nodeId}`;
  const lavaJob = await store.lavaJob(id, 1);
  if (lavaJob === undefined) throw new Error('no evidence is stored');
  const cases = lavaJob.cases.map((one) =>
    one.suite === 'lava' ? one : { ...one, result: 'fail' as const },
  );
  await store.record(id, { attempts: new Map([[1, { lavaJob: { ...lavaJob, cases } }]]) });
}

const rejudge = (world: TestWorld, ...args: string[]): Promise<Ran> =>
  lavaBridge(['rejudge', ...args, '--config', world.configFile]);

/** What stands in the store and outside of a job. */
async function stateOf(world: TestWorld, nodeId: string): Promise<unknown> {
  return {
    job: await world.job(nodeId),
    deliveries: await world.deliveries(nodeId),
    timeline: await world.timeline(nodeId),
    node: world.maestro.node(nodeId),
  };
}

describe('judging again', () => {
  it('changes nothing where the evidence and the rules are the same, whatever came of the job', async () => {
    const world = await testWorld();
    world.fly();
    const nodes = ['pass', 'mixed', 'boot-panic', 'no-serial'].map((scenario) => world.publish({ scenario }));
    nodes.push(world.publish({ board: 'no-such-board' }));
    for (const node of nodes) await world.ended(node);
    const before = await Promise.all(nodes.map((node) => stateOf(world, node)));

    const { code, stdout } = await rejudge(world, '--report', '--json');

    expect(code).toBe(0);
    const { jobs } = JSON.parse(stdout) as { jobs: { changes: string[]; stored: boolean }[] };
    expect(jobs).toHaveLength(nodes.length);
    expect(jobs.map(({ changes, stored }) => ({ changes, stored }))).toEqual(
      nodes.map(() => ({ changes: [], stored: false })),
    );
    expect(await Promise.all(nodes.map((node) => stateOf(world, node)))).toEqual(before);
  });

  it('shows what would come out differently, and sends nothing', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.ended(nodeId);
    await failCases(world, nodeId);
    const before = await stateOf(world, nodeId);

    const { code, stdout } = await rejudge(world);

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${LAB}:${nodeId}: result: pass → fail$`, 'm'));
    expect(stdout).toMatch(/kernel-version: PASS → FAIL$/m);
    expect(await stateOf(world, nodeId)).toEqual(before);
    expect((await rejudge(world, '--lab', 'another')).stdout).toMatch(/^0 jobs/);
  });

  it('stores and reports it as one correction where that is ordered, and finds nothing more to change then', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.ended(nodeId);
    const totals = async (): Promise<number> =>
      (await world.daemon.context.reader.runs({ limit: 10 })).rows.length;
    const runs = await totals();
    const events = world.transitionEvents(nodeId);
    const sent = (await world.deliveries(nodeId)).length;
    await failCases(world, nodeId);

    expect((await rejudge(world, '--report')).code).toBe(0);
    const job = await world.ended(nodeId);

    expect(job).toMatchObject({ stage: 'reported', result: 'fail' });
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done', result: 'fail' });
    expect(world.transitionEvents(nodeId)).toEqual(events);
    expect(await world.timeline(nodeId, 'rejudged')).toHaveLength(1);
    const deliveries = await world.deliveries(nodeId);
    const corrections = deliveries.filter(({ kind }) => kind.startsWith('correction '));
    expect(corrections.map(({ destination, state }) => `${destination} ${state}`).toSorted()).toEqual([
      'kcidb done',
      'maestro done',
    ]);
    expect(deliveries).toHaveLength(sent + 2);
    expect(await totals()).toBe(runs);

    expect(JSON.parse((await rejudge(world, '--report', '--json')).stdout)).toMatchObject({
      jobs: [{ changes: [], stored: false }],
    });
    expect(await world.deliveries(nodeId)).toHaveLength(sent + 2);
  });

  it('leaves alone what has lost its logs: without them it would be judged otherwise', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'boot-panic' });
    await world.ended(nodeId);
    await world.daemon.context.store.dropLogs(`${LAB}:${nodeId}`);
    const before = await stateOf(world, nodeId);

    const { code, stdout } = await rejudge(world, '--report');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^0 jobs judged again.*of 1 the logs/);
    expect(await stateOf(world, nodeId)).toEqual(before);
  });

  it('leaves alone what has a log that was damaged', async () => {
    const world = await testWorld();
    const nodeId = world.publish();
    await world.ended(nodeId);
    await world.daemon.context.blobs.remove(blobFolder(`${LAB}:${nodeId}`));
    const before = await stateOf(world, nodeId);
    expect(await order(world, `jobs/${nodeId}/rejudge`, { report: true })).toMatchObject({
      status: 409,
      json: { error: 'evidence_gone' },
    });
    expect(await stateOf(world, nodeId)).toEqual(before);
  });

  it('is refused for a job that has no verdict yet', async () => {
    const world = await testWorld();
    await world.daemon.context.store.drain(LAB, '', 'the rack moves');
    const nodeId = world.publish();
    await world.waits(nodeId, 'drained');

    const answer = await order(world, `jobs/${nodeId}/rejudge`, {});

    expect(answer).toMatchObject({ status: 409, json: { error: 'not_judged' } });
    expect((await rejudge(world, '--json')).code).toBe(0);
  });
});
