// What the tests of rendering share: the shipped files, and requests as Maestro makes them.
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadBoards, type Board } from '../../src/catalog/boards.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { createRenderer, type Rendered, type RenderInput } from '../../src/templates/renderer.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
export const shipped = {
  boards: await loadBoards({ shipped: join(ROOT, 'device-types') }),
  plans: await loadPlans({ shipped: join(ROOT, 'plans') }),
  renderer: await createRenderer({ shipped: join(ROOT, 'job-templates') }),
};

export const NODE_ID = '68f0c0ffee00000000000003';
const BUILD_ID = '68f0c0ffee00000000000002';

export interface RequestParts {
  name: string;
  platform: string;
  /** The build's name; artifacts lie in `<build>-<BUILD_ID>`. */
  build?: string;
  kernel?: string;
  configFull?: string;
  definition?: unknown;
  lab?: string;
  artifacts?: Record<string, string>;
}

export function buildUrl(build = 'kbuild-gcc-14-arm64'): string {
  return `https://files.kernelci.org/${build}-${BUILD_ID}/`;
}

export function makeRequest(parts: RequestParts): JobRequest {
  const { name, platform, build = 'kbuild-gcc-14-arm64', kernel = 'Image' } = parts;
  const base = buildUrl(build);
  const data = {
    runtime: parts.lab ?? 'lava-collabora',
    platform,
    tree_priority: 'high',
    kernel_type: kernel.toLowerCase(),
    config_full: parts.configFull ?? 'defconfig',
    kernel_revision: {
      tree: 'mainline',
      url: 'https://git.kernel.org/',
      branch: 'master',
      commit: '0123456789abcdef0123456789abcdef01234567',
      describe: 'v6.18-12-g0123456789ab',
    },
  };
  return JobRequest.parse({
    node: { id: NODE_ID, kind: 'job', name, path: ['checkout', build, name], state: 'running', data },
    kbuild: {
      id: BUILD_ID,
      kind: 'kbuild',
      name: build,
      path: ['checkout', build],
      state: 'available',
      artifacts: parts.artifacts ?? {
        kernel: `${base}${kernel}`,
        modules: `${base}modules.tar.xz`,
        kselftest_tar_xz: `${base}kselftest.tar.xz`,
        metadata: `${base}metadata.json`,
      },
      data,
    },
    ...(parts.definition === undefined ? {} : { definition: parts.definition }),
  });
}

export type InputParts = Partial<Omit<RenderInput, 'request' | 'board'>> & { board?: Board };

export function makeInput(request: JobRequest, parts: InputParts = {}): RenderInput {
  const { board = shipped.boards.get(request.node.data.platform ?? '', undefined), ...rest } = parts;
  const base = request.kbuild?.artifacts['metadata']?.replace('metadata.json', '') ?? '';
  return {
    request,
    board,
    plans: shipped.plans,
    lab: {
      name: request.node.data.runtime ?? '',
      priority: { min: 40, max: 60 },
      callback: {
        url: `https://pipeline.kernelci.example/node/${request.node.id}`,
        tokenName: 'kernelci-api-token-staging',
        header: 'Authorization',
      },
      queueTimeoutMs: 2 * 86_400_000,
    },
    instance: 'production',
    dtbs: Object.fromEntries(board.dtb.map((path) => [path, `${base}${path}`])),
    ...rest,
  };
}

export function render(request: JobRequest, parts: InputParts = {}): Rendered {
  return shipped.renderer.render(makeInput(request, parts));
}

/** A definition as PyYAML would read it: YAML 1.1. */
export function readDefinition(text: string): Record<string, unknown> & { actions: Record<string, never>[] } {
  return parse(text, { version: '1.1' }) as Record<string, unknown> & { actions: Record<string, never>[] };
}
