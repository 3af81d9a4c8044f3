import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HOUR } from '../../src/core/time.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

async function retry(world: TestWorld, nodeId: string): Promise<unknown> {
  return (await order(world, `jobs/${nodeId}/retry`)).json;
}

describe('a report that KCIDB takes in slowly', () => {
  it('is followed until it is in', async () => {
    const world = await testWorld({ kcidb: { ingest: 'on command' } });
    const nodeId = world.publish();
    await world.waits(nodeId, 'deliveries');
    world.fly();
    await until('the report lies there', () => (world.kcidb.submissions.size > 0 ? true : undefined));
    expect(await world.job(nodeId)).toMatchObject({ done: false });

    world.kcidb.ingest();

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.submissions.size).toBe(1);
  });

  it('is sent again, with the same ids, when KCIDB lost it', async () => {
    const world = await testWorld({ kcidb: { ingest: 'on command' } });
    const nodeId = world.publish();
    world.fly();
    const [first] = await until('the report lies there', () =>
      world.kcidb.submissions.size > 0 ? [...world.kcidb.submissions.values()] : undefined,
    );
    world.kcidb.mark(first?.id ?? '', undefined);
    const [second] = await until('it lies there again', () =>
      world.kcidb.submissions.size > 0 ? [...world.kcidb.submissions.values()] : undefined,
    );
    world.kcidb.ingest();

    await world.ended(nodeId);
    expect(second?.id).not.toBe(first?.id);
    expect(second?.report).toEqual(first?.report);
  });
});

describe('a report that KCIDB refuses', () => {
  it('is halved until the bad object stands alone; the rest is in, and that one is parked', async () => {
    const world = await testWorld({
      kcidb: { validate: (report) => (JSON.stringify(report).includes('-shell.measured"') ? ['bad'] : []) },
    });
    world.fly(100);
    const nodeId = world.publish({ scenario: 'mixed' });
    await until('nothing is under way any more', async () => {
      const states = (await world.deliveries(nodeId)).map(({ state }) => state);
      return states.includes('parked') && states.every((state) => state === 'parked' || state === 'done')
        ? true
        : undefined;
    });
    const job = await world.waits(nodeId, 'parked');

    expect(job.done).toBe(false);
    const paths = world.kcidb.objects('tests').map(({ path }) => path);
    expect(paths).toContain('boot');
    expect(paths).toContain('shell.skipped');
    expect(paths).not.toContain('shell.measured');
    const parked = (await world.deliveries(nodeId)).filter((d) => d.state === 'parked');
    expect(parked).toHaveLength(1);
    const body = await world.daemon.context.store.deliveryBody(parked[0]?.id ?? 0);
    expect(body).toMatchObject({ report: { tests: [{ path: 'shell.measured' }] } });
    expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done' });
  });

  it('for what others sent in the same moment is in when it is sent again', async () => {
    let refused = 0;
    const world = await testWorld({ kcidb: { validate: () => (refused++ < 3 ? ['a neighbour'] : []) } });
    world.fly(100);
    const nodeId = world.publish({ scenario: 'mixed' });

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.objects('tests').length).toBeGreaterThan(5);
  });

  it('as too large is sent in pieces', async () => {
    const world = await testWorld({ kcidb: { maxBody: 4000 } });
    world.fly(100);
    const nodeId = world.publish({ scenario: 'mixed' });

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.submissions.size).toBeGreaterThan(2);
    expect(world.kcidb.objects('tests').map(({ path }) => path)).toContain('shell.measured');
  });

  it('may be sent again by the admin', async () => {
    let good = false;
    const world = await testWorld({ kcidb: { validate: () => (good ? [] : ['no']) } });
    world.fly(200);
    const nodeId = world.publish();
    await until('all pieces are parked', async () => {
      const mine = (await world.deliveries(nodeId)).filter((d) => d.destination === 'kcidb');
      const isOver = mine.length > 0 && mine.every((d) => d.state === 'parked' || d.state === 'done');
      return isOver ? true : undefined;
    });
    good = true;

    expect(await retry(world, nodeId)).toMatchObject({ retried: expect.stringMatching(/parked/) });

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(world.kcidb.objects('tests').map(({ path }) => path)).toContain('boot');
  });
});

describe('Maestro’s node', () => {
  const hierarchy = { config: { report: { maestro: 'hierarchy' } } };

  it('gets its children once, when the answer to them was lost', async () => {
    const world = await testWorld(hierarchy);
    world.maestro.faults.add({ kind: 'lose', method: 'PUT', times: 1 });
    world.fly();
    const nodeId = world.publish({ scenario: 'mixed' });

    await world.ended(nodeId);

    const children = world.maestro.database.children(nodeId).map(({ name }) => name);
    expect(new Set(children).size).toBe(children.length);
    expect(children.length).toBeGreaterThan(1);
  });

  it('gets its children once, when Maestro is slow and we gave up waiting', async () => {
    const world = await testWorld({ ...hierarchy, timeout: '300ms' });
    // Maestro goes on with what it was asked, whether we still listen or not.
    world.maestro.faults.add({ kind: 'slow', delayMs: 900, method: 'PUT', times: 1 });
    world.fly(10);
    const nodeId = world.publish({ scenario: 'mixed' });

    await world.ended(nodeId);

    const children = world.maestro.database.children(nodeId).map(({ name }) => name);
    expect(new Set(children).size).toBe(children.length);
    expect(children.length).toBeGreaterThan(1);
  });

  it('is ended once, when the answers to it are lost', async () => {
    const world = await testWorld();
    world.maestro.faults.add({ kind: 'lose', method: 'PATCH', chance: 0.5, times: 4 });
    world.fly();
    const nodeId = world.publish({ scenario: 'fail' });

    await world.ended(nodeId);

    expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
    // No event announces the end: Maestro's bridge to KCIDB would act on it.
    expect(world.transitionEvents(nodeId)).toEqual(['running→available']);
    expect(world.maestro.node(nodeId)).toMatchObject({
      state: 'done',
      result: 'fail',
      processed_by_kcidb_bridge: true,
    });
  });

  it.each(['close', 'hierarchy'])(
    'is ended by `%s` without the artifacts that Maestro would refuse the end for, and the timeline says so',
    async (maestro) => {
      const world = await testWorld({ config: { report: { maestro } } });
      const nodeId = world.publish({ scenario: 'long' });
      await world.at(nodeId, 'running');
      const node = world.maestro.database.get(nodeId);
      const odd = {
        a: 'file:///etc/passwd',
        b: 'javascript:alert(1)',
        c: 'http://',
        d: '',
        e: 'http://x/a b',
      };
      Object.assign(node?.artifacts ?? {}, odd, { good: 'http://files.example/x' });

      const job = world.lava.jobs().at(-1);
      if (job !== undefined) await world.lava.lab.cancel(job);

      await world.ended(nodeId);
      expect(world.maestro.node(nodeId)).toMatchObject({ state: 'done' });
      const { artifacts = {} } = world.maestro.database.get(nodeId) ?? {};
      expect(artifacts).toMatchObject({ good: 'http://files.example/x' });
      for (const name of Object.keys(odd)) expect(artifacts).not.toHaveProperty(name);
      const accepted = (await world.timeline(nodeId, 'accepted')).map(({ text }) => text);
      expect(accepted.join()).toContain('"a", "b"');
    },
  );

  it('has LAVA’s number while the job runs, and keeps what else is on it', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    const before = world.maestro.node(nodeId);
    await world.at(nodeId, 'running');
    await until('the number is there', () =>
      world.maestro.database.get(nodeId)?.data?.['job_id'] === '1' ? true : undefined,
    );

    expect(world.maestro.node(nodeId)).toMatchObject({
      ...before,
      data: { ...(before?.['data'] as object), job_id: '1' },
      updated: expect.any(String),
    });
  });
});

describe('a report that is not taken any more', () => {
  const token = { authorization: 'Bearer demo-token', 'content-type': 'application/json' };

  async function drop(
    world: TestWorld,
    nodeId: string,
    body: object,
  ): Promise<{ status: number; json: unknown }> {
    const { status, json } = await world.http(`/api/v1/jobs/${LAB}:${nodeId}/drop-delivery`, {
      method: 'POST',
      headers: token,
      body: JSON.stringify(body),
    });
    return { status, json };
  }

  it('is given up by the admin, by its destination or its number, and the job ends', async () => {
    for (const by of ['destination', 'number']) {
      const world = await testWorld({ kcidb: { validate: () => ['never'] } });
      world.kcidb.faults.add({ kind: 'status', status: 503 });
      world.fly();
      const nodeId = world.publish();
      await world.waits(nodeId, 'deliveries');
      const report = (await world.deliveries(nodeId)).find((d) => d.destination === 'kcidb');
      expect((await drop(world, nodeId, { delivery: 'nowhere' })).status).toBe(409);
      expect((await drop(world, nodeId, { what: 'is that' })).status).toBe(400);

      const { status, json } = await drop(world, nodeId, {
        delivery: by === 'number' ? report?.id : 'kcidb',
        reason: 'not worth it',
      });

      expect({ status, json }).toMatchObject({ status: 200, json: { dropped: [{ destination: 'kcidb' }] } });
      expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
      expect(await world.timeline(nodeId, 'dropped')).toMatchObject([
        { text: expect.stringContaining('not worth it') },
      ]);
    }
  });

  it('because its destination is switched off is shown as that, and dropped after a day', async () => {
    const world = await testWorld();
    world.kcidb.faults.add({ kind: 'status', status: 503 });
    world.fly();
    const nodeId = world.publish();
    await world.waits(nodeId, 'deliveries');
    await world.daemon.stop();
    const config = await readFile(world.configFile, 'utf8');
    await writeFile(world.configFile, `${config}report: { kcidb: off }\n`);
    await world.restart();

    await until('it is shown', async () => {
      const found = (await world.deliveries(nodeId)).find((d) => d.destination === 'kcidb');
      return found?.state === 'unconfigured' ? found : undefined;
    });
    expect((await world.job(nodeId))?.done).toBe(false);
    world.jump(25 * HOUR);

    expect(await world.ended(nodeId)).toMatchObject({ stage: 'reported' });
    expect(await world.timeline(nodeId, 'dropped')).toHaveLength(1);
  });
});
