// The cases as requests: published in Maestro, or as a file for `lava-bridge submit`.
import type { E2eCase } from './cases.ts';
import { RUNTIME, type World } from './world.ts';

type Asked = Omit<E2eCase, 'expected'>;

/** Makes Maestro publish it; returns the node's id. `commit`: what was built, if that matters. */
export function publish(world: World, asked: Asked, commit?: string): string {
  const { arch, artifacts, definition } = parts(world, asked);
  const revision = { tree: 'mainline', branch: 'master', url: 'https://git.example/mainline.git', commit };
  const data = commit === undefined ? {} : { kernel_revision: revision };
  const build = world.maestro.addBuild({ arch, artifacts, data });
  const job = { build: build.id, name: asked.name, runtime: RUNTIME, platform: asked.board };
  return world.maestro.addPullLabsJob(job, definition).id;
}

/** A request for a node that Maestro does not have. */
export function byHand(world: World, nodeId: string, asked: Asked): unknown {
  const { arch, artifacts, definition } = parts(world, asked);
  const node = {
    id: nodeId,
    kind: 'job',
    name: asked.name,
    path: [asked.name],
    state: 'available',
    artifacts,
    data: { runtime: RUNTIME, platform: asked.board, arch },
  };
  return { node, definition };
}

function parts(world: World, { name, board, tests, timeout = 120, kernelMissing }: Asked) {
  const arch = board.endsWith('arm64') ? 'arm64' : 'x86_64';
  const files = `${world.lab.files}/${arch === 'arm64' ? 'arm64' : 'amd64'}`;
  const kernel = `${files}/${kernelMissing ? 'no-such-' : ''}${arch === 'arm64' ? 'Image' : 'bzImage'}`;
  const artifacts = { kernel, ramdisk: `${files}/initramfs.cpio.gz` };
  const definition = {
    artifacts,
    tests: Object.entries(tests).map(([id, commands]) => ({
      id,
      depends: [],
      timeout_s: timeout,
      ...(commands === 'boot' ? { type: 'boot' } : { type: 'shell', commands }),
    })),
    environment: { platform: board, arch, job: name },
  };
  return { arch, artifacts, definition };
}
