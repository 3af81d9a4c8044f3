// Jobs and judged runs to be put into a store, in a few words.
import type { JudgedRun, NewJob } from '../../src/store/index.ts';
import { JobRequest } from '../../src/maestro/request.ts';

export interface Source {
  tree?: string;
  branch?: string;
  commit?: string;
  build?: string;
}

/** A Maestro node id of a number. */
export function nodeIdOf(n: number): string {
  return n.toString(16).padStart(24, '0');
}

/** A request whose build is of that source. */
export function requestOf(id: string, source: Source = {}, name = 'smoke'): JobRequest {
  const { tree = 'mainline', branch = 'master', commit = 'c'.repeat(40), build = 'b'.repeat(24) } = source;
  const node = { id, kind: 'job', name, path: [name], state: 'available' };
  const kernel_revision = { tree, branch, commit, url: 'https://git.example.com/linux' };
  const kbuild = {
    id: build,
    kind: 'kbuild',
    name: 'kbuild',
    path: [],
    state: 'done',
    data: { kernel_revision },
  };
  return JobRequest.parse({ node, kbuild });
}

export function newJob(n: number, change: Partial<NewJob> = {}, source: Source = {}): NewJob {
  const nodeId = nodeIdOf(n);
  return {
    lab: 'lava-a',
    nodeId,
    source: 'push',
    name: 'smoke',
    board: 'qemu-x86_64',
    request: requestOf(nodeId, source),
    priority: 10,
    ending: null,
    stage: 'received',
    ...change,
  };
}

/** A run that passed; what is otherwise stands in `change`. */
export function judgedRun(change: Partial<JudgedRun> = {}): JudgedRun {
  const { result = 'pass', rule = 'complete', layer = 'none' } = change;
  return {
    n: 1,
    counts: true,
    device: 'qemu-01',
    lavaId: 7,
    result,
    rule,
    layer,
    queueMs: 2000,
    runMs: 60_000,
    bootMs: 9000,
    startedAt: Date.parse('2026-08-21T10:00:00Z'),
    finishedAt: Date.parse('2026-08-21T10:01:00Z'),
    verdict: { rule, why: [], reached: 'end', result, layer, tests: [], issues: [] },
    tests: [],
    issues: [],
    ...change,
  };
}
