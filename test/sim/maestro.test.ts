import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { DEFINITION, eventsOf, someJob } from '../maestro/helpers.ts';

const NOW = Date.UTC(2026, 7, 21, 10, 11, 12, 131);
const HOUR = 3_600_000;

let now: number;
let sim: MaestroSimulator;

beforeEach(async () => {
  now = NOW;
  sim = await startMaestroSimulator({ runtimes: ['lava-lab'], clock: () => now });
});
afterEach(() => sim.stop());

interface Answer {
  status: number;
  body: unknown;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  token: string | null = sim.token,
): Promise<Answer> {
  const response = await fetch(sim.url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

const get = (path: string): Promise<Answer> => ask('GET', path);

/** The ids that a search for nodes gives. */
async function find(query: string): Promise<unknown[]> {
  const { body } = await get(`/nodes?${query}`);
  return (body as { items: { id: string }[] }).items.map(({ id }) => id);
}

async function events(query: string): Promise<Record<string, unknown>[]> {
  return (await get(`/events?${query}`)).body as Record<string, unknown>[];
}

describe('versions and access', () => {
  it.each(['/whoami', '/latest/whoami', '/v0/whoami'])('answers %s', async (path) => {
    expect(await get(path)).toMatchObject({
      status: 200,
      body: { username: 'lab', groups: [{ name: 'runtime:lava-lab:node-editor' }] },
    });
  });

  it('knows no other version', async () => {
    expect(await get('/v1/whoami')).toEqual({ status: 400, body: 'Unsupported API version: v1' });
  });

  it('answers 401 for a missing or bad token, and for a node of another runtime alike', async () => {
    const theirs = someJob(sim, { runtime: 'lava-other' });

    expect(await ask('GET', '/whoami', undefined, null)).toEqual({
      status: 401,
      body: { detail: 'Unauthorized' },
    });
    expect((await ask('GET', '/whoami', undefined, 'bad')).status).toBe(401);
    expect(await ask('PATCH', `/node/${theirs.id}`, { result: 'pass' })).toEqual({
      status: 401,
      body: { detail: 'Unauthorized to complete the operation' },
    });
    expect((await ask('PATCH', `/node/${theirs.id}`, { result: 'pass' }, sim.pipelineToken)).status).toBe(
      200,
    );
  });

  it('reads without a token', async () => {
    const job = someJob(sim);

    expect((await ask('GET', `/node/${job.id}`, undefined, null)).status).toBe(200);
    expect((await ask('GET', '/events', undefined, null)).status).toBe(200);
  });
});

describe('nodes', () => {
  it('gives null for an unknown node, and 400 for a malformed id', async () => {
    expect(await get(`/node/${'f'.repeat(24)}`)).toEqual({ status: 200, body: null });
    expect((await get('/node/nonsense')).status).toBe(400);
  });

  it('prints times in UTC without a zone', async () => {
    const job = someJob(sim);

    expect((await get(`/node/${job.id}`)).body).toMatchObject({
      created: '2026-08-21T10:11:12.131000',
      timeout: '2026-08-21T16:11:12.131000',
      holdoff: null,
    });
  });

  const REVISION = {
    tree: 'mainline',
    url: 'https://git.kernel.org/linux.git',
    branch: 'master',
    commit: 'c'.repeat(40),
    version: { version: '6', patchlevel: '18' },
  };

  it('makes a node, keeps unknown data, and forces the owner', async () => {
    const { status, body } = await ask('POST', '/node', {
      kind: 'job',
      name: 'mine',
      path: ['mine'],
      owner: 'somebody else',
      data: { kernel_revision: REVISION, runtime: 'lava-lab', of_my_own: 1 },
    });

    expect(status).toBe(200);
    expect(body).toMatchObject({ owner: 'lab', state: 'running', result: null, retry_counter: 0 });
    expect(body).toHaveProperty('data.of_my_own', 1);
  });

  it.each([
    ['no kind', { name: 'x', path: [] }, 400],
    ['an odd kind', { kind: 'node', name: 'x', path: [] }, 400],
    ['an unknown parent', { kind: 'job', name: 'x', path: [], parent: 'f'.repeat(24) }, 404],
    ['an id', { kind: 'job', name: 'x', path: [], id: 'f'.repeat(24) }, 400],
    ['no name', { kind: 'job', path: [] }, 422],
    ['an odd result', { kind: 'job', name: 'x', path: [], result: 'unknown' }, 422],
    ['an artifact that is no URL', { kind: 'job', name: 'x', path: [], artifacts: { a: 'file:///x' } }, 422],
    ['a text as retry counter', { kind: 'job', name: 'x', path: [], retry_counter: '1' }, 422],
    ['an odd error code', { kind: 'job', name: 'x', path: [], data: { error_code: 'Odd' } }, 400],
    ['a number as job id', { kind: 'job', name: 'x', path: [], data: { job_id: 1 } }, 400],
    ['no JSON', 'nonsense', 422],
  ])('refuses a node with %s', async (_what, body, status) => {
    expect((await ask('POST', '/node', body)).status).toBe(status);
  });

  it('prints URLs of artifacts in its own way', async () => {
    const { body } = await ask('POST', '/node', {
      kind: 'job',
      name: 'x',
      path: [],
      artifacts: { a: 'https://host', b: 'https://host/a b' },
    });

    expect(body).toMatchObject({ artifacts: { a: 'https://host/', b: 'https://host/a%20b' } });
  });
});

describe('PUT replaces', () => {
  it('resets what it does not name, but not the owner, the submitter and the groups', async () => {
    const job = someJob(sim, { retryCounter: 2 });
    now += HOUR;

    await ask('PUT', `/node/${job.id}`, { kind: 'job', name: job.name, path: job.path, state: 'done' });

    expect(sim.node(job.id)).toMatchObject({
      state: 'done',
      owner: 'production',
      submitter: 'service:pipeline',
      treeid: null,
      retry_counter: 0,
      created: '2026-08-21T11:11:12.131000',
      timeout: '2026-08-21T17:11:12.131000',
      artifacts: {},
      data: {},
      parent: null,
      group: null,
    });
  });

  it('takes a missing state for running, which an available node can not become', async () => {
    const job = someJob(sim);

    expect(await ask('PUT', `/node/${job.id}`, { kind: 'job', name: job.name, path: job.path })).toEqual({
      status: 400,
      body: { detail: 'Transition not allowed with state: running' },
    });
  });

  it('flips the flag of the KCIDB bridge only where it differs', async () => {
    const job = someJob(sim);
    const whole = { ...sim.node(job.id), processed_by_kcidb_bridge: true };

    const flags = [];
    for (let i = 0; i < 3; i++) {
      await ask('PUT', `/node/${job.id}`, whole);
      flags.push(sim.node(job.id)?.['processed_by_kcidb_bridge']);
    }

    expect(flags).toEqual([true, false, true]);
  });
});

describe('PATCH changes', () => {
  it('leaves what it does not name, and replaces data as a whole', async () => {
    const job = someJob(sim, { retryCounter: 2 });

    await ask('PATCH', `/node/${job.id}`, { data: { runtime: 'lava-lab', job_id: '7' }, name: 'ignored' });

    expect(sim.node(job.id)).toMatchObject({
      name: job.name,
      retry_counter: 2,
      artifacts: job.artifacts,
      data: { runtime: 'lava-lab', job_id: '7' },
    });
    expect(sim.node(job.id)).not.toHaveProperty('data.platform');
  });

  it('sets the flag of the KCIDB bridge back unless it is named', async () => {
    const job = someJob(sim);
    await ask('PATCH', `/node/${job.id}`, { processed_by_kcidb_bridge: true });
    expect(sim.node(job.id)).toMatchObject({ processed_by_kcidb_bridge: true });

    await ask('PATCH', `/node/${job.id}`, { result: 'pass' });

    expect(sim.node(job.id)).toMatchObject({ processed_by_kcidb_bridge: false });
  });

  it('clears the flag of the KCIDB bridge where it changes the state, also when it is named', async () => {
    const job = someJob(sim);

    await ask('PATCH', `/node/${job.id}`, { state: 'done', result: 'pass', processed_by_kcidb_bridge: true });
    expect(sim.node(job.id)).toMatchObject({ state: 'done', processed_by_kcidb_bridge: false });
    await ask('PATCH', `/node/${job.id}`, { processed_by_kcidb_bridge: true });

    expect(sim.node(job.id)).toMatchObject({ state: 'done', processed_by_kcidb_bridge: true });
  });

  it.each([
    [{ name: 'x' }, 'No fields to update'],
    [{}, 'No fields to update'],
  ])('refuses %j', async (body, detail) => {
    const job = someJob(sim);

    expect(await ask('PATCH', `/node/${job.id}`, body)).toEqual({ status: 400, body: { detail } });
  });

  it.each([
    ['running', 'available', 200],
    ['running', 'done', 200],
    ['available', 'closing', 200],
    ['available', 'running', 400],
    ['closing', 'available', 400],
    ['done', 'done', 200],
    ['done', 'running', 400],
  ] as const)('moves from %s to %s: %i', async (from, to, status) => {
    const job = someJob(sim);
    Object.assign(sim.database.get(job.id) ?? {}, { state: from });

    expect((await ask('PATCH', `/node/${job.id}`, { state: to })).status).toBe(status);
  });
});

describe('the hierarchy', () => {
  const child = (name: string, more: object = {}): object => ({
    node: { name, kind: 'test', path: [name], state: 'done', result: 'pass', ...more },
    child_nodes: [],
  });

  it('checks no move, drops unknown data of the root, and fills in what the model knows', async () => {
    const job = someJob(sim, { data: { tree_priority: 'high' } });
    await ask('PATCH', `/node/${job.id}`, { state: 'done', result: 'incomplete' });
    const root = { ...sim.node(job.id), state: 'running' };

    const { status } = await ask('PUT', `/nodes/${job.id}`, { node: root, child_nodes: [] });

    expect(status).toBe(200);
    expect(sim.node(job.id)).toMatchObject({
      state: 'running',
      data: { device: null, error_code: null, misc: {}, runtime: 'lava-lab' },
    });
    expect(sim.node(job.id)).not.toHaveProperty('data.tree_priority');
  });

  it('makes the children again at each call, under the parent, with its tree', async () => {
    const job = someJob(sim);
    const tree = { node: sim.node(job.id), child_nodes: [child('login')] };

    await ask('PUT', `/nodes/${job.id}`, tree);
    await ask('PUT', `/nodes/${job.id}`, tree);

    const children = sim.database.children(job.id);
    expect(children).toMatchObject([
      { name: 'login', owner: 'lab', treeid: job.treeid, submitter: 'service:pipeline' },
      { name: 'login' },
    ]);
  });

  it('leaves children running that say nothing else', async () => {
    const job = someJob(sim);

    await ask('PUT', `/nodes/${job.id}`, {
      node: sim.node(job.id),
      child_nodes: [{ node: { name: 'x', kind: 'test', path: [] }, child_nodes: [] }],
    });

    expect(sim.database.children(job.id)).toMatchObject([{ state: 'running' }]);
  });

  it('refuses all for one odd result, before anything is written', async () => {
    const job = someJob(sim);

    const { status } = await ask('PUT', `/nodes/${job.id}`, {
      node: sim.node(job.id),
      child_nodes: [child('good'), child('odd', { result: 'unknown' })],
    });

    expect(status).toBe(422);
    expect(sim.database.children(job.id)).toEqual([]);
  });

  it('leaves written what stands before a child whose data is refused', async () => {
    const job = someJob(sim);

    const { status } = await ask('PUT', `/nodes/${job.id}`, {
      node: { ...sim.node(job.id), state: 'done' },
      child_nodes: [child('good'), child('odd', { data: { error_code: 'Odd' } })],
    });

    expect(status).toBe(400);
    expect(sim.node(job.id)).toMatchObject({ state: 'done' });
    expect(sim.database.children(job.id)).toMatchObject([{ name: 'good' }]);
  });

  it('reports the root alone', async () => {
    const job = someJob(sim);
    const before = sim.database.events.length;

    await ask('PUT', `/nodes/${job.id}`, {
      node: { ...sim.node(job.id), state: 'done', result: 'pass' },
      child_nodes: [child('login')],
    });

    expect(sim.database.events.slice(before)).toMatchObject([
      { data: { op: 'updated', id: job.id, is_hierarchy: true, previous_state: 'available' } },
    ]);
  });

  it('takes no body above 32 MiB', async () => {
    const job = someJob(sim);

    const { status } = await ask('PUT', `/nodes/${job.id}`, {
      node: { ...sim.node(job.id), data: { error_msg: 'x'.repeat(33 * 1024 * 1024) } },
      child_nodes: [],
    });

    expect(status).toBe(413);
  });
});

describe('searching nodes', () => {
  it('matches dotted paths, operators and conversions', async () => {
    const a = someJob(sim, { data: { job_id: '1234' } });
    now += HOUR;
    const b = someJob(sim, { runtime: 'lava-other', retryCounter: 3 });

    expect(await find('kind=job&data.runtime=lava-lab')).toEqual([a.id]);
    expect(await find('kind=job&data.runtime__in=lava-lab,lava-other')).toEqual([a.id, b.id]);
    expect(await find('kind=job&data.runtime__nin=lava-lab')).toEqual([b.id]);
    expect(await find('kind=job&data.runtime__ne=lava-lab')).toEqual([b.id]);
    expect(await find('kind=job&data.runtime__re=^lava-o')).toEqual([b.id]);
    expect(await find('kind=job&retry_counter=3')).toEqual([b.id]);
    expect(await find('kind=job&retry_counter__gt=2')).toEqual([b.id]);
    expect(await find('kind=job&created__gt=2026-08-21T10:30:00')).toEqual([b.id]);
    expect(await find('kind=job&created__gt=2026-08-21T10:30:00Z')).toEqual([b.id]);
    expect(await find('kind=job&data.kernel_revision.version.version__int=6')).toEqual([a.id, b.id]);
    expect(await find('kind=job&data.job_id=1234')).toEqual([a.id]);
    expect(await find('kind=job&data.job_id=null')).toEqual([b.id]);
    expect(await find('kind=job&processed_by_kcidb_bridge=false')).toEqual([a.id, b.id]);
    expect(await find(`parent=${a.parent}`)).toEqual([a.id]);
  });

  it('has its sharp edges', async () => {
    const job = someJob(sim);

    expect(await find(`id=${job.id}`)).toEqual([]);
    expect(await find('parent=null')).toEqual([]);
    // A number is not the text of it.
    expect(await find('data.job_id__gt=1')).toEqual([]);
    expect((await get('/nodes?timeout=null')).status).toBe(500);
    expect((await get('/nodes?created__gt=yesterday')).status).toBe(400);
    // An unescaped plus is a space.
    expect((await get('/nodes?created__gt=2026-08-21T10:30:00+00:00')).status).toBe(400);
    expect((await get('/nodes?created__gt=2026-08-21T10:30:00%2B00:00')).status).toBe(200);
  });

  it('gives pages of 50, and counts all', async () => {
    const build = sim.addBuild().id;
    for (let i = 0; i < 60; i++) someJob(sim, { build });

    expect((await get('/nodes?kind=job')).body).toMatchObject({ total: 60, limit: 50, offset: 0 });
    expect((await find('kind=job')).length).toBe(50);
    expect((await find('kind=job&offset=50')).length).toBe(10);
    expect((await get('/count?kind=job')).body).toBe(60);
    expect((await get('/nodes/fast?kind=job')).body).toHaveLength(60);
  });
});

describe('events', () => {
  it('say what was before', async () => {
    const job = someJob(sim);

    expect(eventsOf(sim, job.id)).toMatchObject([
      { op: 'created', state: 'running' },
      { op: 'updated', state: 'available', previous_state: 'running', previous_result: null },
    ]);
    expect(eventsOf(sim, job.id)[0]).not.toHaveProperty('previous_state');
  });

  it('are not sent with noevent', async () => {
    const job = someJob(sim);
    const before = sim.database.events.length;

    await ask('PATCH', `/node/${job.id}?noevent=true`, { result: 'pass' });

    expect(sim.database.events.length).toBe(before);
  });

  it('come after `from`, never at it, and in no order', async () => {
    const build = sim.addBuild().id;
    now += 1;
    const jobs = Array.from({ length: 20 }, () => someJob(sim, { build }));

    const after = await events('op=created&kind=job&from=2026-08-21T10:11:12.131');
    const at = await events('op=created&kind=job&from=2026-08-21T10:11:12.132');

    const order = after.map((event) => (event['data'] as { id: string }).id);
    expect(order.toSorted()).toEqual(jobs.map(({ id }) => id));
    expect(order).not.toEqual(jobs.map(({ id }) => id));
    expect(at).toEqual([]);
  });

  it('come page by page', async () => {
    const build = sim.addBuild().id;
    for (let i = 0; i < 5; i++) someJob(sim, { build });
    const all = await events('op=created&kind=job');

    const pages = [
      await events('op=created&kind=job&limit=3'),
      await events('op=created&kind=job&limit=3&offset=3'),
    ];

    expect(pages.flat()).toEqual(all);
    expect(all.length).toBe(5);
  });

  it('carry the node as it is now, for whatever `recursive` is', async () => {
    const job = someJob(sim);

    const [created] = await events('op=created&kind=job&recursive=false&limit=1000');

    expect(created).toMatchObject({
      timestamp: '2026-08-21T10:11:12.131000',
      data: { state: 'running' },
      node: { id: job.id, state: 'available' },
    });
    expect((await get('/events?recursive=true&limit=1001')).status).toBe(400);
    expect((await get('/events?recursive=true')).status).toBe(400);
  });

  it('break for all when one with its node wanted has no id', async () => {
    someJob(sim);
    sim.database.publish('test', 'somebody', { message: 'hello' });

    expect((await get('/events?recursive=true&limit=10')).status).toBe(500);
    expect((await get('/events?recursive=true&limit=10&kind=job')).status).toBe(200);
    expect((await get('/events')).status).toBe(200);
  });

  it('can be searched by any of their fields', async () => {
    const job = someJob(sim);
    someJob(sim, { runtime: 'lava-other' });

    expect(await events('kind=job&op=created&data.data.runtime=lava-lab')).toMatchObject([
      { data: { id: job.id } },
    ]);
    expect((await events(`node_id=${job.id}`)).length).toBe(2);
    expect((await get('/events?from=yesterday')).status).toBe(400);
  });
});

describe('the timeout service', () => {
  it('ends what was never finished', async () => {
    const job = someJob(sim);
    sim.runTimeouts(NOW + 7 * HOUR);

    expect(sim.node(job.id)).toMatchObject({
      state: 'done',
      result: 'incomplete',
      data: { runtime: 'lava-lab', error_code: 'node_timeout', error_msg: 'Node timed-out' },
    });
  });

  it('leaves what was put off, and what belongs to others', async () => {
    const later = someJob(sim);
    await ask('PATCH', `/node/${later.id}`, { timeout: '2026-08-22T10:00:00' });
    const { body } = await ask('POST', '/node', { kind: 'job', name: 'mine', path: ['mine'] });

    sim.runTimeouts(NOW + 7 * HOUR);

    expect(sim.node(later.id)).toMatchObject({ state: 'available' });
    expect(sim.node((body as { id: string }).id)).toMatchObject({ state: 'running' });
  });

  it('closes a build that is held no longer when its jobs are done', async () => {
    const build = sim.addBuild();
    const job = someJob(sim, { build: build.id });
    sim.database.change(build.id, { holdoff: NOW + 60_000 }, false);

    sim.runTimeouts(NOW + 120_000);
    expect(sim.node(build.id)).toMatchObject({ state: 'closing' });
    await ask('PATCH', `/node/${job.id}`, { state: 'done', result: 'pass' });
    sim.runTimeouts(NOW + 180_000);

    expect(sim.node(build.id)).toMatchObject({ state: 'done', result: 'pass' });
  });
});

describe('telemetry', () => {
  it('takes a list of events', async () => {
    expect(await ask('POST', '/telemetry', [{ kind: 'job_skip', runtime: 'lava-lab' }])).toEqual({
      status: 200,
      body: { inserted: 1 },
    });
  });

  it.each([[[]], [[{ kind: 'job_skip' }]], [[{ kind: 'a', runtime: 'b' }, { runtime: 'b' }]]])(
    'takes nothing of %j',
    async (body) => {
      expect((await ask('POST', '/telemetry', body)).status).toBe(400);
      expect(sim.telemetry).toEqual([]);
    },
  );
});

describe('the pipeline', () => {
  it('publishes definitions where they can be fetched', async () => {
    const job = someJob(sim);

    const response = await fetch(String(job.artifacts?.['job_definition']));

    expect(await response.json()).toEqual(DEFINITION);
  });

  it('leaves a job that is to be pulled by a LAVA lab running', async () => {
    const job = sim.addLavaPullJob(
      { build: sim.addBuild().id, name: 'x', runtime: 'lava-lab', platform: 'qemu' },
      'device_type: qemu',
    );

    expect(job.state).toBe('running');
    expect(job.artifacts?.['job_definition']).toMatch(/\/jobs\/20260821\/(\w+)\.yaml\/\1\.yaml$/);
  });
});

describe('Maestro’s services', () => {
  const LATER = 6 * 60_000;

  /** Ends a node by this call, lets the services run, and gives how often the node was sent to KCIDB and tried again. */
  async function ended(
    result: string,
    options: {
      noevent?: boolean;
      flag?: boolean;
      name?: string;
      retryCounter?: number;
      submitter?: string;
    } = {},
  ): Promise<{ sent: number; retried: number }> {
    const { noevent = false, flag = false, submitter, ...spec } = options;
    const job = someJob(sim, spec);
    if (submitter !== undefined) sim.database.change(job.id, { submitter }, true);
    await ask('PATCH', `/node/${job.id}${noevent ? '?noevent=true' : ''}`, { state: 'done', result });
    if (flag) await ask('PATCH', `/node/${job.id}?noevent=true`, { processed_by_kcidb_bridge: true });
    sim.services.run(now + LATER);
    sim.services.run(now + 2 * LATER);
    const times = (ids: readonly string[]): number => ids.filter((id) => id === job.id).length;
    return { sent: times(sim.services.sent), retried: times(sim.services.retried) };
  }

  it('send what is closed with an event to KCIDB once, whatever its flag', async () => {
    expect(await ended('pass')).toEqual({ sent: 1, retried: 0 });
    expect(await ended('pass', { flag: true })).toEqual({ sent: 1, retried: 0 });
  });

  it('send what is closed without an event when they scan, unless it has the flag', async () => {
    expect(await ended('pass', { noevent: true })).toEqual({ sent: 1, retried: 0 });
    expect(await ended('pass', { noevent: true, flag: true })).toEqual({ sent: 0, retried: 0 });
  });

  it('try again, and do not send, what is incomplete or a baseline that fails, three times', async () => {
    expect(await ended('incomplete')).toEqual({ sent: 0, retried: 1 });
    expect(await ended('fail', { name: 'baseline-arm64' })).toEqual({ sent: 0, retried: 1 });
    expect(await ended('fail', { name: 'ltp' })).toEqual({ sent: 1, retried: 0 });
    expect(await ended('incomplete', { retryCounter: 3 })).toEqual({ sent: 1, retried: 0 });
  });

  it('try nothing again of which they hear nothing', async () => {
    expect(await ended('incomplete', { noevent: true })).toEqual({ sent: 0, retried: 0 });
  });

  it('send nothing of a user’s own', async () => {
    expect(await ended('pass', { submitter: 'user:somebody@example.com' })).toEqual({ sent: 0, retried: 0 });
  });
});
