import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { reporterOf } from '../../src/reporting/reporter.ts';
import { MaestroNode } from '../../src/maestro/node.ts';
import { listen } from '../support/listen.ts';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

const NODE_ID = '68f0c0ffee00000000000003';
const ENDED = 1_000_000;

function maestroNode(parts: Record<string, unknown>): MaestroNode {
  return MaestroNode.parse({ id: NODE_ID, kind: 'job', name: 'x', path: ['x'], state: 'running', ...parts });
}

const told = stringify({
  notify: {
    callbacks: [
      { url: 'https://bridge.example/callback/lab/x', token: 'ours' },
      { url: `https://pipeline.example/node/${NODE_ID}`, token: 'theirs' },
    ],
  },
});

function reporter(at: number, node: Record<string, unknown> | undefined, definition = told) {
  const getNode = async () => (node === undefined ? undefined : maestroNode(node));
  return reporterOf(
    { nodeId: NODE_ID, claimedAt: 1 },
    { definition, finishedAt: ENDED },
    { maestro: { getNode }, now: () => ENDED + at },
  );
}

describe('a job that LAVA reports to Maestro itself', () => {
  it('is Maestro’s to report once it has ended the node', async () => {
    expect(await reporter(1000, { state: 'done', result: 'fail' })).toEqual({ kind: 'maestro' });
  });

  it('is waited for, a while', async () => {
    expect(await reporter(1000, { state: 'running' })).toEqual({ kind: 'wait', until: ENDED + 11_000 });
    expect(await reporter(295_000, { state: 'running' })).toEqual({ kind: 'wait', until: ENDED + 300_000 });
    expect(await reporter(300_000, { state: 'running' })).toEqual({ kind: 'ours' });
  });

  it('is ours if Maestro only gave up on it', async () => {
    const node = { state: 'done', result: 'incomplete', data: { error_code: 'node_timeout' } };

    expect(await reporter(300_000, node)).toEqual({ kind: 'ours' });
  });

  it('is ours if Maestro knows no such node', async () => {
    expect(await reporter(1000, undefined)).toEqual({ kind: 'ours' });
  });

  it.each([
    ['no other callback', { callback: { url: 'https://bridge.example/', token: 'ours' } }],
    ['a callback of somebody else', { callbacks: [{ url: 'https://ci.example/done', token: 'x' }] }],
    [
      'a callback for another node',
      { callbacks: [{ url: `https://p.example/node/${'0'.repeat(24)}`, token: 'x' }] },
    ],
    ['a callback without a token', { callbacks: [{ url: `https://p.example/node/${NODE_ID}` }] }],
  ])('is not one with %s', async (_what, notify) => {
    expect(await reporter(1000, { state: 'done' }, stringify({ notify }))).toEqual({ kind: 'ours' });
  });
});

function start(definitions: Record<string, unknown>): Promise<TestWorld> {
  const lab = {
    accept: ['lava_pull'],
    definitions: { notify_hosts: ['127.0.0.1'], notify_tokens: ['theirs'], ...definitions },
  };
  return testWorld({ lab });
}

/** Maestro's callback server: what a callback says of a node, it writes there. Gives its address. */
function startPipeline({ maestro }: TestWorld): Promise<string> {
  return listen((request, response) => {
    const id = /^\/node\/([0-9a-f]{24})$/.exec(request.url ?? '')?.[1] ?? '';
    request.resume().once('end', () => {
      response.writeHead(202).end('{"message":"OK"}');
      maestro.database.change(id, { state: 'done', result: 'pass' }, false);
    });
  });
}

/** A job for a board that the bridge does not know, with the definition that Maestro made for it. */
function publish(world: TestWorld, pipeline: string, change: Record<string, unknown> = {}): string {
  const { maestro } = world;
  const build = maestro.addBuild({ arch: 'x86_64' });
  const spec = { build: build.id, name: 'baseline-x86', runtime: LAB, platform: 'unregistered' };
  const node = maestro.addLavaPullJob(spec, '');
  const definition = {
    job_name: `[production] ${node.id} baseline-x86`,
    device_type: 'qemu',
    visibility: 'public',
    timeouts: { job: { minutes: 10 } },
    context: { arch: 'x86_64' },
    notify: {
      criteria: { status: 'finished' },
      callback: { url: `${pipeline}/node/${node.id}`, method: 'POST', token: 'theirs', dataset: 'all', 'content-type': 'json' }, // prettier-ignore
    },
    actions: [
      { deploy: { to: 'tmpfs', images: { kernel: { url: `${maestro.url}/files/bzImage`, image_arg: '-kernel {kernel}' } } } }, // prettier-ignore
      { boot: { method: 'qemu', media: 'tmpfs', prompts: ['/ #'] } },
      { test: { definitions: [{ from: 'inline', name: 'dmesg', path: 'inline/dmesg.yaml', repository: { run: { steps: ['lava-test-case x --result pass'] } } }] } }, // prettier-ignore
    ],
    ...change,
  };
  const url = new URL(node.artifacts?.['job_definition'] ?? '');
  maestro.serveFile(url.pathname.replace('/files/', ''), 'application/octet-stream', stringify(definition));
  return node.id;
}

describe('a definition that Maestro made for a LAVA lab', () => {
  it('runs with both callbacks, and Maestro reports it alone', async () => {
    const world = await start({});
    const id = publish(world, await startPipeline(world));

    const job = await world.ended(id);

    expect(job).toMatchObject({ stage: 'reported', source: 'lava_pull' });
    expect(world.lava.callbacks).toEqual({ sent: 2, accepted: 2 });
    expect(world.maestro.node(id)).toMatchObject({ state: 'done', result: 'pass' });
    expect(world.kcidb.objects('tests')).toEqual([]);
    const { store } = world.daemon.context;
    expect((await store.deliveries(job.id)).map(({ kind }) => kind)).toEqual([
      expect.stringMatching(/^job_id/),
    ]);
    expect((await store.timeline(job.id)).map(({ code }) => code)).toContain('maestro_reports');
  });

  it('runs with ours alone if the lab says so, and we report it', async () => {
    const world = await start({ notify: 'replace' });
    const id = publish(world, await startPipeline(world));

    const job = await world.ended(id);

    expect(job.stage).toBe('reported');
    expect(world.lava.callbacks).toEqual({ sent: 1, accepted: 1 });
    expect(world.maestro.node(id)).toMatchObject({ state: 'done', result: 'pass' });
    expect(world.kcidb.objects('tests').map(({ path }) => path)).toContain('boot');
  });

  it('is refused with the place and the reason if the lab does not permit it', async () => {
    const world = await start({});
    const pipeline = await startPipeline(world);
    const actions = [{ deploy: { to: 'tmpfs', images: { kernel: { url: 'file:///etc/shadow' } } } }];
    const id = publish(world, pipeline, { actions });

    const job = await world.ended(id);

    expect(job.stage).toBe('reported');
    expect(world.lava.jobs()).toEqual([]);
    expect(world.maestro.node(id)).toMatchObject({
      state: 'done',
      result: 'incomplete',
      data: {
        error_code: 'invalid_job_params',
        error_msg: expect.stringContaining('actions.0.deploy.images.kernel.url') as string,
      },
    });
  });
});
