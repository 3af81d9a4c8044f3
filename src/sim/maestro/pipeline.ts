// What KernelCI's pipeline does to Maestro, for the simulator: builds appear, and jobs for labs are published
// (kernelci-pipeline src/scheduler.py, August 2026).
import type { Database } from './database.ts';
import { naiveTime, nodeBody, type SimNode } from './model.ts';

/** A build to be published. What is left out is that of a plausible mainline build. */
interface BuildSpec {
  name?: string;
  arch?: string;
  compiler?: string;
  defconfig?: string;
  /** Name → URL. */
  artifacts?: Record<string, string>;
  data?: Record<string, unknown>;
}

export interface JobSpec {
  /** The kbuild node. */
  build: string;
  /** The name of Maestro's job, `baseline-arm64`. */
  name: string;
  runtime: string;
  platform: string;
  data?: Record<string, unknown>;
  retryCounter?: number;
}

export interface Pipeline {
  /** Serves a text under /files/; gives its URL. */
  serveFile: (path: string, type: string, body: string) => string;
  /** A checkout and a build of it that is `available`. */
  addBuild: (spec?: BuildSpec) => SimNode;
  /** A job of the PULL_LABS protocol: made, then `available` with its JSON definition. */
  addPullLabsJob: (spec: JobSpec, definition: unknown) => SimNode;
  /** A job for a LAVA lab that pulls: made, then with its YAML definition; it stays `running`. */
  addLavaPullJob: (spec: JobSpec, yaml: string) => SimNode;
}

interface Parts {
  database: Database;
  files: Map<string, { type: string; body: string }>;
  url: string;
  clock: () => number;
  owner: string;
}

export function createPipeline({ database, files, url, clock, owner }: Parts): Pipeline {
  const create = (body: Record<string, unknown>): SimNode =>
    database.create(nodeBody(clock()).parse({ submitter: 'service:pipeline', ...body }), owner);

  function serveFile(path: string, type: string, body: string): string {
    const place = `/files/${path}`;
    files.set(place, { type, body });
    return url + place;
  }

  function addBuild(spec: BuildSpec = {}): SimNode {
    const { arch = 'x86_64', compiler = 'gcc-14', defconfig = 'defconfig' } = spec;
    const name = spec.name ?? `kbuild-${compiler}-${arch}`;
    const treeid = clock().toString(16).padStart(64, '0');
    const checkout = create({
      kind: 'checkout',
      name: 'checkout',
      path: ['checkout'],
      treeid,
      data: { kernel_revision: REVISION },
    });
    const kbuild = create({
      kind: 'kbuild',
      name,
      group: name,
      path: ['checkout', name],
      parent: checkout.id,
      treeid,
      data: {
        kernel_revision: REVISION,
        arch,
        compiler,
        defconfig,
        config_full: defconfig,
        ...spec.data,
      },
    });
    const artifacts = spec.artifacts ?? { kernel: `${url}/files/${name}-${kbuild.id}/Image` };
    return database.change(kbuild.id, { artifacts, state: 'available', result: 'pass' }, false);
  }

  function addJob(spec: JobSpec): SimNode {
    const build = database.get(spec.build);
    if (build === undefined) throw new Error(`no node ${spec.build}`);
    return create({
      kind: 'job',
      name: spec.name,
      group: spec.name,
      parent: build.id,
      treeid: build.treeid,
      path: [...build.path, spec.name],
      retry_counter: spec.retryCounter ?? 0,
      data: { ...build.data, runtime: spec.runtime, platform: spec.platform, ...spec.data },
    });
  }

  return {
    serveFile,
    addBuild,

    addPullLabsJob: (spec, definition) => {
      const job = addJob(spec);
      const path = `pull_labs_jobs/${day(clock())}/${job.id}.json`;
      const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
      const artifacts = { job_definition: serveFile(path, 'application/json', text) };
      return database.change(job.id, { artifacts, state: 'available' }, false);
    },

    addLavaPullJob: (spec, yaml) => {
      const job = addJob(spec);
      // The file name stands twice: once as a directory.
      const path = `jobs/${day(clock())}/${job.id}.yaml/${job.id}.yaml`;
      return database.change(
        job.id,
        { artifacts: { job_definition: serveFile(path, 'application/octet-stream', yaml) } },
        false,
      );
    },
  };
}

function day(ms: number): string {
  return naiveTime(ms).slice(0, 10).replaceAll('-', '');
}

const REVISION = {
  tree: 'mainline',
  url: 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git',
  branch: 'master',
  commit: '0123456789abcdef0123456789abcdef01234567',
  describe: 'v6.18-12-g0123456789ab',
  version: { version: 6, patchlevel: 18, sublevel: null, extra: null, name: null },
  patchset: null,
  commit_tags: [],
  commit_message: 'Merge a simulated branch',
  tip_of_branch: true,
};
