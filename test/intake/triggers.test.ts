import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DAY } from '../../src/core/time.ts';
import { createTriggers, forgetRuns, hasTriggers, type TriggerPorts } from '../../src/intake/triggers.ts';
import { frequencyMs, isEvent, requestFor, whyNotRun } from '../../src/intake/trigger-match.ts';
import { createMaestroClient } from '../../src/maestro/client.ts';
import { MaestroNode } from '../../src/maestro/node.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { Plan, Trigger } from '../../src/catalog/plan-schema.ts';
import type { JobRecord } from '../../src/store/index.ts';
import { settingKey } from '../../src/store/settings.ts';
import { makeFiles } from '../support/folder.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';
import { shipped } from '../templates/support.ts';

const KBUILD = '68f0c0ffee00000000000002';

function kbuild(parts: Record<string, unknown> = {}, data: Record<string, unknown> = {}): MaestroNode {
  return MaestroNode.parse({
    id: KBUILD,
    kind: 'kbuild',
    name: 'kbuild-gcc-14-x86',
    path: ['checkout', 'kbuild-gcc-14-x86'],
    group: 'kbuild-gcc-14-x86',
    state: 'available',
    result: 'pass',
    owner: 'production',
    submitter: 'service:pipeline',
    artifacts: { kernel: 'https://files.example/bzImage' },
    data: {
      arch: 'x86_64',
      defconfig: 'defconfig',
      fragments: ['kselftest'],
      kernel_revision: {
        tree: 'mainline',
        branch: 'master',
        url: 'https://git.example/linux.git',
        commit: '0123456789abcdef0123456789abcdef01234567',
        version: { version: 6, patchlevel: 18 },
      },
      ...data,
    },
    ...parts,
  });
}

function trigger(parts: Record<string, unknown> = {}): Trigger {
  return Trigger.parse({ plan: 'smoke', on: {}, boards: ['qemu-x86_64'], ...parts });
}

const board = shipped.boards.get('qemu-x86_64', undefined);

function whyNot(
  build: MaestroNode,
  parts: { rules?: unknown; planRules?: unknown; boardRules?: unknown } = {},
): string | undefined {
  const { rules, planRules, boardRules } = parts;
  const plan = Plan.parse({ tests: [{ type: 'boot' }], rules: planRules });
  return whyNotRun(
    trigger({ rules }),
    build,
    { ...plan, name: 'smoke', file: 'x.yaml' },
    { ...board, rules: Plan.shape.rules.parse(boardRules) },
  )?.key;
}

describe('a trigger', () => {
  it.each([
    [{}, true],
    [{ name: 'kbuild-gcc-14-x86' }, true],
    [{ name: 'kbuild-gcc-14-arm64' }, false],
    [{ result: 'pass' }, true],
    [{ result: 'fail' }, false],
    [{ owner: 'somebody' }, false],
    [{ group: 'kbuild-gcc-14-x86', owner: 'production' }, true],
    [{ kind: 'checkout' }, false],
    [{ state: 'done' }, false],
  ])('on %j fires for a build that became available: %s', (on, fires) => {
    expect(isEvent(trigger({ on }), kbuild())).toBe(fires);
  });

  it('runs on boards of the build’s architecture alone', () => {
    expect(whyNot(kbuild())).toBeUndefined();
    expect(whyNot(kbuild({}, { arch: 'arm64' }))).toBe('arch');
  });

  it('leaves builds alone that failed', () => {
    expect(whyNot(kbuild({ result: 'fail' }))).toBe('result');
  });

  it.each([
    [{ jobfilter: [] }, undefined],
    [{ jobfilter: ['smoke'] }, undefined],
    [{ jobfilter: ['smoke+'] }, undefined],
    [{ jobfilter: ['kbuild-gcc-14-x86+'] }, undefined],
    [{ jobfilter: ['kbuild-gcc-14-x86'] }, 'jobfilter'],
    [{ jobfilter: ['baseline'] }, 'jobfilter'],
    [{ platform_filter: ['qemu-x86_64'] }, undefined],
    [{ platform_filter: ['other'] }, 'platform_filter'],
  ])('respects what a build is meant for: %j', (parts, refusal) => {
    expect(whyNot(kbuild(parts))).toBe(refusal);
  });

  it.each([
    [{ tree: ['mainline'] }, undefined],
    [{ tree: ['!mainline'] }, 'tree'],
    [{ branch: ['next:master'] }, 'branch'],
    [{ min_version: { version: 6, patchlevel: 19 } }, 'min_version'],
    [{ max_version: { version: 6, patchlevel: 18 } }, undefined],
    [{ fragments: ['kselftest'] }, undefined],
    [{ fragments: ['!kselftest'] }, 'fragments'],
    [{ defconfig: ['other'] }, 'defconfig'],
    [{ commit: ['0123456789abcdef0123456789abcdef01234567'] }, undefined],
    [{ submitter: ['somebody'] }, 'submitter'],
  ])('keeps rules, wherever they stand: %j', (rules, refusal) => {
    for (const parts of [{ rules }, { planRules: rules }, { boardRules: rules }]) {
      expect(whyNot(kbuild(), parts)).toBe(refusal);
    }
  });

  it.each([
    [undefined, 0],
    ['30m', 30 * 60_000],
    ['1d12h', 36 * 3_600_000],
    ['7d', 7 * 86_400_000],
  ])('with the frequency %s runs again after %s ms', (text, ms) => {
    expect(frequencyMs(text)).toBe(ms);
  });

  it('makes a request that is one, with an id that follows from what it is for', () => {
    const target = { lab: 'lab', plan: 'smoke', board: 'qemu-x86_64' };
    const request = requestFor(kbuild({}, { job_id: 'k8s-1', error_code: 'x' }), target);

    expect(JobRequest.safeParse(request).success).toBe(true);
    expect(request.node).toMatchObject({ name: 'smoke', parent: KBUILD, data: { runtime: 'lab', platform: 'qemu-x86_64', arch: 'x86_64' } }); // prettier-ignore
    expect(request.node.data.job_id).toBeUndefined();
    expect(requestFor(kbuild(), target).node.id).toBe(request.node.id);
    expect(requestFor(kbuild(), { ...target, board: 'other' }).node.id).not.toBe(request.node.id);
  });
});

const PLANS = {
  plans: {
    smoke: {
      frequency: '1d',
      rootfs: 'buildroot-baseline',
      tests: [{ type: 'shell', params: { commands: ['lava-test-case ok --result pass'] } }],
    },
    often: { rootfs: 'buildroot-baseline', tests: [{ type: 'boot' }] },
  },
  triggers: [
    { plan: 'smoke', on: { result: 'pass' }, boards: ['qemu-x86_64', 'qemu-arm64', 'no-such-board'], rules: { tree: ['mainline'] } }, // prettier-ignore
    { plan: 'often', on: {}, boards: ['qemu-x86_64'], labs: [LAB] },
    { plan: 'often', on: {}, boards: ['qemu-x86_64'], labs: ['another-lab'] },
  ],
};

const BUILD_CAME = 'a build became available';

interface Line {
  msg?: string;
  started?: string[];
  skipped?: string[];
}

async function start(accept: string[]): Promise<TestWorld> {
  const plans = await makeFiles({ 'own.yaml': stringify(PLANS) });
  return testWorld({ lab: { accept }, config: { plans } });
}

/** What the log says of builds. */
function builds(world: TestWorld): Line[] {
  return world.log.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === BUILD_CAME);
}

/** Jobs of the store once there are `count` that have ended. */
function ended(world: TestWorld, count: number): Promise<JobRecord[]> {
  return until(`${count} jobs have ended`, async () => {
    const jobs = await world.daemon.context.store.jobs({ limit: 100 });
    return jobs.length >= count && jobs.every((job) => job.done) ? jobs : undefined;
  });
}

function logged(world: TestWorld, count: number): Promise<Line[]> {
  return until(`${count} builds are logged`, () => {
    const lines = builds(world);
    return lines.length >= count ? lines : undefined;
  });
}

/** Shows all builds that ever were to the triggers, as after a lost cursor. */
async function replay({ maestro }: TestWorld, context: TriggerPorts): Promise<void> {
  const stop = new AbortController();
  const client = createMaestroClient({ url: maestro.url, token: maestro.token, timeoutMs: 5000 });
  let rounds = 0;
  const events: typeof client.events = (query) => {
    rounds += 1;
    if (rounds === 2) stop.abort();
    return client.events({ ...query, from: 0 });
  };
  await createTriggers(context, { events }, { poll_interval: 1 }).run(stop.signal);
}

describe('a lab that accepts triggers', () => {
  it('runs its plans on a build, and reports to KCIDB alone', async () => {
    const world = await start(['triggers']);
    const before = world.maestro.database.events.length;

    const build = world.maestro.addBuild({ arch: 'x86_64' });
    const jobs = await ended(world, 2);

    expect(
      jobs
        .map(({ name, board, source, stage }) => ({ name, board, source, stage }))
        .toSorted((a, b) => a.name.localeCompare(b.name)),
    ).toEqual([
      // prettier-ignore
      { name: 'often', board: 'qemu-x86_64', source: 'trigger', stage: 'reported' },
      { name: 'smoke', board: 'qemu-x86_64', source: 'trigger', stage: 'reported' },
    ]);
    expect(world.lava.jobs()).toHaveLength(2);
    const tests = world.kcidb.objects('tests');
    expect(tests.length).toBeGreaterThan(2);
    expect(new Set(tests.map((test) => test['build_id']))).toEqual(new Set([`maestro:${build.id}`]));
    expect(new Set(tests.map((test) => test['origin']))).toEqual(new Set(['demo']));
    expect(tests.map((test) => (test['misc'] as Record<string, string>)['maestro_viewer'])).toContain(
      `https://api.kernelci.org/viewer?node_id=${build.id}`,
    );
    // The checkout and the build are Maestro's own; nothing was added, and nothing changed.
    expect(world.maestro.database.events.slice(before).every(({ data }) => data['kind'] !== 'job')).toBe(
      true,
    );
    const store = world.daemon.context.store;
    const deliveries = await Promise.all(jobs.map(({ id }) => store.deliveries(id)));
    expect(deliveries.flat().map(({ destination }) => destination)).toEqual(['kcidb', 'kcidb']);
  });

  it('says for each build what it started, and why not the rest', async () => {
    const world = await start(['triggers']);

    world.maestro.addBuild({ arch: 'x86_64' });
    const [line] = await logged(world, 1);

    expect(line?.started).toEqual([`smoke on qemu-x86_64 in ${LAB}`, `often on qemu-x86_64 in ${LAB}`]);
    expect(line?.skipped).toEqual([
      `smoke on qemu-arm64 in ${LAB}: the build is for x86_64, the board is arm64`,
      `smoke on no-such-board in ${LAB}: the board is not registered for this lab`,
    ]);
  });

  it('runs a plan once for a build, and no more often than its frequency, whatever happens between', async () => {
    const world = await start(['triggers']);
    world.maestro.addBuild({ arch: 'x86_64' });
    await ended(world, 2);

    await world.daemon.stop();
    const { context } = await world.restart();
    world.maestro.addBuild({ arch: 'x86_64' });
    const jobs = await ended(world, 3);
    await replay(world, context);

    expect(jobs.map(({ name }) => name).toSorted()).toEqual(['often', 'often', 'smoke']);
    expect(await context.store.jobs({ limit: 100 })).toHaveLength(3);
    const skipped = builds(world).flatMap((line) => line.skipped ?? []);
    expect(skipped).toContain(
      `smoke on qemu-x86_64 in ${LAB}: it has run for mainline master within its frequency`,
    );
    expect(skipped).toContain(`often on qemu-x86_64 in ${LAB}: it has run for this build`);
  });

  it('forgets when a plan ran, once that keeps it from nothing any more', async () => {
    const world = await start(['triggers']);
    world.maestro.addBuild({ arch: 'x86_64' });
    await ended(world, 2);
    const { context } = world.daemon;
    const key = settingKey('trigger', JSON.stringify([LAB, 'smoke', 'qemu-x86_64', 'mainline', 'master']));
    await context.store.saveSetting('cursor x', '1');
    await forgetRuns(context);
    expect(await context.store.setting(key)).toBeDefined();

    await forgetRuns({ ...context, now: () => Date.now() + 8 * DAY });

    expect(await context.store.setting(key)).toBeUndefined();
    expect(await context.store.setting('cursor x')).toBe('1');
  });

  it('is one that says so', async () => {
    const world = await start(['push']);
    const { context } = world.daemon;

    world.maestro.addBuild({ arch: 'x86_64' });
    await replay(world, context);

    expect(hasTriggers(context.config)).toBe(false);
    expect(await context.store.jobs({ limit: 10 })).toEqual([]);
  });
});
