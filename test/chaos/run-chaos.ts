// The run that gives the folder its name: requests come in while everything is struck, then some more in calm; in the end
// each must have come out once, and right.
import { formatDuration, MINUTE, SECOND, sleep } from '../../src/base/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { checkEnd, type Finding } from './check.ts';
import { inflict, type Toll } from './inflict.ts';
import { drawKinds, type Kind } from './kinds.ts';
import { callsPerJob, latencies, measure, type Stretch } from './measure.ts';
import { planStrikes } from './schedule.ts';
import { counted, spread, type Row } from './table.ts';
import { settled, type World } from './world.ts';

export interface Plan {
  seed: number;
  requests: number;
  kills: number;
  /** For all of it, milliseconds. */
  limitMs: number;
}

export interface Report {
  rows: Row[];
  findings: Finding[];
}

/** A tenth of the requests comes when all is well again, for the figures. */
const CALM_PART = 0.1;
const SPAN_PER_KILL = 4.8 * SECOND;
/** Between two requests of a calm stretch: less than a lab of two cores can take. */
const CALM_PACE = 700;

export async function runChaos(
  world: World,
  plan: Plan,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const startedAt = Date.now();
  const random = seededRandom(plan.seed + 2);
  const kinds = drawKinds(plan.requests, random);
  const calm = Math.round(plan.requests * CALM_PART);
  const span = Math.min(Math.max(plan.kills * SPAN_PER_KILL, 20 * SECOND), plan.limitMs * 0.55);
  const strikes = planStrikes(plan.seed, span, plan.kills);
  const left = (): number => startedAt + plan.limitMs - Date.now();

  say(`${strikes.length} strikes within ${formatDuration(span)}`);
  let toll: Toll | undefined;
  const rough = await measure(world, async () => {
    const stormy = kinds.slice(0, kinds.length - calm);
    const publishing = publishAll(world, stormy, (span * 0.85) / stormy.length, random, signal);
    const watch = setInterval(
      () => say(`${world.done()} of ${world.requests.length} are through`),
      20 * SECOND,
    );
    toll = await inflict(strikes, world, plan.seed, signal);
    clearInterval(watch);
    await publishing;
  });
  signal.throwIfAborted();
  say(`all is whole again; ${world.done()} of ${world.requests.length} are through`);
  const whole = Date.now();
  const isSettled = await settled(
    world,
    left() - MINUTE,
    every(20 * SECOND, (done) => say(`${done} are through`)),
  );
  const settling = Date.now() - whole;

  const quiet = await measure(world, async () => {
    if (!isSettled) return;
    await publishAll(world, kinds.slice(kinds.length - calm), CALM_PACE, random, signal);
    await settled(world, left(), () => undefined);
  });
  // Once more from what is stored: a daemon that has nothing left to do does nothing.
  await world.bridge.kill(0);
  await sleep(8 * SECOND, signal);

  const end = await world.end();
  const findings = checkEnd(world.requests, end);
  return { findings, rows: rowsOf(world, plan, { toll, rough, quiet, settling, startedAt }, end) };
}

/** Publishes one after the other; each board plays for up to four seconds. */
export async function publishAll(
  world: World,
  kinds: readonly Kind[],
  paceMs: number,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (const kind of kinds) {
    if (signal.aborted) return;
    world.publish(kind, Math.round(random() * 40) / 10);
    await sleep(paceMs, signal);
  }
}

function every(ms: number, tell: (done: number) => void): (done: number) => void {
  let last = Date.now();
  return (done) => {
    if (Date.now() - last < ms) return;
    last = Date.now();
    tell(done);
  };
}

interface Course {
  toll: Toll | undefined;
  rough: Stretch;
  quiet: Stretch;
  settling: number;
  startedAt: number;
}

function rowsOf(world: World, plan: Plan, course: Course, end: Awaited<ReturnType<World['end']>>): Row[] {
  const { toll, rough, quiet, settling, startedAt } = course;
  const { strikes = new Map(), away = new Map(), longestStop = 0, problems = [] } = toll ?? {};
  const wanted = world.requests.reduce((sum, { kind }) => sum + kind.attempts, 0);
  const retries = world.requests.reduce((sum, { kind }) => sum + Math.max(0, kind.attempts - 1), 0);
  const outages = new Map(
    [...strikes]
      .filter(([target]) => target !== 'daemon')
      .map(([target, n]) => {
        return [target, `${n} (${formatDuration(away.get(target) ?? 0)})`] as const;
      }),
  );
  return [
    ['seed', String(plan.seed)],
    ['requests', String(world.requests.length)],
    ['kills (SIGKILL)', String(strikes.get('daemon') ?? 0)],
    [
      'stops (SIGTERM)',
      `${strikes.get('daemon-stop') ?? 0}, the longest took ${formatDuration(longestStop)}`,
    ],
    ['ended by itself', counted(world.bridge.crashes)],
    ...[...outages]
      .filter(([target]) => target !== 'daemon-stop')
      .map(([target, text]): Row => [`outages: ${target}`, text]),
    ['disk', world.disk.kind],
    ['strikes that failed', problems.join('; ') || 'none'],
    ['callbacks', counted(world.callbacks.counts)],
    ['LAVA jobs', `${end.lavaJobs.length} (${wanted} wanted, ${retries} of them retries)`],
    ['reports to KCIDB', `${world.kcidb.submissions.size} submissions`],
    [
      'XML-RPC requests per job',
      `${callsPerJob(rough, end.lavaJobs).toFixed(1)} in chaos, ${callsPerJob(quiet, end.lavaJobs).toFixed(1)} in calm`,
    ],
    ['Finished → accepted, chaos', spread(latencies(rough, end.lavaJobs, world.acceptedAt))],
    ['Finished → accepted, calm', spread(latencies(quiet, end.lavaJobs, world.acceptedAt))],
    ['settled after the chaos', formatDuration(settling)],
    ['duration', formatDuration(Date.now() - startedAt)],
  ];
}
