import { assert, constantFrom, dictionary, double, integer, letrec, property, string, array, oneof, boolean, constant } from 'fast-check'; // prettier-ignore
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RequestError } from '../../src/core/errors.ts';
import { LabConfig } from '../../src/config/schema.ts';
import {
  useSuppliedDefinition,
  deviceOfSupplied,
  type SuppliedOptions,
} from '../../src/templates/supplied.ts';
import { readLavaYaml } from '../../src/definition/supplied-read.ts';
import { emitYaml } from '../../src/definition/emit.ts';
import type { Rendered } from '../../src/templates/renderer.ts';
import { makeRequest, NODE_ID, readDefinition, shipped } from '../templates/support.ts';

type Json = Record<string, unknown>;

const CALLBACK = {
  url: `https://bridge.example/callback/lab/${NODE_ID}`,
  tokenName: 'bridge-token',
  header: 'X-Lava-Token',
};
const MAESTRO = {
  url: `https://pipeline.kernelci.org/node/${NODE_ID}`,
  method: 'POST',
  token: 'kernelci-lab-testpull',
  dataset: 'all',
  'content-type': 'json',
};

/** A job as Maestro makes it for a LAVA lab. */
function maestroJob(): Json {
  return {
    job_name: `[production] ${NODE_ID} baseline-arm64 v6.18`,
    device_type: 'rk3399',
    visibility: 'public',
    priority: 52,
    context: { extra_kernel_args: 'kvm-arm.mode=protected hugepages=0:4' },
    timeouts: {
      job: { minutes: 30 },
      action: { minutes: 10 },
      actions: { 'power-off': { seconds: 30 } },
      queue: { days: 2 },
    },
    metadata: { api_config_name: 'production', storage_config_name: 'kci-storage-production' },
    notify: { criteria: { status: 'finished' }, callback: MAESTRO },
    actions: [
      {
        deploy: {
          to: 'tftp',
          os: 'oe',
          kernel: { type: 'image', url: 'https://files.kernelci.org/kbuild-1/Image' },
          modules: { compression: 'xz', url: 'https://files.kernelci.org/kbuild-1/modules.tar.xz' },
          ramdisk: { compression: 'gz', url: 'https://storage.kernelci.org/images/rootfs.cpio.gz' },
        },
      },
      { boot: { method: 'u-boot', commands: 'ramdisk', prompts: ['/ #', '~ #'], failure_retry: 3 } },
      {
        test: {
          timeout: { minutes: 1 },
          definitions: [
            {
              from: 'inline',
              name: 'dmesg',
              path: 'inline/dmesg.yaml',
              'lava-signal': 'kmsg',
              repository: {
                metadata: { format: 'Lava-Test Test Definition 1.0', name: 'baseline' },
                run: { steps: ["echo 'Hello World!'\n"] },
              },
            },
          ],
        },
      },
    ],
  };
}

/** A job on QEMU, which runs on the lab's host. */
function qemuJob(): Json {
  return {
    ...maestroJob(),
    device_type: 'qemu',
    context: {
      arch: 'arm64',
      cpu: 'max,pauth-impdef=on',
      machine: 'virt,gic-version=3,mte=on',
      memory: '4G',
    },
    actions: [
      {
        deploy: {
          to: 'tmpfs',
          images: {
            kernel: { image_arg: '-kernel {kernel} -append "console=ttyAMA0,115200 root=/dev/ram0"', url: 'https://files.kernelci.org/Image' }, // prettier-ignore
            ramdisk: { image_arg: '-initrd {ramdisk}', url: 'https://files.kernelci.org/rootfs.cpio.gz' },
          },
        },
      },
      {
        boot: {
          method: 'qemu',
          media: 'tmpfs',
          docker: { image: 'kernelci/qemu', binary: 'qemu-system-arm64' },
        },
      },
    ],
  };
}

const LAB = LabConfig.parse({
  name: 'lab',
  origin: 'lab',
  lava: { url: 'https://lava.example', user: 'bridge', token: 'secret' },
  callback: { token_name: CALLBACK.tokenName, token: 'secret' },
});

type Permits = Partial<LabConfig['definitions']>;

interface Parts extends Partial<SuppliedOptions> {
  permits?: Permits;
}

function use(definition: unknown, { permits, ...options }: Parts = {}): Rendered {
  return useSuppliedDefinition(
    typeof definition === 'string' ? definition : emitYaml(definition, { nulls: true }),
    {
      request: makeRequest({ name: 'baseline-arm64', platform: 'rk3399-gru-kevin' }),
      plans: shipped.plans,
      lab: {
        name: 'lab',
        priority: { min: 0, max: 100 },
        callback: CALLBACK,
        queueTimeoutMs: 2 * 86_400_000,
      },
      definitions: { ...LAB.definitions, ...permits },
      networks: ['public'],
      mark: `0123456789ab.${NODE_ID}.1`,
      ...options,
    },
  );
}

function supplied(definition: unknown, parts?: Parts): Json {
  return readDefinition(use(definition, parts).definition);
}

function refusalOf(definition: unknown, parts?: Parts): RequestError {
  try {
    use(definition, parts);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** A copy with the value at a dotted path replaced; undefined takes it away. */
function withValue(definition: Json, path: string, value: unknown): Json {
  const copy = structuredClone(definition);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const place = keys.reduce<Json>((at, key) => (at[key] ??= {}) as Json, copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

function asJson(value: unknown): Json {
  return z.record(z.string(), z.unknown()).parse(value);
}

function without({ job_name: _n, notify: _c, metadata: _m, ...rest }: Json): Json {
  return rest;
}

describe('a definition that is permitted', () => {
  it('keeps its meaning but for name, node id and callback', () => {
    const came = maestroJob();

    const result = supplied(came);

    expect(without(result)).toEqual(without(came));
    expect(result['metadata']).toEqual({ ...(came['metadata'] as Json), node_id: NODE_ID });
  });

  it('carries the node’s id and the mark in its name, and nothing longer than LAVA keeps', () => {
    const plain = use(maestroJob());
    const long = use(withValue(maestroJob(), 'job_name', `x\n${'😀'.repeat(150)}`), { mark: 'mark' });

    expect(plain.jobName).toBe(`[production] ${NODE_ID} baseline-arm64 v6.18 0123456789ab.${NODE_ID}.1`);
    expect(long.jobName.length).toBeLessThanOrEqual(200);
    expect(long.jobName).toMatch(new RegExp(`^x .*${NODE_ID} mark$`, 'u'));
    expect(long.jobName.isWellFormed()).toBe(true);
  });

  it('says what LAVA will do with it', () => {
    expect(use(maestroJob())).toMatchObject({
      deviceType: 'rk3399',
      priority: 52,
      jobTimeoutMs: 30 * 60_000,
      queueTimeoutMs: 2 * 86_400_000,
    });
  });

  it.each([
    ['high', 60],
    ['low', 40],
    [100, 60],
    [50, 50],
    [undefined, 52],
  ])('of priority %s gets %s in a lab that grants 40 to 60', (priority, granted) => {
    const lab = { name: 'lab', priority: { min: 40, max: 60 }, callback: CALLBACK, queueTimeoutMs: 1000 };

    expect(supplied(withValue(maestroJob(), 'priority', priority), { lab })['priority']).toBe(granted);
  });

  it('waits no longer for a device than the lab lets it', () => {
    const lab = {
      name: 'lab',
      priority: { min: 0, max: 100 },
      callback: CALLBACK,
      queueTimeoutMs: 3_600_000,
    };
    const queueOf = (queue: unknown): unknown =>
      (supplied(withValue(maestroJob(), 'timeouts.queue', queue), { lab })['timeouts'] as Json)['queue'];

    expect(queueOf({ days: 2 })).toEqual({ hours: 1 });
    expect(queueOf({ minutes: 5 })).toEqual({ minutes: 5 });
    expect(queueOf(undefined)).toEqual({ hours: 1 });
  });

  it('is refused if it runs longer than its board may', () => {
    const board = { ...shipped.boards.get('qemu-x86_64', undefined), limits: { max_job_timeout: 60_000 } };

    expect(refusalOf(maestroJob(), { board })).toMatchObject({
      code: 'job_too_long',
      setting: 'limits.max_job_timeout',
    });
  });

  it('is refused if it runs longer than any may', () => {
    const job = withValue(maestroJob(), 'timeouts.job', { days: 1 });

    expect(refusalOf(job)).toMatchObject({ code: 'job_too_long', setting: 'definitions.max_job_timeout' });
  });

  it('asks for the test of its plan, under the plan’s name', () => {
    const boot = use(maestroJob()).expectedTests;
    const git = { from: 'git', name: 'kselftest-futex', path: 'a/kselftest.yaml', repository: 'https://github.com/linaro/test-definitions.git' }; // prettier-ignore
    const upload = { from: 'inline', name: 'upload', path: 'inline/upload.yaml', repository: {} };
    const job = withValue(maestroJob(), 'actions.2.test.definitions', [git, upload]);
    const futex = use(job, {
      request: makeRequest({ name: 'kselftest-futex', platform: 'x' }),
    }).expectedTests;

    expect(boot.roots).toEqual([{ path: 'boot', definitions: ['dmesg'], measurements: [] }]);
    expect(futex.roots).toMatchObject([{ path: 'kselftest.futex', definitions: ['kselftest-futex'] }]);
    expect(futex.helpers).toEqual(['upload']);
  });

  it('asks for its own tests where no plan is known, and knows an NFS boot', () => {
    const nfs = withValue(maestroJob(), 'actions.1.boot.commands', 'nfs');
    const other = { from: 'inline', name: 'wifi', path: 'inline/wifi.yaml', repository: {} };
    const job = withValue(nfs, 'actions.2.test.definitions.1', other);

    const { expectedTests: expected } = use(job, {
      request: makeRequest({ name: 'own-job', platform: 'x' }),
    });

    expect(expected.bootPath).toBe('boot.nfs');
    expect(expected.roots.map(({ path }) => path)).toEqual(['boot.nfs', 'wifi']);
  });

  it('says which device it wants', () => {
    const text = emitYaml({ ...maestroJob(), tags: ['usb'] });

    expect(deviceOfSupplied(text)).toEqual({ deviceType: 'rk3399', tags: ['usb'] });
  });
});

describe('its callback', () => {
  const ours = {
    ...CALLBACK,
    token: CALLBACK.tokenName,
    method: 'POST',
    dataset: 'all',
    'content-type': 'json',
  };
  const { tokenName: _name, ...expected } = ours;

  it('stands before Maestro’s own', () => {
    expect(supplied(maestroJob())['notify']).toEqual({
      criteria: { status: 'finished' },
      callbacks: [expected, MAESTRO],
    });
  });

  it('stands before all of a list, and once if it was there', () => {
    const notify = {
      criteria: { status: 'finished' },
      callbacks: [MAESTRO, expected, { url: 'https://staging.kernelci.org:9100/' }],
    };

    expect(supplied(withValue(maestroJob(), 'notify', notify))['notify']).toEqual({
      criteria: { status: 'finished' },
      callbacks: [expected, MAESTRO, { url: 'https://staging.kernelci.org:9100/' }],
    });
  });

  it.each([
    ['nothing', undefined],
    ['what is replaced', { criteria: { status: 'all' }, recipients: ['irc'] }],
  ])('stands in place of %s', (_what, notify) => {
    const result = supplied(withValue(maestroJob(), 'notify', notify), { permits: { notify: 'replace' } });

    expect(result['notify']).toEqual({ criteria: { status: 'finished' }, callback: expected });
  });

  it.each<[key: string, value: string, list?: string]>([
    ['url', 'https://elsewhere.example/x', 'notify_hosts'],
    ['url', 'https://evil.example/?pipeline.kernelci.org', 'notify_hosts'],
    ['url', 'https://pipeline.kernelci.org@evil.example/'],
    ['url', 'https://pipeline.kernelci.org/{TOKEN}'],
    ['url', 'file:///etc/passwd'],
    ['url', 'https://anybody.westus3.cloudapp.azure.com/x', 'notify_hosts'],
    ['token', CALLBACK.tokenName, 'notify_tokens'],
    ['token', 'lab-admin', 'notify_tokens'],
    ['header', 'X: y\r\nZ'],
  ])('does not stand next to one whose %s is %j', (key, value, list) => {
    const refusal = refusalOf(withValue(maestroJob(), `notify.callback.${key}`, value));

    expect(refusal).toMatchObject({
      field: `definition_yaml.notify.callback.${key}`,
      setting: list && `definitions.${list}`,
    });
  });

  it.each([
    ['recipients', [{ to: { method: 'email', user: 'x' } }]],
    ['compare', { query: {} }],
    ['criteria', { status: 'running' }],
    ['criteria', { status: 'finished', dependency_query: 'x' }],
  ])('does not stand next to %s %j', (key, value) => {
    const { code, field } = refusalOf(withValue(maestroJob(), `notify.${key}`, value));

    expect(code).toBe('not_permitted');
    expect(field?.startsWith(`definition_yaml.notify.${key}`)).toBe(true);
  });
});

const deploy = 'actions.0.deploy';
const boot = 'actions.1.boot';
const test = 'actions.2.test';
const inline = `${test}.definitions.0`;
const repo = {
  from: 'git',
  name: 'x',
  path: 'x.yaml',
  repository: 'https://github.com/linaro/test-definitions.git',
};

const FILE = { url: 'https://files.kernelci.org/x' };

function inDocker(docker: Json): Json {
  return { to: 'fastboot', images: { boot: FILE }, docker };
}

function processed(postprocess: Json): Json {
  return { to: 'downloads', images: { boot: FILE }, postprocess };
}

describe('what could reach the lab’s hosts is refused with its place:', () => {
  it.each<[path: string, value: unknown, list?: string]>([
    ['device_type', undefined],
    ['device_type', '../../x'],
    ['visibility', 'personal', 'visibility'],
    ['visibility', { group: ['secret'] }, 'visibility'],
    ['worker', 'lab-worker-1', 'workers'],
    ['device', 'board-01', 'devices'],
    ['protocols', { 'lava-lxc': { name: 'x', distribution: 'debian' } }],
    ['protocols', { 'lava-vland': {} }],
    ['secrets', { KEY: 'lab-api-token' }, 'secrets'],
    ['secrets', { 'A B': 'kci-storage-production-token' }],
    ['environment', { 'X=1;reboot': 'y' }],
    ['timeouts.job', { minutes: null }],
    ['timeouts.job', undefined],
    ['somethingnew', { a: 1 }],
    [`${deploy}.kernel.url`, 'file:///etc/shadow'],
    [`${deploy}.kernel.url`, 'scp://root@host/etc/shadow'],
    [`${deploy}.kernel.url`, 'lxc:///etc/shadow'],
    [`${deploy}.kernel.url`, 'https://user:pass@files.kernelci.org/x'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/x y'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/x,readonly=on'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/$(reboot)'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a/../b'],
    [`${deploy}.kernel.url`, 'http://127.0.0.1/x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://0x7f.1/x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://[::1]/x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://169.254.169.254/latest/meta-data', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://pdu/outlet/1/off', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://localhost:8000/x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'http://pdu.lan/x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'downloads:///etc/shadow'],
    [`${deploy}.kernel.url`, 'downloads://../../x'],
    [`${deploy}.kernel.headers`, { Authorization: 'lab-api-token' }, 'header_tokens'],
    [`${deploy}.kernel.headers`, { Authorization: 'kci-storage-token' }, 'header_tokens'],
    ['secrets', { KEY: 'LAVA_BASIC_AUTH' }, 'secrets'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org?@evil.example/'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a/%2e%2e/b'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/..%2Fb'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a%00'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a%0ab'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a%5cb'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org/a%'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org./x', 'file_hosts'],
    [`${deploy}.kernel.url`, 'https://files\u3002kernelci.org/x'],
    [`${deploy}.kernel.headers`, { 'X\r\nY': 'LAVA_BASIC_AUTH' }],
    [`${deploy}.nfsrootfs`, { url: 'https://files.kernelci.org/x', prefix: 'a/../../..' }],
    [`${deploy}.nfsrootfs`, { url: 'https://files.kernelci.org/x', prefix: '/etc' }],
    [`${deploy}.persistent_nfs`, { address: 'nas:/export' }],
    [`${deploy}.authorize`, 'ssh'],
    [`${deploy}.connection`, 'lxc'],
    [`${deploy}.namespace`, '../../../etc'],
    [`${deploy}.role`, ['client']],
    [`${deploy}.to`, 'lxc'],
    [`${deploy}.to`, 'ssh'],
    [`${deploy}.to`, 'docker'],
    [`${deploy}.to`, 'iso-installer'],
    [deploy, { to: 'flasher', images: { '../x': FILE } }],
    [deploy, { to: 'flasher', images: { '-s': FILE } }],
    [`${deploy}.images`, { kernel: FILE }],
    [`${deploy}.kernel.url`, 'https://files.elsewhere.org/Image', 'file_hosts'],
    [`${deploy}.kernel.url`, 'https://anybody.blob.core.windows.net/Image', 'file_hosts'],
    [`${deploy}.kernel.url`, 'https://files.kernelci.org.evil.example/Image', 'file_hosts'],
    [`${deploy}.kernel.url`, 'rclone://lab-bucket/Image', 'file_hosts'],
    [`${deploy}.kernel.url`, 'rclone://:s3,env_auth=true:/Image'],
    [`${deploy}.kernel.filename`, '../../etc/cron.d/x'],
    [`${deploy}.modules.url`, 'https://files.elsewhere.org/modules.tar.xz', 'file_hosts'],
    [`${deploy}.ramdisk.overlays`, { x: { url: 'https://elsewhere.org/x', format: 'tar', path: '/' } }, 'file_hosts'], // prettier-ignore
    [`${deploy}.ramdisk.overlays`, { x: { url: 'https://files.kernelci.org/x', format: 'tar', path: '/../..' } }], // prettier-ignore
    [deploy, inDocker({ image: 'evil/image' }), 'docker_images'],
    [deploy, inDocker({ image: 'evil.example/kernelci/qemu' }), 'docker_images'],
    [deploy, inDocker({ image: 'ghcr.io/mwasilew/other:1' }), 'docker_images'],
    [deploy, inDocker({ image: 'kernelci/qemu --privileged' })],
    [deploy, inDocker({ image: 'kernelci/qemu', network_from: 'x --privileged -v /:/host' })],
    [deploy, inDocker({ image: 'kernelci/qemu', container_name: '-v/:/host' })],
    [deploy, inDocker({ image: 'kernelci/qemu', options: ['--privileged'] })],
    [deploy, inDocker({ image: 'kernelci/qemu', login: { registry: 'x', user: 'x', password: 'x' } })], // prettier-ignore
    [deploy, processed({ docker: { image: 'evil/image', steps: ['true'] } }), 'docker_images'],
    [deploy, processed({ docker: { image: 'kernelci/qemu', steps: ['true'], devices: ['/dev/sda'] } })],
    [deploy, processed({ lxc: { steps: ['true'] } })],
    [`${boot}.method`, 'ssh'],
    [`${boot}.method`, 'schroot'],
    [`${boot}.method`, 'docker'],
    [`${boot}.method`, 'new_connection'],
    [boot, { method: 'qemu', docker: { image: 'evil/image' } }, 'docker_images'],
    [boot, { method: 'qemu', docker: { image: 'kernelci/qemu', binary: '/bin/sh -c reboot' } }],
    [boot, { method: 'fastboot', commands: ['flash boot /etc/shadow'] }],
    [`${test}.docker`, { image: 'evil/image' }, 'docker_images'],
    [`${test}.downloads-namespace`, '../..'],
    [`${test}.services`, [{ name: 'x' }]],
    [`${inline}.name`, '../x'],
    [`${inline}.path`, '/etc/cron.d/x'],
    [`${inline}.path`, 'a/../../../etc/cron.d/x'],
    [`${inline}.repository.install`, { 'git-repos': ['https://evil.example/x.git'] }, 'repositories'],
    [`${inline}.repository.install`, { 'git-repos': [{ url: '--upload-pack=reboot' }] }],
    [inline, { ...repo, repository: 'https://evil.example/x.git' }, 'repositories'],
    [inline, { ...repo, repository: 'ext::sh -c reboot' }],
    [inline, { ...repo, repository: 'ssh://git@github.com/linaro/x' }],
    [inline, { ...repo, repository: 'file:///etc' }],
    [inline, { ...repo, repository: 'https://github.com/linaro/$AWS_SECRET' }],
    [inline, { ...repo, repository: 'https://github.com/linaro/../evil/x' }],
    [inline, { ...repo, repository: 'https://github.com/linaro/%2e%2e/evil/x' }],
    [inline, { ...repo, branch: '--upload-pack=reboot' }],
    [inline, { ...repo, revision: '--orphan' }],
    [inline, { ...repo, repository: 'https://github.com/linaro/other.git' }, 'repositories'],
    [inline, { ...repo, from: 'url', repository: 'https://github.com/kernelci/kernelci-core/archive/main.tar.gz' }, 'archives'], // prettier-ignore
    [inline, { ...repo, from: 'tar' }],
    ['actions.3', { command: { name: 'hard_reset' } }, 'commands'],
    ['actions.3', { boot: { method: 'minimal' }, test: {} }],
  ])('%s: %j', (path, value, list) => {
    const refusal = refusalOf(withValue(maestroJob(), path, value));

    expect(refusal).toMatchObject({ code: 'not_permitted', setting: list && `definitions.${list}` });
    expect(refusal.field?.startsWith(`definition_yaml.${path}`)).toBe(true);
  });

  it('jobs of several boards, by name', () => {
    const job = withValue(withValue(maestroJob(), 'protocols', { 'lava-multinode': { roles: {} } }), 'device_type', undefined); // prettier-ignore

    expect(refusalOf(job)).toMatchObject({
      code: 'multinode',
      field: 'definition_yaml.protocols.lava-multinode',
    });
  });

  it('and no name of a token stands in the reason', () => {
    const secret = withValue(maestroJob(), 'secrets', { KEY: 'lab-api-token' });

    expect(refusalOf(secret).message).not.toContain('lab-api-token');
  });

  it('all faults are reported at once, but not without end', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`K${i}`, 'unknown']));
    const { message } = refusalOf(withValue(maestroJob(), 'secrets', many));

    expect(message.match(/definition_yaml/g)).toHaveLength(5);
    expect(message).toContain('and 15 more');
  });
});

describe('what the lab permits goes through:', () => {
  it.each<[what: string, path: string, value: unknown, permits: Permits]>([
    ['its device types', 'device_type', 'rk3399', { device_types: ['rk*'] }],
    ['its images', deploy, inDocker({ image: 'registry.lab.example/flash:1', local: true }), { docker_images: ['registry.lab.example/*'] }], // prettier-ignore
    ['its devices', 'device', 'board-01', { devices: ['board-*'] }],
    ['its workers', 'worker', 'worker-1', { workers: ['worker-1'] }],
    ['its file hosts', `${deploy}.kernel.url`, 'https://files.lab.example/Image', { file_hosts: ['*.kernelci.org', 'files.lab.example'] }], // prettier-ignore
    ['its own network, written out', `${deploy}.kernel.url`, 'http://10.0.0.5/Image', { file_hosts: ['*.kernelci.org', '10.0.0.5'] }], // prettier-ignore
    ['its rclone remotes', `${deploy}.kernel.url`, 'rclone://lab-bucket/a/Image', { file_hosts: ['*.kernelci.org', 'rclone://lab-bucket'] }], // prettier-ignore
    ['its archives', inline, { ...repo, from: 'url', repository: 'https://files.lab.example/t.tar.xz', compression: 'xz' }, { archives: ['https://files.lab.example/*'] }], // prettier-ignore
    ['its token names', 'notify.callback.token', 'maestro', { notify_tokens: ['maestro'] }],
    ['its tokens', 'secrets', { KEY: 'lab-token' }, { secrets: ['lab-token'] }],
    ['its repositories', inline, { ...repo, repository: 'https://git.lab.example/t.git' }, { repositories: ['https://git.lab.example/*'] }], // prettier-ignore
    ['its commands', 'actions.3', { command: { name: 'usb-on' } }, { commands: ['usb-on'] }],
    ['its groups', 'visibility', { group: ['lab'] }, { visibility: ['public', 'lab'] }],
    [
      'its notify hosts',
      'notify.callback.url',
      'https://ci.lab.example/x',
      { notify_hosts: ['ci.lab.example'] },
    ],
  ])('%s', (_what, path, value, permits) => {
    expect(refusalOf(withValue(maestroJob(), path, value), { permits: CLOSED })).toBeInstanceOf(RequestError);
    expect(() => use(withValue(maestroJob(), path, value), { permits })).not.toThrow();
  });

  it('what newer LAVA’s deployments may say', () => {
    const images = {
      loader: { ...FILE, filename: 'loader.bin', use_cache: false, download: false },
      root: { ...FILE, format: 'ext4', overlay_backend: 'e2fsprogs', overlays: { lava: true } },
    };

    expect(() =>
      use(withValue(maestroJob(), deploy, { to: 'flasher', uniquify: false, images })),
    ).not.toThrow();
  });

  it('its own network, if the configuration allows it', () => {
    const job = withValue(maestroJob(), `${deploy}.kernel.url`, 'http://10.0.0.5/Image');

    expect(() => use(job, { networks: ['public', '10.0.0.0/8'] })).not.toThrow();
  });

  it('no wildcard names the lab’s own network', () => {
    const job = withValue(maestroJob(), `${deploy}.kernel.url`, 'http://10.0.0.5/Image');

    expect(refusalOf(job, { permits: { file_hosts: ['*'] } })).toMatchObject({
      code: 'not_permitted',
      setting: 'definitions.file_hosts',
    });
  });

  const CLOSED: Permits = {
    device_types: [],
    docker_images: [],
    secrets: [],
    repositories: [],
    commands: [],
    visibility: [],
    devices: [],
    workers: [],
    file_hosts: [],
    archives: [],
    notify_hosts: [],
    notify_tokens: [],
  };
});

describe('QEMU’s options', () => {
  const images = 'actions.0.deploy.images';

  it('of Maestro go through', () => {
    expect(without(supplied(qemuJob()))).toEqual(without(qemuJob()));
  });

  it.each([
    '-drive file={ramdisk},format=raw,if=virtio,id=root -device virtio-rng-pci -m 2G -smp 2 -no-reboot',
    '-kernel {kernel} -serial stdio --append "console=ttyS0"',
    '-device virtio-blk-device,drive=hd0 -netdev user,id=n0 -device virtio-net-pci,netdev=n0',
  ])('that touch nothing of the host go through: %s', (line) => {
    expect(() => use(withValue(qemuJob(), `${images}.kernel.image_arg`, line))).not.toThrow();
  });

  it.each([
    '-drive file=/etc/shadow,format=raw',
    '-drive file={kernel}',
    '-drive file={kernel},format=qcow2',
    '-drive format=raw,file={kernel},file=/etc/shadow',
    '-hda /dev/sda',
    '-hda {kernel}',
    '-initrd /etc/shadow',
    '-kernel {other}',
    '-monitor stdio',
    '-monitor tcp::4444,server',
    '-serial mon:stdio',
    '-serial file:/etc/cron.d/x',
    '-chardev file,id=a,path=/etc/passwd',
    '-device vfio-pci,host=01:00.0',
    '-device loader,file=/etc/shadow',
    '-device usb-host',
    '-device virtio-net-pci,romfile=x',
    '-netdev tap,id=n,script=/tmp/x',
    '-netdev user,id=n,guestfwd=tcp:10.0.2.1:1-cmd:reboot',
    '-net user,hostfwd=tcp::22-:22',
    '-virtfs local,path=/,mount_tag=x,security_model=none',
    '-fsdev local,path=/',
    '-machine virt,dumpdtb=x',
    '-M virt,firmware=x',
    '-D /etc/x',
    '-pidfile /x',
    '-readconfig /x',
    '-object memory-backend-file,mem-path=/x',
    '-incoming exec:reboot',
    '-append x\u001c-hda\u001c/dev/sda',
    '-append x\u0085-hda\u0085/dev/sda',
    '-append "x\\" -hda /dev/sda "',
    '-append "x',
    '-append "a\nb"',
    '-sandbox off',
    '-kernel',
  ])('that reach the host are refused: %j', (line) => {
    const refusal = refusalOf(withValue(qemuJob(), `${images}.kernel.image_arg`, line));

    expect(refusal.field).toBe(`definition_yaml.${images}.kernel.image_arg`);
  });

  it.each<[key: string, value: unknown]>([
    ['extra_options', ['-hda /dev/sda']],
    ['extra_options', '-drive file=/etc/shadow'],
    ['extra_options', ["-smp 2']\ncommands: {hard_reset: reboot}"]],
    ['machine', 'virt -hda /dev/sda'],
    ['machine', 'virt,dumpdtb=x'],
    ['cpu', 'max -hda /dev/sda'],
    ['memory', '1G -hda /dev/sda'],
    ['netdevice', 'tap'],
    ['netdevice', 'user -hda /dev/sda'],
    ['monitor', 'stdio'],
    ['serial', '-serial mon:stdio'],
    ['vga', '-hda /dev/sda'],
    ['model', 'virtio -hda /dev/sda'],
    ['guestfs_size', '512}\nx: y'],
    ['boot_root', '/dev/vda2}\ncommands: {hard_reset: reboot'],
    ['extra_kernel_args', 'x\n  commands:\n    hard_reset: reboot'],
    ['extra_kernel_args', 'x "-hda /dev/sda'],
    ['extra_kernel_args', 'x: y'],
    ['extra_kernel_args', 'x #'],
    ['console_device', "ttyS0'"],
    ['lava_test_results_dir', '/../../../etc/%s'],
    ['lava_test_results_dir', '/etc'],
    ['booti_kernel_addr', '0x1\nx'],
    ['hard_reset_command', 'reboot'],
  ])('and values of the context that leave their place: %s %j', (key, value) => {
    const refusal = refusalOf(withValue(qemuJob(), `context.${key}`, value));

    expect(refusal.field?.startsWith('definition_yaml.context')).toBe(true);
  });

  it.each<[key: string, value: unknown]>([
    ['extra_options', ['-smp 4', '-no-reboot']],
    ['lava_test_results_dir', '/data/lava-%s'],
    ['bootm_ramdisk_addr', '0x04000000'],
    ['memory', 4096],
    ['no_kvm', true],
    ['extra_nfsroot_args', ',vers=3'],
  ])('while those that stay there pass: %s %j', (key, value) => {
    const result = supplied(withValue(qemuJob(), `context.${key}`, value));

    expect((result['context'] as Json)[key]).toEqual(value);
  });

  it('never pass with a word that reaches the host, however they are put together', () => {
    const harmless = ['-kernel {kernel}', '-append "a b"', '-m 1G', '-smp 2', '-nographic', '-cpu max', ' '];
    const harmful = [
      '-hda /dev/sda',
      '-drive file=/etc/shadow,format=raw',
      '-monitor stdio',
      '-D /x',
      '-virtfs x',
    ];
    const glue = ['', ' ', '"', "'", '-append ', '{kernel}', '\\', '\u00a0', '\u001f', '\t'];
    const line = array(constantFrom(...harmless, ...harmful, ...glue), { maxLength: 8 }).map((parts) =>
      parts.join(''),
    );
    assert(
      property(line, (text) => {
        const job = withValue(qemuJob(), `${images}.kernel.image_arg`, text);
        let words: string[];
        try {
          use(job);
          words = pexpectSplit(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          return;
        }
        const options = words.filter(
          (_, i) => !['-append', '-m', '-smp', '-cpu', '-kernel'].includes(words[i - 1] ?? ''),
        );
        for (const option of options) {
          expect(['-kernel', '-append', '-m', '-smp', '-nographic', '-cpu']).toContain(option);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** How the dispatcher splits the command line (pexpect, utils.py), quotes and backslashes included. */
function pexpectSplit(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let state: 'basic' | 'space' | 'escape' | "'" | '"' = 'basic';
  for (const char of line) {
    if (state === 'basic' || state === 'space') {
      if (char === '\\') state = 'escape';
      else if (char === "'" || char === '"') state = char;
      else if (/[\s\u001c-\u001f\u0085]/.test(char)) {
        if (state === 'basic') words.push(word);
        word = '';
        state = 'space';
      } else {
        word += char;
        state = 'basic';
      }
    } else if (state === 'escape') {
      word += char;
      state = 'basic';
    } else if (char === state) state = 'basic';
    else word += char;
  }
  if (word !== '') words.push(word);
  return words.filter((w, i) => !(i === 0 && w === ''));
}

const text = string({ unit: 'binary' }).filter((s) => !s.includes('\0') && s.isWellFormed());
const number = oneof(
  integer(),
  double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
);
const { value: plainValue } = letrec((tie) => ({
  value: oneof({ depthSize: 'small' }, text, number, boolean(), constant(null), tie('list'), tie('map')),
  list: array(tie('value'), { maxLength: 4 }),
  map: dictionary(
    text.filter((key) => key !== '__proto__'),
    tie('value'),
    { maxKeys: 4 },
  ).map((map) => ({ ...map })),
}));

describe('reading', () => {
  it('gives back whatever was written', () => {
    assert(
      property(plainValue, (value) => {
        expect(readLavaYaml(emitYaml(value, { nulls: true }))).toEqual(value);
      }),
    );
  });

  it('changes nothing in what only reaches the board', () => {
    const map = dictionary(
      text.filter((key) => key !== '__proto__' && key !== 'install'),
      plainValue,
      { maxKeys: 3 },
    );
    assert(
      property(array(text, { maxLength: 5 }), map, map, (steps, more, metadata) => {
        const definition = { ...more, run: { steps } };
        const job = { ...withValue(maestroJob(), `${inline}.repository`, definition), metadata };

        const result = asJson(readLavaYaml(use(emitYaml(job, { nulls: true })).definition));

        expect(without(result)).toEqual(without(job));
        expect(result['metadata']).toEqual({ ...metadata, node_id: NODE_ID });
      }),
    );
  });

  it.each([
    ['on', true],
    ['No', false],
    ['y', 'y'],
    ['~', null],
    ['1e3', '1e3'],
    ['0o17', '0o17'],
    ['0x04000000', 0x4000000],
    ['-12', -12],
    ['1.5', 1.5],
    ['"1.0"', '1.0'],
    ['"on"', 'on'],
    ['&a [1, 2]', [1, 2]],
  ])('takes %s as PyYAML does', (written, value) => {
    expect(readLavaYaml(`v: ${written}`)).toEqual({ v: value });
  });

  it.each([
    '52:54:00:12:34:58',
    '0755',
    '1_000',
    '1.0',
    '2026-01-01',
    '.inf',
    '12345678901234567890',
    '1.0e+400',
    '=',
    '+.5',
  ])('refuses %s without quotes, which readers take for different things', (written) => {
    expect(() => readLavaYaml(`v: ${written}`)).toThrow(
      expect.objectContaining({ code: 'bad_definition', field: 'definition_yaml.v' }),
    );
    expect(readLavaYaml(`v: "${written}"`)).toEqual({ v: written });
  });

  const ROOT = 'definition_yaml';

  it.each([
    ['a key twice', 'a: 1\na: 2', `${ROOT}.a`],
    ['a key that is no text', 'on: 1', ROOT],
    ['a number as a key', '{1: x}', ROOT],
    ['a merge', 'a: &a {x: 1}\nb: {<<: *a}', `${ROOT}.b`],
    ['a prototype', '__proto__: {admin: true}', ROOT],
    ['a tag', 'a: !!python/object/apply:os.system [reboot]', `${ROOT}.a`],
    ['a second document', 'a: 1\n---\nb: 2', ROOT],
    ['an unknown alias', 'a: *b', `${ROOT}.a`],
    ['no YAML', 'a: [1', ROOT],
    ['no mapping', '- a', ROOT],
    ['nothing', '', ROOT],
    ['a line break of YAML 1.1', 'a: b\u2028c', ROOT],
  ])('refuses %s', (_what, written, field) => {
    expect(refusalOf(written)).toMatchObject({ code: 'bad_definition', field });
  });

  const laughs = ['a', 'b', 'c', 'd', 'e'].map((name, i) => {
    const inner = i === 0 ? 'x' : `*${'abcde'[i - 1]}`;
    return `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  it.each([
    ['much made of little', laughs.join('\n'), 'too_complex'],
    ['an endless loop', 'a: &a [*a]', 'too_deep'],
    ['a deep list', '['.repeat(100_000), 'too_deep'],
    ['a deep block', '- '.repeat(100_000), 'too_deep'],
    ['a deep mapping', Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'too_deep'],
    ['many words', '"" '.repeat(80_000), 'too_complex'],
    ['a long text', `a: ${'x'.repeat(300_000)}`, 'too_long'],
  ])('refuses %s before it takes long', (_what, written, code) => {
    expect(() => readLavaYaml(written)).toThrow(
      expect.objectContaining({ code: 'bad_definition', cause: expect.objectContaining({ code }) }),
    );
  });
});

describe('whatever stands in a sensitive place', () => {
  const marks = 'a|b|1| |-|_|.|/|:|=|,|;|\'|"|$|`|{|}|[|]|(|)|<|>|&|#|!|*|?|%|@|\\|\n|\t|\r|..|'.split('|');
  const nasty = array(constantFrom(...marks, '|'), { maxLength: 20 }).map((parts) => parts.join(''));

  it.each([
    [`${deploy}.kernel.url`, /^(?:https?:\/\/|downloads:\/\/)[^\s'"$`{}()<>|&;\\#,]+$/],
    [`${inline}.path`, /^(?![/~-])(?!(?:.*\/)?\.\.(?:\/|$))/s],
    [`${inline}.name`, /^[\w-]+$/],
    [`${deploy}.namespace`, /^[\w.-]+$/],
    ['context.extra_kernel_args', /^[^'"$`{}[\]()<>|&;\\#\n\t\r!*?]+$/],
    ['context.boot_root', /^[^'"$`{}[\]()<>|&;\\#\n\t\r!*?]+$/],
  ])('of %s, nothing comes through that could leave it', (path, safe) => {
    const prefix = path.endsWith('url')
      ? constantFrom('https://files.kernelci.org/', 'https://', 'downloads://', '')
      : constant('');
    assert(
      property(prefix, nasty, (head, tail) => {
        try {
          use(emitYaml(withValue(maestroJob(), path, head + tail)));
        } catch (error) {
          expect((error as RequestError).field).toMatch(/^definition_yaml/);
          return;
        }
        expect(head + tail).toMatch(safe);
      }),
      { numRuns: 60 },
    );
  });
});
