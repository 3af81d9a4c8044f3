// What the tests of Maestro's client and feed share.
import type { MaestroSimulator } from '../../src/sim/maestro/server.ts';
import type { SimNode } from '../../src/sim/maestro/model.ts';
import type { JobSpec } from '../../src/sim/maestro/pipeline.ts';

export const DEFINITION = {
  artifacts: { kernel: 'https://files.example/bzImage' },
  tests: [{ id: 'boot-test', type: 'boot', depends: [], timeout_s: 600 }],
  environment: { platform: 'qemu', arch: 'x86_64' },
};

/** A published PULL_LABS job of a build of its own. */
export function someJob(sim: MaestroSimulator, spec: Partial<JobSpec> = {}): SimNode {
  const build = spec.build ?? sim.addBuild().id;
  return sim.addPullLabsJob(
    { build, name: 'baseline-x86', runtime: 'lava-lab', platform: 'qemu', ...spec },
    DEFINITION,
  );
}

/** What the events of one node said, the oldest first. */
export function eventsOf(sim: MaestroSimulator, id: string): Record<string, unknown>[] {
  return sim.database.events.map((event) => event.data).filter((data) => data['id'] === id);
}
