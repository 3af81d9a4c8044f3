// Sends the demo's requests through the world and holds what comes out against what must.
import { sleep } from '../core/time.ts';
import { cancelJob } from '../lifecycle/orders.ts';
import type { ListedJob, StoredVerdict } from '../store/index.ts';
import type { DemoCase } from './cases.ts';
import { publishShellJob, shellDefinition } from './shell-job.ts';
import { DEMO_LAB, type World } from './world.ts';

/** What came of a case of the demo. */
export interface DemoResult {
  demo: DemoCase;
  job: ListedJob;
  verdict: StoredVerdict | undefined;
  lavaIds: number[];
  /** What is not as it must be; empty if all is. */
  faults: string[];
}

/** Makes Maestro publish one job for each case, for one lab; returns the nodes' ids by the case's name. */
export function publish(world: World, cases: readonly DemoCase[], lab = DEMO_LAB): Map<string, string> {
  const ids = new Map<string, string>();
  const { maestro } = world;
  for (const { name, scenario, board } of cases) {
    const job = { name, scenario, board, lab, commands: COMMANDS };
    const { kernel } = shellDefinition(maestro, job).artifacts;
    const artifacts = { kernel, modules: new URL('modules.tar.xz', kernel).href };
    ids.set(name, publishShellJob(maestro, job, { build: { artifacts } }));
  }
  return ids;
}

const COMMANDS = [
  'lava-test-case kernel-version --shell uname -r',
  'lava-test-case memory --result pass --measurement 2048 --units MB',
  'lava-test-case filesystem --shell mount',
];

/** Waits until every job has ended, or the time (ms) is over; calls `progress` about four times a second. */
export async function follow(
  world: World,
  cases: readonly DemoCase[],
  nodes: ReadonlyMap<string, string>,
  limit: number,
  progress: (jobs: readonly (ListedJob | undefined)[]) => void,
): Promise<(ListedJob | undefined)[]> {
  const { context } = world.daemon;
  const until = Date.now() + limit;
  for (;;) {
    const jobs = await Promise.all(
      cases.map(({ name }) => context.store.job(`${DEMO_LAB}:${nodes.get(name) ?? ''}`)),
    );
    progress(jobs);
    for (const [i, job] of jobs.entries()) {
      if (cases[i]?.cancel && job?.stage === 'running' && job.cancel === null) {
        await cancelJob(job, 'not wanted any more', context);
      }
    }
    if (jobs.every((job) => job?.done === true) || Date.now() > until) return jobs;
    await sleep(250);
  }
}

/** Holds the ended jobs, the nodes and the reports against what the cases say. */
export async function compare(
  world: World,
  cases: readonly DemoCase[],
  nodes: ReadonlyMap<string, string>,
  jobs: readonly (ListedJob | undefined)[],
): Promise<DemoResult[]> {
  const results: DemoResult[] = [];
  for (const [i, demo] of cases.entries()) {
    const job = jobs[i];
    if (!job) throw new Error(`${demo.name} was never received`);
    const attempts = await world.daemon.context.store.attempts(job.id);
    const lavaIds = attempts.flatMap((a) => (a.lavaId === null ? [] : [a.lavaId]));
    const verdict = job.verdict ?? undefined;
    const node = world.maestro.node(nodes.get(demo.name) ?? '');
    const statuses = reportedStatuses(world, job, lavaIds);
    const wanted: [what: string, is: unknown, must: unknown][] = [
      ['stage', job.stage, 'reported'],
      ['rule', verdict?.rule, demo.rule],
      ['boot in KCIDB', statuses.get('boot'), demo.boot],
      ['test in KCIDB', statuses.get('shell'), demo.test],
      ['node state', node?.['state'], 'done'],
      ['node result', node?.['result'], demo.result],
      ['LAVA jobs', lavaIds.length, demo.lavaJobs ?? 1],
    ];
    const faults = wanted
      .filter(([, is, must]) => is !== must)
      .map(([what, is, must]) => `${what} is ${String(is)}, not ${String(must)}`);
    results.push({ demo, job, verdict, lavaIds, faults });
  }
  return results;
}

/** The statuses that KCIDB has for a job's roots, by path. */
function reportedStatuses(world: World, job: ListedJob, lavaIds: readonly number[]): Map<string, string> {
  const key = lavaIds.at(-1) ?? job.nodeId;
  const prefix = `demo:${DEMO_LAB}-${key}-`;
  return new Map(
    world.kcidb
      .objects('tests')
      .filter((test) => String(test['id']).startsWith(prefix))
      .map((test) => [String(test['path']), String(test['status'])]),
  );
}
