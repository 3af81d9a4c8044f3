// A job for the simulators: a build in Maestro, and a job node that wants the test `shell` on a board of the played lab.
import type { MaestroSimulator } from '../sim/maestro/server.ts';
import { DEMO_LAB } from './world.ts';

export interface ShellJob {
  /** The name of Maestro's job. */
  name: string;
  /** What happens to it: a scenario of the LAVA simulator; `pass` if it is not there. */
  scenario?: string | undefined;
  /** `qemu-x86_64` if it is not there. */
  board?: string | undefined;
  lab?: string | undefined;
  /** What the test runs. */
  commands?: readonly string[];
}

type Maestro = Pick<MaestroSimulator, 'url' | 'addBuild' | 'addPullLabsJob'>;

/** What else the two nodes hold. */
interface More {
  build?: Parameters<Maestro['addBuild']>[0];
  job?: Partial<Parameters<Maestro['addPullLabsJob']>[0]>;
}

/** The definition of a PULL_LABS job. */
export function shellDefinition(
  { url }: Pick<Maestro, 'url'>,
  { name, scenario = 'pass', board = 'qemu-x86_64', commands = KERNEL_VERSION }: ShellJob,
): {
  artifacts: { kernel: string; ramdisk: string };
  environment: { platform: string; arch: string };
} & Record<string, unknown> {
  const arch = board === 'qemu-arm64' ? 'arm64' : 'x86_64';
  const files = `${url}/files/scenario/${scenario}/${name}`;
  return {
    artifacts: {
      kernel: `${files}/${arch === 'arm64' ? 'Image' : 'bzImage'}`,
      ramdisk: `${files}/rootfs.cpio.gz`,
    },
    tests: [
      {
        id: 'shell',
        type: 'shell',
        depends: [],
        timeout_s: 300,
        'pre-commands': [],
        'post-commands': commands,
      },
    ],
    environment: { platform: board, arch },
  };
}

const KERNEL_VERSION = ['lava-test-case kernel-version --shell uname -r'];

/** Makes Maestro publish it; gives the id of the job's node. */
export function publishShellJob(maestro: Maestro, job: ShellJob, more: More = {}): string {
  const { name, lab = DEMO_LAB } = job;
  const definition = shellDefinition(maestro, job);
  const { artifacts, environment } = definition;
  const build = maestro.addBuild({ arch: environment.arch, artifacts, ...more.build });
  const node = { build: build.id, name, runtime: lab, platform: environment.platform, ...more.job };
  return maestro.addPullLabsJob(node, definition).id;
}
