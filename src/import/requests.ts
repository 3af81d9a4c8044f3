// A plausible request for a combination: the nodes that KernelCI would make, with invented ids and the files that a
// build of that kind has (kernelci-core kernelci/kbuild.py). For trying out what was imported.
import { createHash } from 'node:crypto';
import type { Build } from './builds.ts';
import type { BuildFacts } from './rules.ts';
import type { Combination } from './scheduler.ts';

/** A request for one combination, to be rendered. */
export interface Sample {
  /** Names the combination: `job platform lab build`. */
  id: string;
  node: Record<string, unknown>;
  kbuild: Record<string, unknown>;
}

const KERNELS: Readonly<Record<string, string>> = {
  arm: 'zImage',
  arm64: 'Image',
  i386: 'bzImage',
  riscv: 'Image',
  x86_64: 'bzImage',
};

export function combinationId({ job, platform, lab, build }: Combination): string {
  return [job, platform, lab, build ?? 'any-build'].join(' ');
}

/** `arch`: the board's. `filesUrl`: where builds' files lie. */
export function sampleRequest(
  combination: Combination,
  {
    facts,
    build,
    arch,
    filesUrl,
  }: { facts: BuildFacts; build: Build | undefined; arch: string; filesUrl: string },
): Sample {
  const id = combinationId(combination);
  const buildName = combination.build ?? `kbuild-${arch}`;
  const kbuildId = nodeId(`${buildName} ${facts.tree} ${facts.branch}`);
  const params = build?.job.params ?? {};
  const kernel = KERNELS[arch] ?? 'vmlinux';
  const fragments = [facts.fields['fragments'] ?? []].flat();
  const defconfig = [facts.fields['defconfig'] ?? 'defconfig'].flat();
  const data = {
    kernel_revision: {
      tree: facts.tree,
      url: `https://git.example/${facts.tree}.git`,
      branch: facts.branch,
      commit: '0123456789abcdef0123456789abcdef01234567',
      describe: 'v6.18-12-g0123456789ab',
      version: facts.version ?? { version: 6, patchlevel: 18 },
    },
    arch: facts.fields['arch'] ?? arch,
    compiler: facts.fields['compiler'] ?? 'gcc-14',
    defconfig: defconfig[0],
    config_full: [...defconfig, ...fragments].join('+'),
    fragments,
    kernel_type: kernel.toLowerCase(),
  };
  const files = `${filesUrl.replace(/\/+$/, '')}/${buildName}-${kbuildId}/`;
  const bundle = params['backend'] === 'tuxmake' ? 'xz' : 'gz';
  return {
    id,
    node: {
      id: nodeId(id),
      kind: 'job',
      name: combination.job,
      group: combination.job,
      path: ['checkout', buildName, combination.job],
      parent: kbuildId,
      state: 'available',
      submitter: 'service:pipeline',
      data: { ...data, runtime: combination.lab, platform: combination.platform },
    },
    kbuild: {
      id: kbuildId,
      kind: 'kbuild',
      name: buildName,
      path: ['checkout', buildName],
      state: 'available',
      result: 'pass',
      artifacts: {
        kernel: `${files}${kernel}`,
        modules: `${files}modules.tar.xz`,
        metadata: `${files}metadata.json`,
        ...(params['kselftest'] === 'disable'
          ? {}
          : { [`kselftest_tar_${bundle}`]: `${files}kselftest.tar.${bundle}` }),
      },
      data,
    },
  };
}

/** 24 hex digits that are always the same for a text. */
function nodeId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
