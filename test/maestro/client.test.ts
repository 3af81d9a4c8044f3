import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TemporaryError } from '../../src/core/errors.ts';
import { confirmMark, placeMark, type Claim } from '../../src/maestro/claim.ts';
import { createMaestroClient, type MaestroClient } from '../../src/maestro/client.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { listen } from '../support/listen.ts';
import { eventsOf, someJob } from './helpers.ts';

let sim: MaestroSimulator;
let client: MaestroClient;

beforeEach(async () => {
  sim = await startMaestroSimulator({ runtimes: ['lava-lab'] });
  client = createMaestroClient({ url: sim.url, token: sim.token, timeoutMs: 2000 });
});
afterEach(() => sim.stop());

describe('reading', () => {
  it('says who the token is, and in which groups', async () => {
    expect(await client.whoami()).toMatchObject({
      username: 'lab',
      groups: ['runtime:lava-lab:node-editor'],
    });
  });

  it('gives a node, whatever version prefix the URL has', async () => {
    const job = someJob(sim);

    for (const prefix of ['', '/latest', '/v0']) {
      const node = await createMaestroClient({
        url: sim.url + prefix,
        token: sim.token,
        timeoutMs: 2000,
      }).getNode(job.id);
      expect(node).toMatchObject({ id: job.id, state: 'available', data: { runtime: 'lava-lab' } });
    }
  });

  it('gives nothing for a node that Maestro does not know', async () => {
    expect(await client.getNode('f'.repeat(24))).toBeUndefined();
  });

  it('finds nodes by their fields, page by page', async () => {
    const jobs = [someJob(sim), someJob(sim), someJob(sim, { runtime: 'lava-other' })];

    const first = await client.findNodes({ kind: 'job', 'data.runtime': 'lava-lab' }, { limit: 1 });
    const second = await client.findNodes(
      { kind: 'job', 'data.runtime': 'lava-lab' },
      { limit: 1, offset: 1 },
    );

    expect([first.total, first.count]).toEqual([2, 1]);
    expect([...first.nodes, ...second.nodes].map((node) => node.id)).toEqual([jobs[0]?.id, jobs[1]?.id]);
  });

  it('keeps the good nodes of a page that has an odd one', async () => {
    const job = someJob(sim);
    const odd = someJob(sim);
    sim.database.change(odd.id, { data: { runtime: 'lava-lab', job_id: '1' } }, true);
    Object.assign(sim.database.get(odd.id)?.data ?? {}, { kernel_revision: 'not a revision' });

    const page = await client.findNodes({ kind: 'job' });

    expect(page.nodes.map((node) => node.id)).toEqual([job.id]);
    expect(page.odd).toMatchObject([{ message: expect.stringContaining(odd.id) }]);
  });

  it('gives events with the nodes as they are now', async () => {
    const job = someJob(sim);
    await client.patchNode(job.id, { data: { ...job.data, job_id: 'mine' } });

    const { events } = await client.events({
      from: 0,
      filter: { kind: 'job', op: 'created' },
      limit: 10,
      recursive: true,
    });

    expect(events).toMatchObject([{ data: { op: 'created' }, node: { data: { job_id: 'mine' } } }]);
  });

  it('gives events without nodes unless they are wanted', async () => {
    someJob(sim);

    const { events } = await client.events({
      from: 0,
      filter: { op: 'created' },
      limit: 10,
      recursive: false,
    });

    expect(events.length).toBeGreaterThan(0);
    expect(events.every((event) => event.node === undefined)).toBe(true);
  });
});

describe('writing', () => {
  it('changes what is named and leaves the rest', async () => {
    const job = someJob(sim, { retryCounter: 2 });
    const timeout = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

    await client.patchNode(job.id, { timeout }, { noevent: true });

    expect(sim.node(job.id)).toMatchObject({
      timeout: '2030-01-02T03:04:05.678000',
      retry_counter: 2,
      treeid: job.treeid,
      artifacts: job.artifacts,
    });
    expect(eventsOf(sim, job.id).at(-1)).toMatchObject({ previous_state: 'running' });
  });

  it('merges data and artifacts into what the node has', async () => {
    const job = someJob(sim);

    const node = await client.updateNode(job.id, () => ({
      state: 'done',
      result: 'incomplete',
      data: { error_code: 'Infrastructure', error_msg: 'no power' },
      artifacts: { test_log: 'https://logs.example/1.txt' },
    }));

    expect(node).toMatchObject({ state: 'done', result: 'incomplete' });
    expect(sim.node(job.id)).toMatchObject({
      data: { ...job.data, error_code: 'Infrastructure', error_msg: 'no power' },
      artifacts: { ...job.artifacts, test_log: 'https://logs.example/1.txt' },
    });
  });

  it('writes nothing when there is nothing to change', async () => {
    const job = someJob(sim);
    const before = sim.node(job.id);

    await client.updateNode(job.id, () => undefined);

    expect(sim.node(job.id)).toEqual(before);
  });

  it.each([
    ['a state', { state: 'prepared' as never }],
    ['an artifact', { artifacts: { log: 'file:///etc/passwd' } }],
    ['an empty change', {}],
  ])('does not send %s that Maestro would refuse', async (_what, changes) => {
    const job = someJob(sim);
    const asked = sim.requests.length;

    await expect(client.patchNode(job.id, changes)).rejects.toMatchObject({ code: 'maestro_invalid' });
    expect(sim.requests.length).toBe(asked);
  });

  it('writes results below a node, which are then its children', async () => {
    const job = someJob(sim);
    const root = sim.node(job.id) ?? {};
    const child = {
      name: 'login',
      kind: 'test',
      path: [...job.path, 'login'],
      state: 'done' as const,
      result: 'pass' as const,
    };

    const written = await client.putHierarchy(job.id, {
      node: { ...root, name: job.name, kind: 'job', path: job.path, state: 'done', result: 'pass' },
      child_nodes: [{ node: child, child_nodes: [] }],
    });

    expect(written.map((node) => node.name)).toEqual([job.name, 'login']);
    expect(await client.childrenOf(job.id)).toMatchObject([{ name: 'login', state: 'done', parent: job.id }]);
  });

  it('does not send children that would stay open', async () => {
    const job = someJob(sim);
    const child = { name: 'login', kind: 'test', path: ['login'], state: 'running' as const, result: null };

    const sent = client.putHierarchy(job.id, {
      node: { id: job.id, name: job.name, kind: 'job', path: job.path, state: 'done', result: 'pass' },
      child_nodes: [{ node: child, child_nodes: [] }],
    });

    await expect(sent).rejects.toMatchObject({ code: 'maestro_invalid', field: 'node/login.state' });
  });

  it('does not send a tree with an address that Maestro would refuse, and says which node has it', async () => {
    const job = someJob(sim);
    const artifacts = { log: 'file:///etc/passwd' };
    const child = { name: 'login', kind: 'test', path: ['login'], state: 'done', result: 'pass', artifacts };

    const sent = client.putHierarchy(job.id, {
      node: { ...sim.node(job.id), state: 'done', result: 'pass' },
      child_nodes: [{ node: child, child_nodes: [] }],
    });

    await expect(sent).rejects.toMatchObject({ code: 'maestro_invalid', field: 'node/login.artifacts.log' });
  });

  it('sends telemetry', async () => {
    const inserted = await client.telemetry([
      { kind: 'job_skip', runtime: 'lava-lab', at: Date.UTC(2026, 7, 21), error_type: 'no_online_devices' },
    ]);

    expect(inserted).toBe(1);
    expect(sim.telemetry).toMatchObject([{ kind: 'job_skip', ts: '2026-08-21T00:00:00.000' }]);
  });
});

describe('refusals and faults', () => {
  it('knows a node that is not ours', async () => {
    const job = someJob(sim, { runtime: 'lava-other' });

    const refused = client.patchNode(job.id, { result: 'pass' });

    await expect(refused).rejects.toBeInstanceOf(PermanentError);
    await expect(refused).rejects.toMatchObject({ code: 'maestro_forbidden' });
  });

  it('never shows the token', async () => {
    const stranger = createMaestroClient({ url: sim.url, token: 'a-secret-token', timeoutMs: 2000 });

    const refused = stranger.whoami();

    await expect(refused).rejects.toMatchObject({ code: 'maestro_auth' });
    await expect(refused).rejects.not.toThrow(/a-secret-token/);
  });

  it('leaves a node out that is nested too deeply, and reads the others', async () => {
    const good: Record<string, unknown> = { ...sim.node(someJob(sim).id) };
    const bad: Record<string, unknown> = { ...sim.node(someJob(sim).id), deep: 'HERE' };
    const deep = JSON.stringify(bad).replace('"HERE"', '['.repeat(8000) + ']'.repeat(8000));
    const url = await listen((req, res) => {
      res.end(req.url?.startsWith('/nodes') ? `{"items":[${JSON.stringify(good)},${deep}],"total":2}` : deep);
    });
    const client = createMaestroClient({ url, token: 'x', timeoutMs: 5000 });

    const page = await client.findNodes({ kind: 'job' });
    const one = client.getNode(String(bad['id']));

    expect(page.nodes.map(({ id }) => id)).toEqual([good['id']]);
    expect(page.odd[0]?.message).toContain(String(bad['id']));
    await expect(one).rejects.toMatchObject({ name: 'PermanentError', code: 'maestro_odd_node' });
  });

  it("hands on Maestro's text when a move is not allowed", async () => {
    const job = someJob(sim);
    await client.patchNode(job.id, { state: 'done', result: 'pass' });

    await expect(client.patchNode(job.id, { state: 'available' })).rejects.toMatchObject({
      code: 'maestro_refused',
      message: expect.stringContaining('Transition not allowed with state: available'),
    });
  });

  it('says that a node to be changed is not there', async () => {
    await expect(client.patchNode('f'.repeat(24), { result: 'pass' })).rejects.toMatchObject({
      code: 'maestro_not_found',
    });
    expect(await client.updateNode('f'.repeat(24), () => ({ result: 'pass' }))).toBeUndefined();
  });

  it.each([500, 502, 503, 429])('takes a %i for something that passes', async (status) => {
    sim.faults.add({ kind: 'status', status });

    await expect(client.getNode('f'.repeat(24))).rejects.toBeInstanceOf(TemporaryError);
    expect(sim.requests.length).toBe(1);
  });

  it('gives up on a mute Maestro after the time-out', async () => {
    sim.faults.add({ kind: 'mute' });
    const hasty = createMaestroClient({ url: sim.url, token: sim.token, timeoutMs: 100 });

    await expect(hasty.whoami()).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('says that a write may have been done when its answer is lost', async () => {
    const job = someJob(sim);
    sim.faults.add({ kind: 'lose', method: 'PATCH', times: 1 });

    await expect(client.patchNode(job.id, { result: 'pass' })).rejects.toBeInstanceOf(TemporaryError);
    expect(sim.node(job.id)).toMatchObject({ result: 'pass' });
  });

  it('distinguishes a page of something else from Maestro', async () => {
    sim.faults.add({ kind: 'status', status: 200 });

    await expect(client.whoami()).rejects.toMatchObject({ code: 'maestro_odd_answer' });
  });
});

describe('claiming', () => {
  /** Both halves; `meanwhile` happens between them. */
  async function claim(
    client: MaestroClient,
    id: string,
    mark: string,
    meanwhile: () => Promise<void> = async () => undefined,
  ): Promise<Claim> {
    const placed = await placeMark(client, id, mark);
    if (placed.outcome !== 'claimed') return placed;
    await meanwhile();
    return confirmMark(client, id, mark);
  }

  it('marks the node and keeps the rest of its data', async () => {
    const job = someJob(sim);

    expect(await claim(client, job.id, 'me:1')).toMatchObject({ outcome: 'claimed' });
    expect(sim.node(job.id)).toMatchObject({ state: 'available', data: { ...job.data, job_id: 'me:1' } });
  });

  it('may be repeated', async () => {
    const job = someJob(sim);
    await claim(client, job.id, 'me:1');

    expect(await claim(client, job.id, 'me:1')).toMatchObject({ outcome: 'claimed' });
  });

  it('may be repeated when the answer to the mark was lost', async () => {
    const job = someJob(sim);
    sim.faults.add({ kind: 'lose', method: 'PATCH', times: 1 });

    await expect(claim(client, job.id, 'me:1')).rejects.toBeInstanceOf(TemporaryError);
    expect(await claim(client, job.id, 'me:1')).toMatchObject({ outcome: 'claimed' });
  });

  it("yields to another's mark", async () => {
    const job = someJob(sim);
    await claim(client, job.id, 'other:1');

    const mine = await claim(client, job.id, 'me:1');

    expect(mine).toMatchObject({ outcome: 'taken', detail: expect.stringContaining('other:1') });
    expect(sim.node(job.id)).toMatchObject({ data: { job_id: 'other:1' } });
  });

  it('yields when its mark is overwritten while it waits', async () => {
    const job = someJob(sim);
    const meanwhile = async (): Promise<void> => {
      await client.updateNode(job.id, () => ({ data: { job_id: 'other:1' } }));
    };

    expect(await claim(client, job.id, 'me:1', meanwhile)).toMatchObject({ outcome: 'taken' });
  });

  it('gives one of two that claim at once the node, not both', async () => {
    const job = someJob(sim);

    const written = Promise.withResolvers<void>();
    let count = 0;
    const bothWrote = async (): Promise<void> => {
      count++;
      if (count >= 2) written.resolve();
      await written.promise;
    };

    const claims = await Promise.all(
      ['me:1', 'other:1'].map(async (mark) => {
        const mine = await claim(client, job.id, mark, bothWrote);
        if (mine.outcome === 'taken') await bothWrote();
        return mine;
      }),
    );

    expect(claims.map(({ outcome }) => outcome).toSorted()).toEqual(['claimed', 'taken']);
  });

  it('leaves a node that ended', async () => {
    const job = someJob(sim);
    await client.patchNode(job.id, { state: 'done', result: 'incomplete' });

    expect(await claim(client, job.id, 'me:1')).toMatchObject({ outcome: 'ended' });
  });

  it('leaves a node that ends while it waits', async () => {
    const job = someJob(sim);
    const meanwhile = async (): Promise<void> => {
      await client.patchNode(job.id, { state: 'done', result: 'incomplete' });
    };

    expect(await claim(client, job.id, 'me:1', meanwhile)).toMatchObject({ outcome: 'ended' });
  });

  it('says that a node is unknown', async () => {
    expect(await claim(client, 'f'.repeat(24), 'me:1')).toMatchObject({ outcome: 'gone' });
  });
});
