// The shipped templates against what KernelCI's own make of the same jobs. Each difference is listed here and explained
// in docs/parity.md; nothing else may differ.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeRequest, readDefinition, render, type RequestParts } from '../templates/support.ts';
import { everyDefinition } from '../templates/matrix.ts';
import { expectCounted } from './document.ts';
import { referencePath } from './folder.ts';
import { SAMPLES } from './samples.ts';

const RPI = 'bcm2711-rpi-4-b';

const LABS: Record<string, { token: string; min: number; max: number }> = {
  'lava-collabora': { token: 'kernelci-api-token-staging', min: 40, max: 60 },
  'lava-broonie': { token: 'kernelci-new-api-callback', min: 0, max: 49 },
  'lava-cip': { token: 'kernel-ci-new-api', min: 0, max: 100 },
  'lava-pengutronix': { token: 'kernel-ci-callback', min: 10, max: 40 },
  'lava-testpull': { token: 'kernelci-lab-testpull', min: 0, max: 100 },
};

const JOB_TIMEOUT = 'timeouts.job.minutes';
const ECHO = 'actions.#.test.definitions.0.repository.run.steps.0';
const DESCRIPTION = 'actions.2.test.definitions.0.repository.metadata.description';
const OS_NFS = 'actions.0.deploy.os';

/** Where ours differ. */
const DIFFERENCES: Partial<Record<keyof typeof SAMPLES, string[]>> = {
  'barebox-riotboard-baseline': [ECHO, JOB_TIMEOUT],
  'depthcharge-fluster-h264': [
    'actions.0.deploy.nfsrootfs.url',
    OS_NFS,
    'actions.0.deploy.ramdisk.url',
    DESCRIPTION,
    'actions.2.test.definitions.0.repository.metadata.os',
    'actions.2.test.definitions.0.repository.metadata.scope',
    JOB_TIMEOUT,
  ],
  'depthcharge-jacuzzi-baseline-nfs': [OS_NFS, ECHO, JOB_TIMEOUT],
  'depthcharge-jacuzzi-baseline': [ECHO, JOB_TIMEOUT],
  'depthcharge-watchdog-reset': [
    'actions.2.test.interactive.0.script.0.failures.0.message',
    'actions.2.test.interactive.0.script.1.command',
    JOB_TIMEOUT,
    'timeouts.connections',
  ],
  'efi-rb3gen2-baseline': ['actions.0.deploy.postprocess.docker.steps', ECHO, JOB_TIMEOUT],
  'fastboot-db410c-baseline': [
    'actions.0.deploy.postprocess.docker.steps',
    'actions.0.deploy.timeout',
    ECHO,
    JOB_TIMEOUT,
  ],
  'grub-orion-o6-baseline': [
    'actions.0.deploy.kernel.image_arg',
    'actions.0.deploy.root_partition',
    'actions.0.deploy.timeout',
    'actions.0.deploy.modules',
    ECHO,
    JOB_TIMEOUT,
  ],
  'ipxe-mcom-baseline': ['actions.0.deploy.kernel.type', ECHO, JOB_TIMEOUT],
  'qemu-arm64-baseline': [
    'actions.0.deploy.images.ramdisk.compression',
    'actions.0.deploy.images.ramdisk.format',
    'actions.0.deploy.images.ramdisk.overlays',
    'actions.1.boot.docker',
    ECHO,
    JOB_TIMEOUT,
  ],
  'qemu-x86-baseline': [
    'actions.0.deploy.images.ramdisk.compression',
    'actions.0.deploy.images.ramdisk.format',
    'actions.0.deploy.images.ramdisk.overlays',
    'actions.1.boot.docker',
    ECHO,
    'context.console_device',
    'context.memory',
    JOB_TIMEOUT,
  ],
  'testpull-bbb-baseline': [ECHO, JOB_TIMEOUT],
  'uboot-kselftest-coverage': [
    DESCRIPTION,
    'actions.2.test.definitions.1.repository.metadata.description',
    'actions.2.test.definitions.1.repository.run.steps.0',
    'actions.2.test.definitions.3.repository.metadata.description',
    'actions.2.test.definitions.3.repository.metadata.environment',
    'actions.2.test.definitions.3.repository.metadata.os',
    'actions.2.test.definitions.3.repository.run.steps',
    JOB_TIMEOUT,
  ],
  'uboot-kselftest-cpufreq': [DESCRIPTION, JOB_TIMEOUT],
  'uboot-kselftest-mm-2g': [DESCRIPTION, JOB_TIMEOUT],
  'uboot-kvm-unit-tests': [DESCRIPTION, 'actions.2.test.timeout.minutes', JOB_TIMEOUT],
  'uboot-ltp-smoke': ['actions.2.test.name', JOB_TIMEOUT],
  'uboot-rpi4-baseline-nfs': [ECHO, JOB_TIMEOUT],
  'uboot-rpi4-baseline': [ECHO, JOB_TIMEOUT],
  'uboot-rt-tests-cyclictest': [
    'actions.2.test.definitions.0.parameters.AFFINITY',
    'actions.2.test.definitions.0.parameters.AFFINTIY',
    'actions.2.test.definitions.0.parameters.ARTIFACTORIAL_TOKEN',
    'actions.2.test.definitions.0.parameters.ARTIFACTORIAL_URL',
    'actions.2.test.definitions.0.parameters.HISTOGRAM',
    'actions.2.test.definitions.0.parameters.PRIORITY',
    'actions.2.test.name',
    JOB_TIMEOUT,
  ],
};
const CASES = Object.entries(SAMPLES).flatMap(([sample, parts]): [string, RequestParts, string[]][] => {
  const differences = Object.entries(DIFFERENCES).find(([name]) => name === sample)?.[1];
  return differences === undefined ? [] : [[sample, parts, differences]];
});

function readReference(name: string): string {
  return readFileSync(referencePath('reference/rendered', name), 'utf8');
}

/** The paths at which two values differ; a list of steps counts as one value. */
function differences(a: unknown, b: unknown, path: string[] = []): string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const here = path.join('.');
  const isMap = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;
  if (!isMap(a) || !isMap(b)) return [here];
  if (path.at(-1) === 'steps' && Object.keys(a).length !== Object.keys(b).length) return [here];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
}

describe('against KernelCI’s own definitions', () => {
  it('are as many as the page says', () => {
    expectCounted(CASES.length, 'definitions made of the shipped files');
    expectCounted(everyDefinition().definitions.length, 'definitions');
  });

  it.each(CASES)('%s differs only where ours is better', (sample, parts, expected) => {
    const { token, ...priority } = LABS[parts.lab ?? 'lava-collabora'] ?? { token: '', min: 0, max: 100 };
    const request = makeRequest(parts);

    const rendered = render(request, {
      lab: {
        name: parts.lab ?? 'lava-collabora',
        priority,
        callback: {
          url: `https://pipeline.kernelci.example/node/${request.node.id}`,
          tokenName: token,
          header: 'Authorization',
        },
        queueTimeoutMs: 2 * 86_400_000,
      },
      metadata: { api_config_name: 'production', storage_config_name: 'kci-storage-production' },
      uploads: { url: 'https://files.kernelci.org', tokenName: 'kci-storage-production-token' },
    });

    const ours = readDefinition(rendered.definition);
    const found = differences(parse(readReference(`lava-${sample}.yaml`)), ours);
    const test = String(ours.actions.length - 1);
    expect(found.toSorted()).toEqual(expected.map((path) => path.replace('#', test)).toSorted());
  });
});

describe('KernelCI’s own PULL_LABS definitions', () => {
  it.each([
    ['pull-qemu-arm64-boot', 'baseline-arm64-pull-labs-demo', 'qemu-arm64', 'boot', ['boot']],
    ['pull-bbb-boot', 'baseline-arm-pull-labs-demo', 'beaglebone-black', 'boot', ['boot']],
    ['pull-qemu-arm64-ltp-smoke', 'ltp-smoke-pull-labs', 'qemu-arm64', 'boot.nfs', ['ltp']],
    ['pull-qemu-arm64-ltp-syscalls', 'ltp-syscalls-pull-labs', 'qemu-arm64', 'boot.nfs', ['ltp']],
    ['pull-e850-kselftest-arm64', 'kselftest-arm64-pull-labs', RPI, 'boot.nfs', ['kselftest.arm64']],
  ])('%s is run as it says', (sample, name, platform, bootPath, roots) => {
    const definition: unknown = JSON.parse(readReference(`${sample}.json`));
    const kernel = 'Image';

    const { expectedTests: expected, definition: text } = render(
      makeRequest({ name, platform, kernel, definition }),
    );

    expect([expected.bootPath, expected.roots.map((root) => root.path)]).toEqual([bootPath, roots]);
    expect(text).toContain('https://files.kernelci.org/kbuild-gcc-15-');
  });

  it('refuses a boot that has no root file system, and says which', () => {
    const definition: unknown = JSON.parse(readReference('pull-aws-x86-boot.json'));
    const request = makeRequest({ name: 'boot-of-somebody', platform: 'qemu-x86_64', definition });

    expect(() => render(request)).toThrow(expect.objectContaining({ code: 'missing_rootfs' }));
  });
});
