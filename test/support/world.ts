// A world for tests: simulators and the real daemon in this process, with a clock that can be moved on, and the log kept.
// What a test has started is stopped when it ends.
import { createLogger } from '../../src/core/logger.ts';
import type { ReasonCode } from '../../src/core/reason-codes.ts';
import { publishShellJob, shellDefinition } from '../../src/demo/shell-job.ts';
import { DEMO_LAB, startWorld, type World } from '../../src/demo/world.ts';
import {
  NOT_ENDED,
  STAGES,
  type AttemptRecord,
  type DeliveryRecord,
  type ListedJob,
  type StageName,
  type TimelineRecord,
} from '../../src/store/index.ts';
import { atEnd } from './at-end.ts';
import { newFolder } from './folder.ts';
import { nearReader } from './near-reader.ts';
import { until } from './wait.ts';

export { atEnd, until };

export const LAB = DEMO_LAB;
export const X86 = 'qemu-x86_64';
export const ARM64 = 'qemu-arm64';

export interface TestWorld extends World {
  folder: string;
  /** What the daemon logged, a JSON object a line. */
  log: string[];
  /** Moves the daemon's clock on, and lets it see what is due now. */
  jump: (ms: number) => void;
  /** Lets the daemon's clock run so many times faster until the test ends. */
  fly: (times?: number) => void;
  /** Publishes a job in Maestro; gives the node's id. */
  publish: (spec?: JobSpec) => string;
  job: (nodeId: string) => Promise<ListedJob | undefined>;
  /** Waits until the job is at that stage, or past it. */
  at: (nodeId: string, stage: StageName) => Promise<ListedJob>;
  /** Waits until nothing is left to do for the job, and all that was to be sent for it has ended: that of best effort, too. */
  ended: (nodeId: string) => Promise<ListedJob>;
  /** Waits for a reason that the job shows, by its code or one of several; `naming`: a name or word of others in its text. */
  waits: (nodeId: string, code: ReasonCode | readonly ReasonCode[], naming?: string) => Promise<ListedJob>;
  attempts: (nodeId: string) => Promise<AttemptRecord[]>;
  deliveries: (nodeId: string) => Promise<DeliveryRecord[]>;
  /** The job's timeline, or its lines of one code. */
  timeline: (nodeId: string, code?: ReasonCode) => Promise<TimelineRecord[]>;
  /** The daemon's HTTP, as whoever calls it sees it. */
  http: (path: string, init?: RequestInit) => Promise<{ status: number; text: string; json: unknown }>;
  /** How the state of Maestro's node changed: `running→available`. */
  transitions: (nodeId: string) => string[];
  /** Those of these changes that Maestro's events tell of. */
  transitionEvents: (nodeId: string) => string[];
}

export interface JobSpec {
  name?: string;
  scenario?: string;
  board?: string;
  lab?: string;
  retryCounter?: number;
  /** Of the build; `high` in Maestro. */
  priority?: string;
  /** Of the build's source. */
  tree?: string;
  commit?: string;
  /** The build's name. */
  build?: string;
}

type Options = Partial<Omit<Parameters<typeof startWorld>[0], 'log' | 'now'>>;

export async function testWorld(options: Options = {}): Promise<TestWorld> {
  const folder = options.folder ?? (await newFolder());
  const log: string[] = [];
  let offset = 0;
  const world = await startWorld({
    poll: '200ms',
    drift: () => 0,
    delays: {
      claimSettle: 100,
      kcidbFirstLook: 100,
      askParts: 3_600_000,
      notify: 200,
      quietAfterCrash: 500,
    },
    // On PostgreSQL the reader is no thread.
    ...(options.config?.['store'] === undefined ? { reader: nearReader } : {}),
    ...options,
    folder,
    log: createLogger('debug', { write: (line) => log.push(line) }),
    now: () => Date.now() + offset,
  });
  let stopped: Promise<void> | undefined;
  const { stop } = world;
  world.stop = () => (stopped ??= stop());
  atEnd(() => world.stop());

  function jump(ms: number): void {
    offset += ms;
    const { context } = world.daemon;
    for (const lab of context.labs.keys()) context.wake(lab);
    context.wakeOutbox();
  }

  const job = (nodeId: string): Promise<ListedJob | undefined> => findJob(world, nodeId);
  const idOf = async (nodeId: string): Promise<string> => (await job(nodeId))?.id ?? '';
  const { store } = world.daemon.context;
  const test: TestWorld = Object.assign(world, {
    folder,
    log,
    jump,
    fly(times = 20) {
      const timer = setInterval(() => jump(TICK * times), TICK);
      atEnd(async () => clearInterval(timer));
    },
    publish: (spec = {}) => publishJob(world, spec),
    job,
    at: (nodeId, stage) =>
      until(`${nodeId} is ${stage}`, async () => {
        const found = await job(nodeId);
        return found !== undefined && STAGES.indexOf(found.stage) >= STAGES.indexOf(stage)
          ? found
          : undefined;
      }),
    ended: (nodeId) =>
      until(`${nodeId} has ended`, async () => {
        const found = await job(nodeId);
        if (!found?.done) return undefined;
        const isOpen = (await test.deliveries(nodeId)).some(({ state }) =>
          NOT_ENDED.some((s) => s === state),
        );
        return isOpen ? undefined : found;
      }),
    waits: (nodeId, code, naming = '') =>
      until(`${nodeId} waits: ${[code].flat().join(' or ')} ${naming}`, async () => {
        const found = await job(nodeId);
        const isIt = [code].flat().some((one) => one === found?.reason?.code);
        return isIt && found?.reason?.text.includes(naming) ? found : undefined;
      }),
    attempts: async (nodeId) => current().attempts(await idOf(nodeId)),
    deliveries: async (nodeId) => current().deliveries(await idOf(nodeId)),
    async timeline(nodeId, code) {
      const lines = await current().timeline(await idOf(nodeId));
      return code === undefined ? lines : lines.filter((line) => line.code === code);
    },
    async http(path, init) {
      const answer = await fetch(`${world.url}${path}`, { signal: AbortSignal.timeout(120_000), ...init });
      const text = await answer.text();
      return { status: answer.status, text, json: parsed(text) };
    },
    transitions: (nodeId) =>
      world.maestro.database.transitions
        .filter(({ id }) => id === nodeId)
        .map(({ from, to }) => `${from}→${to}`),
    transitionEvents: (nodeId) =>
      world.maestro.database.events
        .filter(({ data }) => data['id'] === nodeId && data['op'] === 'updated')
        .map(({ data }) => `${String(data['previous_state'])}→${String(data['state'])}`)
        .filter((text) => new Set(text.split('→')).size === 2),
  } satisfies Omit<TestWorld, keyof World>);
  return test;

  function current(): typeof store {
    return world.daemon.context.store;
  }
}

async function findJob(world: World, nodeId: string): Promise<ListedJob | undefined> {
  const [found] = await world.daemon.context.store.jobs({ nodeId, limit: 1 });
  return found;
}

/** The definition of a PULL_LABS job. */
export function definition(
  { maestro }: World,
  { name = 'smoke', ...spec }: JobSpec,
): ReturnType<typeof shellDefinition> {
  return shellDefinition(maestro, { name, ...spec });
}

/** How often a clock that flies is moved on (ms): each time all the daemon's loops look for work. */
const TICK = 100;

let published = 0;

function publishJob({ maestro }: World, spec: JobSpec): string {
  const { name = `smoke-${++published}`, build, tree = 'mainline', commit, priority, retryCounter } = spec;
  const revision = { tree, branch: 'master', url: `https://git.example/${tree}.git`, commit };
  return publishShellJob(
    maestro,
    { ...spec, name },
    {
      build: {
        ...(build === undefined ? {} : { name: build }),
        data: {
          ...(priority === undefined ? {} : { tree_priority: priority }),
          ...(commit === undefined ? {} : { kernel_revision: revision }),
        },
      },
      job: {
        ...(retryCounter === undefined ? {} : { retryCounter }),
        ...(priority === undefined ? {} : { data: { tree_priority: priority } }),
      },
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
