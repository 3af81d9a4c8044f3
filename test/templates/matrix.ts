// Every definition that the shipped templates can produce, by its form: each shipped board, booted each way, with each
// test, and with what changes the form (coverage, containers, namespaces, kernel arguments, …).
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Board } from '../../src/catalog/boards.ts';
import { RequestError } from '../../src/core/errors.ts';
import { makeInput, makeRequest, ROOT, shipped, type InputParts } from './support.ts';
import type { RenderInput } from '../../src/templates/renderer.ts';

export interface MatrixEntry {
  label: string;
  input: RenderInput;
}

/** What a PULL_LABS request says to a test type; nothing to those that are not here. */
const PARAMETERS: Record<string, Record<string, unknown>> = {
  blktests: { parameters: 'test_group=loop test_device=/dev/sda' },
  'fault-injection': {
    test_name: 'slab',
    test_command: 'ls -l /',
    parameters: 'fail_type=failslab iterations=2',
  },
  'fluster-chromeos': { testsuite: 'JVT-AVC_V1', decoders: ['GStreamer-H.264-V4L2-Gst1.0'] },
  'fluster-debian': {
    testsuite: 'JVT-AVC_V1',
    decoders: ['GStreamer-H.264-V4L2-Gst1.0', 'GStreamer-H.264-V4L2SL-Gst1.0'],
  },
  git: {
    repository: 'https://github.com/linaro/test-definitions.git',
    path: 'automated/linux/smoke/smoke.yaml',
    revision: 'master',
    branch: 'master',
    parameters: 'A=b C="d e"',
  },
  inline: { definition: { run: { steps: ['lava-test-case a --result pass'] }, install: { deps: ['curl'] } } },
  kselftest: { parameters: 'collections=net tests=a skipfile=https://a.example/s.yaml env=A=b' },
  'kselftest-platform-parameters': { parameters: 'collections=devices/exist' },
  ltp: { parameters: 'tst_cmdfiles=syscalls workers=max shard_number=4 shard_index=2', subset: ['a', 'b'] },
  'rt-tests': { parameters: 'tst_cmd=cyclictest' },
  shell: { commands: ['uname -a', 'echo "a: b" # c'], 'pre-commands': ['true'] },
  sleep: { parameters: 'sleep_params=mem' },
  'watchdog-reset': { bl_message: 'U-Boot' },
};

const TESTS = readdirSync(join(ROOT, 'job-templates/test')).map((file) => basename(file, '.yaml.hbs'));

const KERNELS: Record<string, string[]> = {
  arm: ['zImage'],
  arm64: ['Image', 'Image.gz'],
  riscv: ['Image.gz'],
  x86_64: ['bzImage'],
};

interface Variant {
  label: string;
  board?: (board: Board) => Partial<Board>;
  configFull?: string;
  input?: InputParts;
  test?: Record<string, unknown>;
}

/** What changes the form besides board, boot and test. */
const VARIANTS: Variant[] = [
  { label: 'plain' },
  {
    label: 'coverage',
    configFull: 'defconfig+coverage',
    input: { uploads: { url: 'https://f.example', tokenName: 't' } },
  },
  { label: 'fault-injection', configFull: 'defconfig+fault-injection' },
  { label: 'arguments', board: (b) => ({ params: { ...b.params, extra_kernel_args: 'kpti=off a=b' } }) },
  { label: 'namespace', board: (b) => ({ params: { ...b.params, namespace: 'dut' } }) },
  { label: 'container', board: (b) => ({ params: { ...b.params, docker_image: 'kernelci/qemu' } }) },
  { label: 'tags', board: () => ({ tags: ['usb-ethernet'] }) },
  {
    label: 'login',
    board: (b) => ({
      params: {
        ...b.params,
        prompts: ['root@(.*):'],
        auto_login: { login_prompt: 'login:', username: 'root' },
      },
    }),
  },
  { label: 'around', test: { 'pre-commands': ['echo before'], 'post-commands': ['echo after'] } },
];

const base = 'https://files.kernelci.org/kbuild-68f0c0ffee00000000000002/';

export function* matrix(): Generator<MatrixEntry> {
  for (const name of shipped.boards.names()) {
    const board = shipped.boards.get(name, undefined);
    for (const boot of ['ramdisk', 'nfs']) {
      for (const variant of VARIANTS) {
        for (const kernel of KERNELS[board.arch] ?? []) {
          for (const type of TESTS) {
            if (variant.label !== 'plain' && !['boot', 'kselftest', 'ltp', 'shell'].includes(type)) continue;
            yield {
              label: `${name} ${boot} ${kernel} ${type} ${variant.label}`,
              input: entry(board, boot, kernel, type, { ...PARAMETERS[type], ...variant.test }, variant),
            };
          }
        }
      }
    }
  }
}

function entry(
  board: Board,
  boot: string,
  kernel: string,
  type: string,
  test: Record<string, unknown>,
  variant: Variant,
): RenderInput {
  const root =
    boot === 'nfs' ? { rootfs: `${base}full.rootfs.tar.xz` } : { ramdisk: `${base}rootfs.cpio.gz` };
  const request = makeRequest({
    name: 'matrix',
    platform: board.name,
    kernel,
    configFull: variant.configFull ?? 'defconfig',
    definition: {
      artifacts: {
        kernel: `${base}${kernel}`,
        modules: `${base}modules.tar.xz`,
        kselftest: `${base}kselftest.tar.xz`,
        ...root,
      },
      tests: [{ id: `test-${type}`, type, ...test }],
    },
  });
  return makeInput(request, { ...variant.input, board: { ...board, ...variant.board?.(board) } });
}

/** Job names that the shipped plans are for. */
function planNames(): string[] {
  const parts: Record<string, string> = {
    'ltp-*': 'math',
    'rt-tests-*': 'pmqtest',
    'rt-tests-rtla-*': 'osnoise',
  };
  return shipped.plans.names().map((name) => name.replace('*', parts[name] ?? 'arm64'));
}

/** All different definitions by what they are of, and how often the templates said that a board cannot do a thing. */
export function everyDefinition(): {
  definitions: { label: string; definition: string }[];
  unsupported: number;
} {
  const found = new Map<string, string>();
  let unsupported = 0;
  const add = (label: string, input: RenderInput): void => {
    try {
      const { definition } = shipped.renderer.render(input);
      if (!found.has(definition)) found.set(definition, label);
    } catch (error) {
      // What a board cannot do at all is refused by its template: NFS with fastboot, a bzImage with U-Boot.
      if (!(error instanceof RequestError) || !/^unsupported_(?:boot|kernel)$/.test(error.code)) throw error;
      unsupported++;
    }
  };
  for (const { label, input } of matrix()) add(label, input);
  for (const name of planNames()) {
    for (const platform of [
      'qemu-x86_64',
      'qemu-arm64',
      'bcm2711-rpi-4-b',
      'mt8183-kukui-jacuzzi-juniper-sku16',
    ]) {
      const kernel = platform === 'qemu-x86_64' ? 'bzImage' : 'Image';
      add(`${name} on ${platform}`, makeInput(makeRequest({ name, platform, kernel })));
    }
  }
  const definitions = [...found].map(([definition, label]) => ({ label, definition }));
  return { definitions, unsupported };
}
