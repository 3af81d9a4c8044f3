import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchLimited, type FetchLimits } from '../../src/core/fetch-limited.ts';
import { createMaestroClient, type MaestroClient } from '../../src/maestro/client.ts';
import { createEventReader } from '../../src/maestro/event-reader.ts';
import {
  createFeed,
  createKbuildFeed,
  type FeedOptions,
  type Found,
  type KbuildFeedOptions,
} from '../../src/intake/feed.ts';
import type { MaestroNode } from '../../src/maestro/node.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { DEFINITION, someJob } from '../maestro/helpers.ts';
import { eventually } from '../support/wait.ts';

const LIMITS: FetchLimits = { timeoutMs: 5000, maxBytes: 100_000, maxRedirects: 2, networks: ['loopback'] };
const HOUR = 3_600_000;

let sim: MaestroSimulator;
let client: MaestroClient;
let found: Found[];
let states: string[];
let problems: string[];
let cursors: Map<string, number>;
const running: { stop: AbortController; done: Promise<void> }[] = [];

beforeEach(async () => {
  sim = await startMaestroSimulator({ runtimes: ['lava-lab'] });
  client = createMaestroClient({ url: sim.url, token: sim.token, timeoutMs: 2000 });
  found = [];
  states = [];
  problems = [];
  cursors = new Map();
});
afterEach(async () => {
  await stopAll();
  await sim.stop();
});

async function stopAll(): Promise<void> {
  for (const { stop } of running) stop.abort();
  await Promise.all(running.splice(0).map(({ done }) => done));
}

function start(options: Partial<FeedOptions> = {}): AbortController {
  const feed = createFeed({
    client,
    runtimes: [{ name: 'lava-lab', accept: ['pull_labs', 'lava_pull'] }],
    claims: { mayBeOurs: () => false, isOurs: async () => true },
    cursors: cursorStore(),
    fetch: (url, signal) => fetchLimited(url, LIMITS, { signal }),
    takeIn: async (_place, work) => work(undefined).then(() => true),
    receive: async (each) => void found.push(each),
    onState: (state) => states.push(state),
    onProblem: (message) => problems.push(message),
    pollMs: 10,
    reconcileMs: HOUR,
    retryMs: 10,
    ...options,
  });
  return run(feed);
}

function run(feed: { run: (signal: AbortSignal) => Promise<void> }): AbortController {
  const stop = new AbortController();
  running.push({ stop, done: feed.run(stop.signal) });
  return stop;
}

function cursorStore(): FeedOptions['cursors'] {
  return {
    load: async (name) => cursors.get(name),
    save: async (name, at) => void cursors.set(name, at),
  };
}

/** The ids of the nodes that were found, sorted. */
function ids(): string[] {
  return found.map((each) => ('request' in each ? each.request.node.id : each.node.id)).toSorted();
}

/** Waits until `count` rounds have begun from now on. */
async function rounds(count: number): Promise<void> {
  const seen = (): number => sim.requests.filter(({ url }) => url.includes('state=available')).length;
  const target = seen() + count;
  await eventually(() => expect(seen()).toBeGreaterThanOrEqual(target));
}

async function until(check: () => void): Promise<void> {
  await eventually(check);
}

describe('what is work', () => {
  it('hands over a PULL_LABS job with its definition and its build', async () => {
    const build = sim.addBuild({ arch: 'arm64' });
    const job = someJob(sim, { build: build.id });

    start();

    await until(() => expect(found.length).toBe(1));
    expect(found).toMatchObject([
      {
        source: 'pull_labs',
        request: { node: { id: job.id }, kbuild: { id: build.id }, definition: DEFINITION },
      },
    ]);
  });

  it('hands over a LAVA job that is to be pulled, with its YAML', async () => {
    const build = sim.addBuild();
    const job = sim.addLavaPullJob(
      { build: build.id, name: 'baseline-x86', runtime: 'lava-lab', platform: 'qemu' },
      'device_type: qemu\n',
    );

    start();

    await until(() => expect(found.length).toBe(1));
    expect(found).toMatchObject([
      { source: 'lava_pull', request: { node: { id: job.id }, definition_yaml: 'device_type: qemu\n' } },
    ]);
  });

  it('finds what is published while it runs, by the events alone', async () => {
    start();
    await until(() => expect(states).toEqual(['up']));

    const job = someJob(sim);
    const pulled = sim.addLavaPullJob(
      { build: sim.addBuild().id, name: 'baseline-x86', runtime: 'lava-lab', platform: 'qemu' },
      'device_type: qemu\n',
    );

    await until(() => expect(ids()).toEqual([job.id, pulled.id].toSorted()));
  });

  it('leaves alone what is not for us, taken, ended or without a definition', async () => {
    someJob(sim, { runtime: 'lava-other' });
    someJob(sim, { data: { job_id: 'other:1' } });
    const ended = someJob(sim);
    sim.database.change(ended.id, { state: 'done', result: 'incomplete' }, false);
    const bare = someJob(sim);
    sim.database.change(bare.id, { artifacts: {} }, false);
    const ours = someJob(sim);

    start();
    await until(() => expect(ids()).toContain(ours.id));
    await rounds(5);

    expect(ids()).toEqual([ours.id]);
  });

  it('leaves alone the kinds of work that a runtime does not take', async () => {
    const build = sim.addBuild().id;
    const spec = { build, name: 'baseline-x86', runtime: 'lava-lab', platform: 'qemu' };
    sim.addLavaPullJob(spec, 'device_type: qemu\n');
    const job = sim.addPullLabsJob(spec, DEFINITION);

    start({ runtimes: [{ name: 'lava-lab', accept: ['pull_labs'] }] });
    await until(() => expect(ids()).toContain(job.id));
    await rounds(5);

    expect(ids()).toEqual([job.id]);
  });

  it('hands a job over once, though events and listings show it again and again', async () => {
    const job = someJob(sim);

    start({ reconcileMs: 0 });
    await until(() => expect(ids()).toEqual([job.id]));
    sim.database.change(job.id, { timeout: Date.now() + HOUR }, false);
    await rounds(5);

    expect(ids()).toEqual([job.id]);
  });

  it('hands over a job without a build when there is none above it', async () => {
    const job = someJob(sim);
    sim.database.change(job.id, { parent: null }, false);

    start();

    await until(() => expect(found.length).toBe(1));
    expect(found[0]).toHaveProperty('request.node.id', job.id);
    expect(found[0]).not.toHaveProperty('request.kbuild');
  });
});

describe('bad nodes', () => {
  it('refuses what is no valid job, each with its reason, and goes on with the others', async () => {
    const build = sim.addBuild().id;
    const spec = { build, name: 'baseline-x86', runtime: 'lava-lab', platform: 'qemu' };
    const noJson = sim.addPullLabsJob(spec, 'no JSON');
    const noTests = sim.addPullLabsJob(spec, { artifacts: {}, tests: [] });
    const missing = sim.addPullLabsJob(spec, DEFINITION);
    sim.database.change(missing.id, { artifacts: { job_definition: `${sim.url}/files/no.json` } }, false);
    const huge = sim.addPullLabsJob(spec, { ...DEFINITION, filler: 'x'.repeat(LIMITS.maxBytes) });
    const odd = sim.addPullLabsJob(spec, DEFINITION);
    Object.assign(sim.database.get(odd.id) ?? {}, { jobfilter: 'not a list' });
    const good = sim.addPullLabsJob(spec, DEFINITION);

    start();

    await until(() => expect(found.length).toBe(6));
    const refusals = new Map(
      found.flatMap((each) => ('refusal' in each ? [[each.node.id, each.refusal.code]] : [])),
    );
    expect(refusals).toEqual(
      new Map([
        [noJson.id, 'bad_definition'],
        [noTests.id, 'bad_definition'],
        [missing.id, 'fetch_failed'],
        [huge.id, 'too_large'],
        [odd.id, 'bad_node'],
      ]),
    );
    expect(found).toContainEqual(
      expect.objectContaining({
        request: expect.objectContaining({ node: expect.objectContaining({ id: good.id }) }),
      }),
    );
  });

  it('refuses a definition at a private address', async () => {
    const job = someJob(sim);

    start({ fetch: (url, signal) => fetchLimited(url, { ...LIMITS, networks: ['public'] }, { signal }) });

    await until(() =>
      expect(found).toMatchObject([{ node: { id: job.id }, refusal: { code: 'fetch_refused' } }]),
    );
  });

  it('keeps no job waiting for one whose definition does not come', async () => {
    const hung = someJob(sim);
    sim.faults.add({ kind: 'mute', path: new RegExp(hung.id) });
    const others = [someJob(sim), someJob(sim), someJob(sim)];

    start();

    await until(() => expect(ids()).toEqual(others.map(({ id }) => id)));
  });

  it('tries again what may pass', async () => {
    sim.faults.add({ kind: 'status', status: 503, path: /\/files\//, times: 2 });
    const job = someJob(sim);

    start();

    await until(() => expect(ids()).toEqual([job.id]));
    expect(found[0]).toHaveProperty('request');
    expect(problems).toEqual([expect.stringContaining(`node ${job.id} will be tried again`)]);
  });

  it('names what many jobs meet alike once, with the first of them', async () => {
    let isAway = true;
    const jobs = [someJob(sim), someJob(sim), someJob(sim), someJob(sim)];
    const failed = new Set<string>();

    start({
      receive: async (each) => {
        if (isAway) {
          failed.add('request' in each ? each.request.node.id : each.node.id);
          throw new Error('the database is away');
        }
        found.push(each);
      },
    });
    await until(() => expect(failed.size).toBe(jobs.length));
    isAway = false;

    await until(() => expect(ids().toSorted()).toEqual(jobs.map(({ id }) => id).toSorted()));
    expect(problems).toEqual([expect.stringMatching(/^node \w+ will be tried again: the database is away$/)]);
  });

  it('drops a job that ended before its definition came', async () => {
    const end = sim.faults.add({ kind: 'status', status: 503, path: /\/files\// });
    const job = someJob(sim);
    start();
    await until(() => expect(problems.length).toBe(1));

    const reads = (): number => sim.requests.filter(({ url }) => url.includes(job.id)).length;
    const before = reads();
    sim.database.change(job.id, { state: 'done', result: 'incomplete' }, false);
    // A try that had read the node before fails first.
    await until(() => expect(reads()).toBeGreaterThan(before));
    end();
    await rounds(5);

    expect(found).toEqual([]);
  });

  it('brings a job again if it could not be stored', async () => {
    const job = someJob(sim);
    let full = true;

    start({
      receive: async (each) => {
        if (full) throw new Error('the disk is full');
        found.push(each);
      },
    });
    await until(() => expect(problems).toEqual([expect.stringContaining('the disk is full')]));
    full = false;

    await until(() => expect(ids()).toEqual([job.id]));
  });
});

describe('when Maestro is in trouble', () => {
  it('says once that Maestro is away and once that it is back, and catches up', async () => {
    const end = sim.faults.add({ kind: 'status', status: 502 });
    start();
    await until(() => expect(states).toEqual(['down']));

    const job = someJob(sim);
    await until(() => expect(sim.requests.length).toBeGreaterThan(10));
    expect(states).toEqual(['down']);
    end();

    await until(() => expect(ids()).toEqual([job.id]));
    await until(() => expect(states.at(-1)).toBe('up'));
    expect(states.filter((state) => state !== 'partly')).toEqual(['down', 'up']);
  });

  it('lists when the events can not be read', async () => {
    const end = sim.faults.add({ kind: 'status', status: 500, path: /\/events/ });
    start();
    await until(() => expect(states).toEqual(['partly']));

    const job = someJob(sim);

    await until(() => expect(ids()).toEqual([job.id]));
    end();
    await until(() => expect(states).toEqual(['partly', 'up']));
  });

  it('finds what the events never announced', async () => {
    const job = someJob(sim, { data: { job_id: 'other:1' } });
    start({ reconcileMs: 20 });
    await rounds(5);
    expect(found).toEqual([]);

    const { job_id: _other, ...free } = job.data ?? {};
    sim.database.change(job.id, { data: free }, true);

    await until(() => expect(ids()).toEqual([job.id]));
  });

  it('finds after a start what was published while it was stopped', async () => {
    start();
    await until(() => expect(states).toEqual(['up']));
    await stopAll();
    const job = someJob(sim);

    start();

    await until(() => expect(ids()).toEqual([job.id]));
  });

  it('stops at once, whatever hangs', async () => {
    someJob(sim);
    sim.faults.add({ kind: 'mute', path: /\/files\// });
    const patient = createMaestroClient({ url: sim.url, token: sim.token, timeoutMs: HOUR });
    start({
      client: patient,
      fetch: (url, signal) => fetchLimited(url, { ...LIMITS, timeoutMs: HOUR }, { signal }),
    });
    await until(() => expect(states).toEqual(['up']));
    sim.faults.add({ kind: 'mute' });

    // With time-outs of an hour, only the signal can end it.
    await stopAll();

    expect(found).toEqual([]);
  });
});

describe('reading events', () => {
  const at = Date.UTC(2026, 7, 21);
  let now: number;
  let quiet: MaestroSimulator;

  beforeEach(async () => {
    now = at;
    quiet = await startMaestroSimulator({ clock: () => now });
  });
  afterEach(() => quiet.stop());

  /** The names of the events that one round of a new reader gives. */
  async function readRound(refuse: (name: string) => boolean = () => false): Promise<string[]> {
    return roundOf(reader())(refuse);
  }

  function reader(): ReturnType<typeof createEventReader> {
    return createEventReader({
      client: createMaestroClient({ url: quiet.url, token: quiet.token, timeoutMs: 2000 }),
      cursors: cursorStore(),
      name: 'test',
      filter: { channel: 'node' },
      recursive: false,
      overlapMs: 1000,
      firstMs: 0,
      pageSize: 3,
      clock: () => at,
    });
  }

  function roundOf(one: ReturnType<typeof createEventReader>) {
    return async (refuse: (name: string) => boolean = () => false): Promise<string[]> => {
      const names: string[] = [];
      await one.read(
        async ({ data }) => {
          if (refuse(data.id)) throw new Error('refused');
          names.push(data.id);
        },
        ({ message }) => problems.push(message),
        new AbortController().signal,
      );
      return names.toSorted();
    };
  }

  function publish(...names: string[]): void {
    for (const id of names) quiet.database.publish('node', 'production', { id, op: 'updated' });
  }

  it('gives all events of one millisecond, in whatever order and however many pages', async () => {
    publish('a', 'b', 'c', 'd', 'e', 'f', 'g');

    expect(await readRound()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('gives each event once, also those that come late', async () => {
    const round = roundOf(reader());
    now = at + 500;
    publish('a');
    expect(await round()).toEqual(['a']);

    now = at + 200;
    publish('late');
    now = at + 500;
    publish('same time');

    expect(await round()).toEqual(['late', 'same time']);
    expect(await round()).toEqual([]);
  });

  it('goes on after a restart where it was', async () => {
    now = at + 5000;
    publish('a');
    expect(await readRound()).toEqual(['a']);

    now = at + 60_000;
    publish('b');

    // What lies within the overlap may come again.
    expect(await readRound()).toEqual(['a', 'b']);
    expect(await readRound()).toEqual(['b']);
  });

  it('gives what could not be handled again, and nothing else', async () => {
    const round = roundOf(reader());
    now = at + 100;
    publish('bad');
    now = at + 60_000;
    publish('good');

    expect(await round((name) => name === 'bad')).toEqual(['good']);
    expect(await round((name) => name === 'bad')).toEqual([]);
    expect(await round()).toEqual(['bad']);
    expect(await round()).toEqual([]);
  });

  it('leaves out an event that is none, and gives the others', async () => {
    quiet.database.publish('node', 'production', { op: 'updated' });
    publish('a');

    expect(await readRound()).toEqual(['a']);
    expect(problems.length).toBe(1);
  });
});

describe('builds', () => {
  function startBuilds(options: Partial<KbuildFeedOptions> = {}): MaestroNode[] {
    const builds: MaestroNode[] = [];
    run(
      createKbuildFeed({
        client,
        cursors: cursorStore(),
        receive: async (build) => void builds.push(build),
        onState: (state) => states.push(state),
        onProblem: (message) => problems.push(message),
        pollMs: 10,
        ...options,
      }),
    );
    return builds;
  }

  it('gives a build when it becomes available, with its artifacts, and not for later changes', async () => {
    const builds = startBuilds();
    await until(() => expect(states).toEqual(['up']));

    const build = sim.addBuild({ artifacts: { kernel: 'https://files.example/Image' } });
    await until(() => expect(builds.length).toBe(1));
    sim.database.change(build.id, { holdoff: Date.now() + HOUR }, false);
    await rounds(3);

    expect(builds).toMatchObject([{ id: build.id, artifacts: { kernel: 'https://files.example/Image' } }]);
  });

  it('gives after a restart what became available meanwhile', async () => {
    const first = startBuilds();
    await until(() => expect(states).toEqual(['up']));
    const before = sim.addBuild();
    await until(() => expect(first.length).toBe(1));
    await stopAll();
    const meanwhile = sim.addBuild();

    const second = startBuilds();

    await until(() => expect(second.map(({ id }) => id)).toContain(meanwhile.id));
    expect(first.map(({ id }) => id)).toEqual([before.id]);
  });

  it('brings a build again if it could not be stored, and the others meanwhile', async () => {
    const builds: string[] = [];
    let full = '';
    startBuilds({
      receive: async ({ id }) => {
        if (id === full) throw new Error('the disk is full');
        builds.push(id);
      },
    });
    await until(() => expect(states).toEqual(['up']));
    full = sim.addBuild().id;
    const other = sim.addBuild().id;
    const bad = full;
    await until(() => expect(builds).toEqual([other]));

    full = '';

    await until(() => expect(builds).toEqual([other, bad]));
  });

  it('says once that Maestro is away', async () => {
    sim.faults.add({ kind: 'status', status: 502 });
    startBuilds();

    await until(() => expect(sim.requests.length).toBeGreaterThan(5));
    expect(states).toEqual(['down']);
  });
});
