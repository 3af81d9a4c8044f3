// The run that gives the folder its name: requests come in while everything is struck, then some more in calm; in the end
// each must have come out once, and right.
import { formatDuration, MINUTE, SECOND, sleep } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { checkEnd, type End } from './check.ts';
import { inflict, type Toll } from './inflict.ts';
import { drawKinds } from './kinds.ts';
import { callsPerJob, latencies, measure, type Stretch } from './measure.ts';
import { inWorld, publishAll, settled, type Io, type Plan, type Report } from './scenario.ts';
import { planFaults, spanPerKill } from './schedule.ts';
import { counted, spread, type Row } from './table.ts';
import type { World, WorldOptions } from './world.ts';

/** A tenth of the requests comes when all is well again, for the figures. */
const CALM_PART = 0.1;
/** Between two requests of a calm stretch: less than a lab of two cores can take. */
const CALM_PACE = SECOND;
/** How much of the time the chaos may take. */
const CHAOS_PART = 0.6;
/** For the calm stretch, once the chaos is over and settled. */
const CALM_TIME = 2 * MINUTE;

export function runChaos(options: WorldOptions, plan: Plan, io: Io): Promise<Report> {
  return inWorld(options, plan, (world) => storm(world, plan, io));
}

async function storm(world: World, plan: Plan, io: Io): Promise<Report> {
  const { say, signal } = io;
  const startedAt = Date.now();
  const random = seededRandom(plan.seed + 2);
  const kinds = drawKinds(plan.requests, random);
  const calm = Math.round(plan.requests * CALM_PART);
  const daemons = world.bridges.length;
  const span = Math.max(plan.kills * spanPerKill(daemons), 20 * SECOND);
  // A slow machine needs longer for the kills; the other faults go on as long.
  const spared = world.cluster === undefined ? 'store' : 'disk';
  const schedule = planFaults(plan.seed, {
    spanMs: plan.until - startedAt,
    kills: plan.kills,
    daemons,
    spared,
  });

  const enough = AbortSignal.any([
    signal,
    AbortSignal.timeout(Math.round((plan.until - startedAt) * CHAOS_PART)),
  ]);
  const course: Course = { startedAt, wholeAt: 0, settledAt: 0 };
  course.rough = await measure(world, async () => {
    const stormy = kinds.slice(0, kinds.length - calm);
    const publishing = publishAll(world, stormy, (span * 0.85) / stormy.length, random, signal);
    const watch = setInterval(
      () => say(`${world.done()} of ${world.requests.length} are through`),
      20 * SECOND,
    );
    course.toll = await inflict(schedule, world, { seed: plan.seed, spanMs: span }, enough);
    clearInterval(watch);
    await publishing;
    course.wholeAt = Date.now();
    say(`all is whole again; ${world.done()} of ${world.requests.length} are through`);
    await settled(world, plan.until - CALM_TIME, io);
    course.settledAt = Date.now();
  });
  course.quiet = await measure(world, async () => {
    await publishAll(world, kinds.slice(kinds.length - calm), CALM_PACE, random, signal);
    await settled(world, plan.until, io);
  });
  // Once more from what is stored: a daemon that has nothing left to do does nothing.
  await Promise.all(world.bridges.map((bridge) => bridge.strike('SIGKILL', 0)));
  await sleep(8 * SECOND, signal);
  signal.throwIfAborted();

  const end = await world.end();
  const findings = checkEnd(world.requests, end);
  const kills = sum([...(course.toll?.kills.values() ?? [])]);
  if (kills < plan.kills) {
    const text = `only ${kills} of ${plan.kills} kills found time; more --minutes`;
    findings.push({ what: 'wrong', nodeId: 'the run', text });
  }
  if (world.requests.length < plan.requests) {
    const text = `only ${world.requests.length} of ${plan.requests} requests were published; more --minutes`;
    findings.push({ what: 'wrong', nodeId: 'the run', text });
  }
  return { findings, rows: rowsOf(world, plan, course, end) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

interface Course {
  startedAt: number;
  /** When all strikes were over, and when what they had left behind was worked up. */
  wholeAt: number;
  settledAt: number;
  toll?: Toll;
  rough?: Stretch;
  quiet?: Stretch;
}

function rowsOf(world: World, plan: Plan, course: Course, end: End): Row[] {
  const { toll, rough, quiet, wholeAt, settledAt, startedAt } = course;
  const { stops = [], pauses = [], strikes = new Map(), away = new Map(), problems = [] } = toll ?? {};
  const kills = world.bridges.map((_, i) => toll?.kills.get(i) ?? 0);
  const wanted = sum(world.requests.map(({ kind }) => kind.attempts));
  const retries = sum(world.requests.map(({ kind }) => Math.max(0, kind.attempts - 1)));
  const perJob = (stretch: Stretch | undefined): string =>
    stretch === undefined ? '-' : callsPerJob(stretch, end.lavaJobs).toFixed(1);
  const times = (stretch: Stretch | undefined): string =>
    spread(stretch === undefined ? [] : latencies(stretch, end.lavaJobs, world.acceptedAt));
  return [
    ['seed', String(plan.seed)],
    ['requests', String(world.requests.length)],
    ['kills (SIGKILL)', kills.length > 1 ? `${sum(kills)} (${kills.join(' + ')})` : String(sum(kills))],
    ['stops (SIGTERM)', `${stops.length}, the longest took ${formatDuration(Math.max(0, ...stops))}`],
    ['pauses (SIGSTOP)', `${pauses.length}, together ${formatDuration(sum(pauses))}`],
    ['set aside after two deaths, and taken up', String(world.takenUp())],
    ['ended by itself', world.bridges.map(({ crashes }) => counted(crashes)).join('; ')],
    ...[...strikes].map(([target, n]): Row => {
      return [`outages: ${target}`, `${n}, together ${formatDuration(away.get(target) ?? 0)}`];
    }),
    ['disk', world.disk.kind],
    ['strikes that failed', problems.join('; ') || 'none'],
    ['callbacks', counted(world.callbacks.counts)],
    ['LAVA jobs', `${end.lavaJobs.length} (wanted ${wanted}, ${retries} of them retries)`],
    ['reports in KCIDB', `${world.acceptedAt.size} (sent ${world.reportsTaken()} times)`],
    ['XML-RPC requests per job', `${perJob(rough)} in chaos, ${perJob(quiet)} in calm`],
    ['XML-RPC requests, calm', counted(quiet?.calls ?? new Map())],
    ['Finished → accepted, chaos', times(rough)],
    ['Finished → accepted, calm', times(quiet)],
    ['settled after the chaos', formatDuration(settledAt - wholeAt)],
    ['duration', formatDuration(Date.now() - startedAt)],
  ];
}
