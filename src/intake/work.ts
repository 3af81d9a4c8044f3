// Which of Maestro's nodes are work for us (kernelci-pipeline src/scheduler.py, August 2026). There are two kinds of
// "pull labs", and nothing on a node names them: state and definition decide.
import type { MaestroNode } from '../maestro/node.ts';

export type WorkSource = 'pull_labs' | 'lava_pull';

/** A runtime of Maestro that we serve, and the kinds of work that we take for it. */
export interface Runtime {
  name: string;
  accept: readonly WorkSource[];
}

/**
 * The kind of work that a node is for us, or undefined. PULL_LABS: `available` with a JSON definition. LAVA pull: it
 * stays `running`, with a YAML definition. Whose job_id it carries has taken it, unless that may be ourselves.
 */
export function workSource(
  node: MaestroNode,
  runtimes: readonly Runtime[],
  mayBeOurs: (jobId: string, nodeId: string) => boolean,
): WorkSource | undefined {
  const { runtime, job_id } = node.data;
  const source = kindOfWork(node);
  if (node.kind !== 'job' || source === undefined) return undefined;
  if (typeof job_id === 'string' && job_id !== '' && !mayBeOurs(job_id, node.id)) return undefined;
  return runtimes.some(({ name, accept }) => name === runtime && accept.includes(source))
    ? source
    : undefined;
}

function kindOfWork({ state, artifacts }: MaestroNode): WorkSource | undefined {
  const url = artifacts['job_definition'] ?? '';
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return undefined;
  const { pathname } = new URL(url);
  if (state === 'available' && pathname.endsWith('.json')) return 'pull_labs';
  return state === 'running' && /\.ya?ml$/.test(pathname) ? 'lava_pull' : undefined;
}
