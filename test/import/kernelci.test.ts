import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadBoards, type Boards } from '../../src/catalog/boards.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { BridgeConfig } from '../../src/config/schema.ts';
import { loadPlans, type Plans } from '../../src/catalog/plans.ts';
import { makeFiles, newFolder } from '../support/folder.ts';
import { runImport, type Run } from './support.ts';

const PIPELINE = `
api:
  production: { url: 'https://api.example/' }
  staging: { url: 'https://staging.example' }
storage:
  kci-storage-production: { storage_type: backend, base_url: 'https://files.example/', api_url: 'https://upload.example/' }
  old: { storage_type: ssh, base_url: 'http://old.example/' }
runtimes:
  k8s: { lab_type: kubernetes }
  lava-one:
    lab_type: lava
    url: 'https://lava.one.example/'
    priority_min: 10
    priority_max: 40
    notify: { callback: { token: one-token } }
    rules: { tree: [mainline, next] }
  lava-pull: { lab_type: lava, notify: { callback: { token: pull-token } } }
  pull-two: { lab_type: pull_labs, poll_interval: 60 }
`;

const PLATFORMS = `
_anchors:
  board: &board { arch: arm64, boot_method: u-boot, mach: rockchip }
platforms:
  docker:
  rk1:
    <<: *board
    dtb: dtbs/rockchip/rk1.dtb
    compatible: ['vendor,rk1', 'rockchip,rk1']
  rk2:
    <<: *board
    dtb: [dtbs/rockchip/rk2.dtb, dtbs/rk2.dtb]
    context: { bootm_ramdisk_addr: "0x04000000" }
    params:
      boot_commands: nfs
      nfsroot: 'http://storage.example/own/{debarch}'
      tarball: 'x-{mach}-{{y}}'
    rules: { tree: ['!android'], min_version: { version: 6, patchlevel: 1 } }
  plain: { arch: arm }
  qemu-x: { base_name: qemu, arch: x86_64, boot_method: qemu, context: { arch: x86_64 } }
  phone: { arch: arm64, boot_method: fastboot, dtb: dtbs/q/phone.dtb }
  flashed: { arch: arm64, boot_method: efi, dtb: dtbs/q/f.dtb, flash_image: 'https://images.example/f.tar.gz' }
  machine: { arch: x86_64, boot_method: grubhd0 }
  model: { arch: arm64, boot_method: fvp }
  ../../escape: *board
`;

const JOBS = `
jobs:
  kbuild-arm64:
    template: kbuild.jinja2
    kind: kbuild
    params: { arch: arm64, defconfig: defconfig, fragments: [kselftest] }
    rules: { tree: ['!android'] }
  kbuild-unmade:
    template: kbuild.jinja2
    params: { arch: arm64 }
  baseline-arm64:
    template: baseline.jinja2
    kind: job
    priority: high
    kcidb_test_suite: boot
    params: { rootfs_ref: ramdisk-set }
  baseline-nfs:
    template: baseline-nfs.jinja2
    kind: job
    kcidb_test_suite: boot.nfs
    params: { rootfs_ref: nfs-set }
  kselftest-x:
    template: generic.jinja2
    kind: job
    priority: 33
    kcidb_test_suite: kselftest.x
    params:
      test_method: kselftest
      boot_commands: nfs
      rootfs_ref: nfs-set
      collections: x
      job_timeout: 30
      extra_kernel_args: debug
      frequency: 1d12h
    rules: { tree: [mainline, 'stable:linux-6.1.y'] }
  own-root:
    template: ltp.jinja2
    kind: job
    kcidb_test_suite: ltp
    params: { nfsroot: 'https://storage.example/{debarch}/', rootfs_ref: both-set, tst_cmdfiles: mm }
  kvm: { template: kvm-unit-tests.jinja2, kcidb_test_suite: kvm, params: { rootfs_ref: both-set } }
  kvm-other: { template: kvm-unit-tests.jinja2, kcidb_test_suite: kvm, priority: Medium, params: { extra_kernel_args: x } }
  never:
    template: baseline.jinja2
    params: { rootfs_ref: ramdisk-set }
    rules: { fragments: ['!kselftest'] }
    kcidb_test_suite: boot
  lost-root: { template: baseline.jinja2, params: { rootfs_ref: no-such-set } }
  blktests-ddp-x86: { template: blktests-ddp.jinja2, kind: job }
  tast: { template: generic.jinja2, params: { test_method: tast } }
  kunit: { template: kunit.jinja2, kind: job }
  broken: { kind: job }
rootfs:
  ramdisk-set: { ramdisk: 'http://storage.example/{brarch}/rootfs.cpio.gz' }
  nfs-set: { nfsroot: 'http://storage.example/nfs/{debarch}/', note: x }
  both-set: { nfsroot: 'http://storage.example/both', ramdiskroot: 'http://storage.example/both' }
`;

const SCHEDULER = `
_anchors:
  build: &build { channel: node, kind: kbuild, name: kbuild-arm64, state: available }
  one: &one { type: lava, name: lava-one }
scheduler:
  - { job: kbuild-arm64, event: { channel: node, kind: checkout, state: available }, runtime: { name: k8s } }
  - { job: baseline-arm64, event: *build, runtime: *one, platforms: [rk1, rk2, phone, machine, nobody] }
  - { job: baseline-arm64, event: *build, runtime: *one, platforms: [rk1] }
  - { job: baseline-nfs, event: *build, runtime: *one, platforms: [rk1, phone, qemu-x] }
  - { job: kselftest-x, event: *build, runtime: *one, platforms: [rk2], rules: { tree: ['!next'] } }
  - { job: kselftest-x, event: { <<: *build, name: kbuild-unmade }, runtime: *one, platforms: [rk1] }
  - { job: never, event: *build, runtime: *one, platforms: [rk1] }
  - { job: own-root, event: *build, runtime: { type: lava, name: lava-pull }, platforms: [rk1] }
  - { job: baseline-arm64, event: *build, runtime: { type: pull_labs, name: pull-two }, platforms: [rk1, model] }
  - { job: no-such-job, event: *build, runtime: *one, platforms: [rk1] }
  - { job: baseline-arm64, event: *build, runtime: { type: lava, name: lava-gone }, platforms: [rk1, rk2] }
  - { job: baseline-arm64, event: *build, runtime: { type: lava }, platforms: [rk1] }
  - { job: baseline-arm64, event: { <<: *build, channel: retry }, runtime: *one, platforms: [rk1] }
  - { job: own-root, event: *build, runtime: *one, platforms: [rk1], rules: { tree: [stable] } }
`;

const TREES = `
build_configs:
  mainline: { tree: mainline, branch: master, priority: high }
  next: { tree: next, branch: master, priority: medium }
  stable: { tree: stable, branch: linux-6.1.y, priority: 70 }
  android: { tree: android, branch: android-mainline, priority: urgent }
  other: { tree: other, branch: main }
trees: { mainline: { url: 'https://git.example/linux.git' } }
`;

const FILES = {
  'pipeline.yaml': PIPELINE,
  'platforms.yaml': PLATFORMS,
  'jobs.yaml': JOBS,
  'scheduler.yaml': SCHEDULER,
  'trees/trees.yaml': TREES,
};

interface World extends Run {
  config: BridgeConfig;
  boards: Boards;
  plans: Plans;
}

/** Imports, and reads back what was written. */
async function importFiles(files: Record<string, string> = {}, options = {}): Promise<World> {
  const run = await runImport(await makeFiles({ ...FILES, ...files }), options);
  const config = await loadConfig(join(run.out, 'lava-bridge.yaml'));
  return {
    ...run,
    config,
    boards: await loadBoards({ own: config.device_types }),
    plans: await loadPlans({ own: config.plans }),
  };
}

/** The import of the files above. */
const world = await importFiles();

/** Why a thing did not come over. */
function reasonFor({ report }: Run, kind: string, name: string): string | undefined {
  return report.not_brought.find((one) => one.kind === kind && one.names.some((n) => n.startsWith(name)))
    ?.reason;
}

describe('the networks that files are fetched from', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, ['public', 'loopback']],
    ['http://localhost:8480', ['public', 'loopback']],
    ['https://bridge.example', ['public']],
    ['http://10.0.0.7:8480', ['public']],
  ])('are, for a bridge at %s, %j', async (callbackBase, networks) => {
    const { config } = await importFiles({}, { callbackBase });

    expect(config.fetch.networks).toEqual(networks);
  });

  it.each<[what: string, urls: string, networks: string[]]>([
    ['files on this machine', "base_url: 'http://127.0.0.2:9'", ['public', 'loopback']],
    ['files on this machine, by IPv6', "base_url: 'http://[::1]:9'", ['public', 'loopback']],
    [
      'uploads to this machine',
      "base_url: 'https://files.example', api_url: 'http://localhost:9'",
      ['public', 'loopback'],
    ],
    ['files of its network', "base_url: 'http://10.0.0.7'", ['public']],
    ['files of a host that only sounds like it', "base_url: 'http://localhost.example'", ['public']],
    ['files at the address of a cloud’s metadata', "base_url: 'http://169.254.169.254'", ['public']],
  ])('open loopback for %s or not, and nothing else', async (_what, urls, networks) => {
    const pipeline = PIPELINE.replace(
      /kci-storage-production: .*/,
      `kci-storage-production: { storage_type: backend, ${urls} }`,
    );
    const { config } = await importFiles(
      { 'pipeline.yaml': pipeline },
      { callbackBase: 'https://bridge.example' },
    );

    expect(config.fetch.networks).toEqual(networks);
  });
});

describe('labs', () => {
  it('are those of LAVA and those that pull, with the ways in that fit and no secret', async () => {
    const { config, out, report } = await importFiles({}, { callbackBase: 'https://bridge.example/' });

    expect(config.labs.map(({ name, origin, accept }) => [name, origin, accept])).toEqual([
      ['lava-one', 'one', ['push']],
      ['lava-pull', 'pull', ['lava_pull', 'push']],
      ['pull-two', 'pull_two', ['pull_labs', 'push']],
    ]);
    expect(config.labs[0]?.lava).toMatchObject({
      url: 'https://lava.one.example',
      token: { env: 'LAVA_ONE_TOKEN' },
      priority: { min: 10, max: 40 },
    });
    expect(config.labs[0]?.callback).toMatchObject({
      token_name: 'one-token',
      token: { env: 'LAVA_ONE_CALLBACK_TOKEN' },
    });
    // Maestro's own callback in the definitions that this lab pulls.
    expect(config.labs[1]?.definitions.notify_tokens).toEqual(['pull-token']);
    expect(config).toMatchObject({
      instance: 'prod',
      maestro: { url: 'https://api.example', token: { env: 'KCI_API_TOKEN' } },
      storage: {
        url: 'https://upload.example',
        public_url: 'https://files.example',
        token: { env: 'KCI_STORAGE_TOKEN' },
      },
      uploads: { url: 'https://files.example', token_name: 'kci-storage-production-token' },
      metadata: { api_config_name: 'production', storage_config_name: 'kci-storage-production' },
      http: { public_url: 'https://bridge.example' },
      fetch: { networks: ['public'] },
    });
    expect(await readFile(join(out, 'lava-bridge.yaml'), 'utf8')).toMatch(
      /^# KernelCI's labs, from \/.* by lava-bridge import kernelci\.\n/,
    );
    expect(report.to_fill_in).toContain('lava.url: KernelCI does not know it (lava-pull, pull-two)');
  });

  it('have KernelCI’s range of priorities, odd as it may be', async () => {
    const ranges: [string, { min: number; max: number }][] = [
      ['', { min: 0, max: 100 }],
      ['priority: 50', { min: 0, max: 50 }],
      ['priority: high', { min: 0, max: 100 }],
      ['priority: medium', { min: 0, max: 50 }],
      ['priority: low', { min: 0, max: 0 }],
      ['priority: low, priority_max: 30', { min: 0, max: 30 }],
      ['priority: 50, priority_min: 20, priority_max: 30', { min: 0, max: 50 }],
      ['priority_min: 20', { min: 0, max: 100 }],
      ['priority_max: 20', { min: 0, max: 100 }],
      ['priority_min: 20, priority_max: 300', { min: 20, max: 100 }],
      ['priority_min: 60, priority_max: 20', { min: 20, max: 60 }],
      ['priority: urgent', { min: 0, max: 100 }],
    ];
    const runtimes = ranges.map(
      ([text], i) => `  lab-${i + 10}: { lab_type: lava, url: 'http://l.example', ${text} }`,
    );

    const { config } = await importFiles({ 'pipeline.yaml': `runtimes:\n${runtimes.join('\n')}\n` });

    expect(config.labs.map(({ lava }, i) => [ranges[i]?.[0], lava.priority])).toEqual(ranges);
  });

  it('are counted, with a reason for each runtime that is none', () => {
    expect(world.report.counts).toContainEqual({ kind: 'runtimes', found: 4, over: 3 });
    expect(reasonFor(world, 'runtimes', 'k8s')).toBe('runs on kubernetes, not on LAVA');
  });
});

describe('device types', () => {
  it('have what their platforms have', () => {
    const { boards } = world;

    expect(boards.names()).toEqual(['flashed', 'phone', 'plain', 'qemu-x', 'rk1', 'rk2']);
    expect(boards.find('rk1')).toMatchObject({
      lava_device_type: 'rk1',
      arch: 'arm64',
      boot_method: 'u-boot',
      mach: 'rockchip',
      dtb: ['dtbs/rockchip/rk1.dtb'],
      compatible: ['vendor,rk1', 'rockchip,rk1'],
    });
    expect(boards.find('rk2')).toMatchObject({
      boot: 'nfs',
      dtb: ['dtbs/rockchip/rk2.dtb', 'dtbs/rk2.dtb'],
      context: { bootm_ramdisk_addr: '0x04000000' },
      params: { tarball: 'x-rockchip-{y}' },
      rules: { tree: ['!android'], min_version: { version: 6, patchlevel: 1 } },
    });
    expect(boards.find('plain')).toMatchObject({ arch: 'arm', boot_method: 'grub', mach: 'x86' });
    expect(boards.find('qemu-x')).toMatchObject({
      lava_device_type: 'qemu',
      // For an NFS boot LAVA writes QEMU's command line, and knows Arm's console alone.
      context: { arch: 'x86_64', console_device: 'ttyS0' },
      params: { docker_image: 'kernelci/qemu' },
    });
  });

  it('keep a root file system of their own, whatever a job names', () => {
    const { boards } = world;

    const own = { nfsroot: 'http://storage.example/own/arm64' };
    expect(boards.find('rk2')?.rootfs).toEqual({
      default: own,
      'nfs-set': own,
      'both-set': { ...own, ramdiskroot: 'http://storage.example/both' },
    });
    expect(Object.keys(boards.find('flashed')?.rootfs ?? {})).toEqual(['default', 'ramdisk-set']);
  });

  it.each([
    ['docker', 'no board'],
    ['model', 'boots by fvp'],
    ['machine', /grubhd0: .*password.* refused/],
    ['../../escape', /platforms\.yaml:\d+: name: letters, digits/],
  ])('are not made of %s, and it is said why', (name, reason) => {
    expect(reasonFor(world, 'platforms', name)).toMatch(reason);
    expect(world.report.counts).toContainEqual({ kind: 'platforms', found: 10, over: 6 });
  });
});

describe('plans', () => {
  it('have what their jobs have', () => {
    const { plans } = world;

    expect(plans.find('baseline-arm64')).toMatchObject({
      rootfs: 'ramdisk-set',
      priority: 60,
      tests: [{ type: 'boot', name: 'dmesg', suite: 'boot' }],
    });
    expect(plans.find('baseline-arm64')?.boot).toBeUndefined();
    expect(plans.find('baseline-nfs')).toMatchObject({
      boot: 'nfs',
      tests: [{ type: 'boot', suite: 'boot.nfs' }],
    });
    expect(plans.find('kselftest-x')).toMatchObject({
      boot: 'nfs',
      rootfs: 'nfs-set',
      timeout: 30 * 60_000,
      priority: 33,
      frequency: '1d12h',
      params: { extra_kernel_args: 'debug' },
      rules: { tree: ['mainline', 'stable:linux-6.1.y'] },
      tests: [{ type: 'kselftest', suite: 'kselftest.x', params: { collections: 'x' } }],
    });
  });

  it('have the root file system of their kind where a job lost it, and priorities in any case', () => {
    const { plans, report } = world;

    expect(plans.find('kvm-other')).toMatchObject({ rootfs: 'both-set', priority: 40 });
    expect(report.notes).toContainEqual({
      kind: 'jobs',
      reason: 'names no root file system: with both-set, as all other jobs of its template',
      names: ['kvm-other'],
    });
  });

  it('take a job’s own root file system before that of the set it names', () => {
    const { plans } = world;

    expect(plans.find('own-root')?.rootfs).toEqual({
      nfsroot: 'https://storage.example/{debarch}/',
      ramdiskroot: 'http://storage.example/both',
    });
  });

  it.each([
    ['kbuild-arm64', 'builds a kernel'],
    ['blktests-ddp-x86', /blktests-ddp: .*password.* refused/],
    ['tast', 'there is no template for tests of type tast'],
    ['kunit', 'kunit.jinja2 is no test on a board'],
    ['lost-root', /jobs\.yaml:\d+: params\.rootfs_ref: there is no rootfs set "no-such-set"/],
    ['broken', /jobs\.yaml:\d+: template: /],
  ])('are not made of %s, and it is said why', (name, reason) => {
    expect(world.plans.find(name)).toBeUndefined();
    expect(reasonFor(world, 'jobs', name)).toMatch(reason);
  });

  it('have the root file systems and the trees’ priorities next to them', () => {
    const { plans, report } = world;

    expect(plans.rootfs('nfs-set')).toEqual({ nfsroot: 'http://storage.example/nfs/{debarch}/' });
    expect(plans.treePriority('mainline', 'master')).toBe(60);
    expect(plans.treePriority('stable', 'linux-6.1.y')).toBe(70);
    expect(plans.treePriority('mainline', 'other')).toBeUndefined();
    expect(report.counts).toContainEqual({ kind: 'tree priorities', found: 4, over: 3 });
  });
});

describe('the schedule', () => {
  it('becomes triggers for its labs, with the labs’ own rules', () => {
    const { plans } = world;

    expect(plans.triggers()).toHaveLength(8);
    expect(plans.triggers()[0]).toEqual({
      plan: 'baseline-arm64',
      on: { kind: 'kbuild', name: 'kbuild-arm64', state: 'available' },
      labs: ['lava-one'],
      boards: ['rk1', 'rk2', 'phone'],
      rules: { tree: ['mainline', 'next'] },
    });
    expect(plans.triggers()[3]?.rules).toEqual({ tree: ['mainline', 'next', '!next'] });
  });

  it.each([
    ['kbuild-arm64', 'its runtime k8s did not come over'],
    ['no-such-job', 'its job did not come over'],
    ['baseline-arm64 (scheduler.yaml:16', 'there is no runtime lava-gone in this configuration'],
    ['baseline-arm64 (scheduler.yaml:17', 'leaves it to chance which lab runs it (a runtime of type lava)'],
    ['baseline-arm64 (scheduler.yaml:18', 'listens on channel retry'],
    ['own-root (scheduler.yaml:19', 'its rules and those of lava-one leave no build'],
  ])('has no trigger for %s, and it is said why', (name, reason) => {
    expect(reasonFor(world, 'scheduler entries', name)).toBe(reason);
  });

  it('is rendered, and what cannot be is reported with its reason', () => {
    const { report } = world;

    expect(report.combinations).toEqual({
      lava: { found: 12, twice: 1, rendered: 10, refused: 2 },
      pull_labs: { found: 2, twice: 0, rendered: 1, refused: 1 },
    });
    expect(report.refused.map(({ reason, ids }) => [reason, ids])).toEqual(
      expect.arrayContaining([
        ['platform machine did not come over', ['baseline-arm64 machine lava-one kbuild-arm64']],
        ['platform model did not come over', ['baseline-arm64 model pull-two kbuild-arm64']],
        [expect.stringContaining('unsupported_boot'), ['baseline-nfs phone lava-one kbuild-arm64']],
      ]),
    );
  });

  it('shows what KernelCI schedules in vain', () => {
    const { report } = world;

    expect(report.never_started.map(({ reason, ids }) => [reason, ids])).toEqual([
      ['nothing builds kbuild-unmade', ['kselftest-x rk1 lava-one kbuild-unmade']],
      ["the job's rules refuse it (fragments: !kselftest)", ['never rk1 lava-one kbuild-arm64']],
      [
        "no branch that is built passes the build's rules, the entry's rules, the runtime's rules together",
        ['own-root rk1 lava-one kbuild-arm64'],
      ],
    ]);
    expect(
      report.cannot_run.map(({ reason, ids, rendered }) => [reason.split(':')[0], ids, rendered]),
    ).toEqual([
      ['NFS on fastboot', ['baseline-nfs phone lava-one kbuild-arm64'], 0],
      ['NFS on QEMU', ['baseline-nfs qemu-x lava-one kbuild-arm64'], 1],
    ]);
    expect(report.unknown_names).toEqual([
      { reason: 'there is no such platform', names: ['nobody'], combinations: 1 },
      { reason: 'there is no such job', names: ['no-such-job'], combinations: 1 },
      { reason: 'there is no such runtime', names: ['lava-gone'], combinations: 2 },
    ]);
  });

  it('gives a request for every combination, once, that a build could have made', () => {
    const { samples } = world;

    expect(samples).toHaveLength(14);
    expect(new Set(samples.map(({ id }) => id)).size).toBe(14);
    expect(new Set(samples.map(({ node }) => node['id'])).size).toBe(14);
    expect(samples.find(({ id }) => id === 'kselftest-x rk2 lava-one kbuild-arm64')).toMatchObject({
      node: {
        name: 'kselftest-x',
        data: { runtime: 'lava-one', platform: 'rk2', kernel_revision: { tree: 'mainline' } },
      },
      kbuild: {
        name: 'kbuild-arm64',
        artifacts: {
          kernel: expect.stringMatching(/^https:\/\/files\.example\/kbuild-arm64-[0-9a-f]{24}\/Image$/),
        },
        data: { fragments: ['kselftest'], config_full: 'defconfig+kselftest' },
      },
    });
  });
});

describe('the folder', () => {
  it('is the same for the same input', async () => {
    const dir = await makeFiles(FILES);
    const [a, b] = [await runImport(dir), await runImport(dir)];

    const files = await readdir(a.out, { recursive: true });
    expect(await readdir(b.out, { recursive: true })).toEqual(files);
    for (const file of files.filter((name) => name.endsWith('.yaml'))) {
      expect(await readFile(join(a.out, file), 'utf8')).toBe(await readFile(join(b.out, file), 'utf8'));
    }
  });

  it('is not touched if it holds something, but by force, and then only what an import wrote is taken away', async () => {
    const out = await newFolder();
    await runImport(await makeFiles(FILES), { out: join(out, 'x') });
    await writeFile(
      join(out, 'x', 'device-types', 'mine.yaml'),
      'name: mine\narch: arm\nboot_method: grub\n',
    );
    const less = { ...FILES, 'platforms.yaml': PLATFORMS.replace(/ {2}phone: .*\n/, '') };

    const refused = runImport(await makeFiles(less), { out: join(out, 'x') });
    await expect(refused).rejects.toMatchObject({ code: 'not_empty' });
    expect(existsSync(join(out, 'x', 'device-types', 'phone.yaml'))).toBe(true);

    await runImport(await makeFiles(less), { out: join(out, 'x'), force: true });
    expect(existsSync(join(out, 'x', 'device-types', 'phone.yaml'))).toBe(false);
    expect(existsSync(join(out, 'x', 'device-types', 'mine.yaml'))).toBe(true);
  });

  it('is not written for an API or a storage that is not there, nor for an instance that cannot be', async () => {
    const dir = await makeFiles(FILES);
    const out = join(await newFolder(), 'x');

    await expect(runImport(dir, { out, api: 'prod' })).rejects.toMatchObject({
      code: 'unknown_name',
    });
    await expect(runImport(dir, { out, storage: 'x' })).rejects.toMatchObject({ code: 'unknown_name' });
    await expect(runImport(dir, { out, instance: 'a b' })).rejects.toMatchObject({ code: 'bad_option' });
    expect(existsSync(out)).toBe(false);
  });

  it('goes without what the configuration does not have, and says what to fill in', async () => {
    const files = { 'pipeline.yaml': "runtimes: { lava-one: { lab_type: lava, url: 'http://l.example' } }" };

    const { config, report } = await importFiles(files);

    expect([config.maestro, config.uploads, config.storage.kind]).toEqual([undefined, undefined, 'local']);
    expect(report.to_fill_in).toEqual(
      expect.arrayContaining([
        'maestro: the configuration has no API production',
        'callback.token_name: KernelCI names none (lava-one)',
      ]),
    );
  });
});
