// What the benches on the real LAVA (lab.ts, soak.ts) share: a lab of their own with played devices, the daemon before it, jobs
// that are published as fast as they end, and what processes take.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { Argument, Command, Option } from 'commander';
import { z } from 'zod';
import { errorText } from '../src/core/errors.ts';
import { SECOND, sleep } from '../src/core/time.ts';
import type { Kind } from '../test/chaos/kinds.ts';
import { bringUp, LABS, type Lab, type LabKind, type LavaJob } from '../test/chaos/lab.ts';
import { startWorld, type World, type WorldOptions } from '../test/chaos/world.ts';

/** The jobs of both: two suites with 50 cases, and about 220 lines of log. */
export const JOB: Kind = {
  name: 'fifty-cases',
  weight: 0,
  tests: ['smoke', 'longer'],
  first: {
    log_lines: 100,
    suites: { smoke: { cases: 10, fail: 1, skip: 1 }, longer: { cases: 40, fail: 2 } },
  },
  attempts: 1,
  boot: 'PASS',
  roots: { smoke: 'FAIL', longer: 'FAIL' },
  result: 'fail',
};
export const CASES = 50;
/** So many jobs are in LAVA at once: no device waits for the next one to be submitted. */
export const IN_LAVA = 150;
/** So many more are published already. */
const AHEAD = 50;
const LOOK_EVERY = 250;

/** What both are told on the command line. */
const Settings = z.object({
  minutes: z.coerce.number().positive(),
  lab: z.enum(LABS),
  devices: z.coerce.number().int().positive(),
  /** A folder for the lab, below /var/tmp. */
  state: z.string(),
  /** For profiles of the daemon's processor time. */
  profile: z.string().optional(),
});
export type Settings = z.infer<typeof Settings>;

/** Runs a bench on a lab of its own, as the command line says; ends with 1 if it is not good, or fails. */
export async function runOnLab(
  { name, minutes, state }: { name: string } & Pick<Settings, 'minutes' | 'state'>,
  run: (lab: Lab, settings: Settings) => Promise<boolean>,
  say: (text: string) => void,
): Promise<void> {
  const command = new Command(name)
    .addArgument(new Argument('[minutes]').default(minutes))
    .addOption(new Option('--lab <which>').choices(LABS).default('2023.01'))
    .addOption(new Option('--devices <n>').default(50))
    .addOption(new Option('--state <folder>', 'below /var/tmp').default(state))
    .addOption(new Option('--profile <folder>', 'of the daemon’s processor time'))
    .parse();
  try {
    const read = Settings.safeParse({ ...command.opts(), minutes: command.processedArgs[0] });
    if (!read.success) throw new Error(z.prettifyError(read.error));
    const settings = read.data;
    const isGood = await withLab(settings.lab, settings.state, settings.devices, (lab) => run(lab, settings));
    process.exitCode = isGood ? 0 : 1;
  } catch (error) {
    say(errorText(error));
    process.exitCode = 1;
  }
}

/** Brings a lab up in `state`, does something there, and takes it down again with all that it stored. */
async function withLab<T>(
  kind: LabKind,
  state: string,
  devices: number,
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const lab = await bringUp(kind, state, devices);
  try {
    return await work(lab);
  } finally {
    await lab.down(true);
  }
}

/** The daemon before the lab, and the simulators. What is not given is as the configuration has it by itself. */
export async function startBridge(
  lab: Lab,
  folder: string,
  retention?: Record<string, unknown>,
): Promise<World> {
  const options: WorldOptions = {
    lab,
    folder,
    seed: 1,
    report: 'close',
    store: 'sqlite',
    daemons: 1,
    plainDisk: true,
    lava: { poll_interval: '60s', timeout: '60s' },
    entry: { limits: { max_jobs: IN_LAVA } },
    sections: {
      maestro: { poll_interval: '5s', reconcile_interval: '10m', timeout: '60s' },
      ...(retention === undefined ? {} : { retention }),
    },
  };
  return startWorld(options);
}

/** Lets the daemons that are started from now on write a profile of their processor time when they end. */
export async function profileDaemons({ profile }: Settings): Promise<void> {
  if (profile === undefined) return;
  await mkdir(profile, { recursive: true });
  process.env['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${profile}`;
}

/** The daemon's process; undefined: it has ended by itself and is not started again yet. */
export function pidOf(world: World): number | undefined {
  return world.bridges[0]?.pid();
}

/** Publishes a job for each that has ended, until the signal fires. */
export async function keepBusy(world: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const open = world.requests.length - world.done();
    for (let i = open; i < IN_LAVA + AHEAD; i++) world.publish(JOB, 0);
    await sleep(LOOK_EVERY, signal);
  }
}

const stopped = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());

/** Waits (ms); throws when the bench is to stop, so that the lab and the daemon are taken down. */
export async function pause(ms: number): Promise<void> {
  await sleep(ms, stopped.signal);
  if (stopped.signal.aborted) throw new Error('stopped by a signal');
}

/** Waits until it holds; throws after so long (ms). */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs / SECOND} s: ${what}`);
    await pause(LOOK_EVERY);
  }
}

/** LAVA's programs, and what stands in their command lines. */
const LAVA_PROGRAMS = [
  { name: 'web server', has: 'gunicorn' },
  { name: 'scheduler', has: 'lava-scheduler' },
  { name: 'publisher', has: 'lava-publisher' },
  { name: 'database', has: 'postgres' },
  { name: 'devices', has: 'fake-worker' },
];

/** Processor time so far (ms): of the whole machine, of this process, of the daemon, and of LAVA's programs. */
export interface Processor {
  machine: number;
  idle: number;
  own: number;
  daemon: number;
  /** By name. */
  lava: ReadonlyMap<string, number>;
}

const MS_PER_TICK = 10;

/** What was used so far. Without a daemon, 0 for it. */
export async function processorNow(daemon: number | undefined): Promise<Processor> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0] = line
    .replace(/^cpu +/, '')
    .split(' ')
    .map((ticks) => Number(ticks) * MS_PER_TICK);
  const own = process.cpuUsage();
  return {
    machine: user + nice + system + irq + softirq,
    idle: idle + wait,
    own: (own.user + own.system) / 1000,
    daemon: daemon === undefined ? 0 : await processorOf(String(daemon)),
    lava: await lavaNow(),
  };
}

/** Of each of LAVA's programs: one lab runs on the machine, so all processes with such a command line are its own. */
async function lavaNow(): Promise<Map<string, number>> {
  const sums = new Map(LAVA_PROGRAMS.map(({ name }) => [name, 0]));
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const program = LAVA_PROGRAMS.find(({ has }) => command.includes(has));
    if (program === undefined) continue;
    // A process may end between the two looks.
    const time = await processorOf(pid).catch(() => 0);
    sums.set(program.name, (sums.get(program.name) ?? 0) + time);
  }
  return sums;
}

/** Processor time of a process, all its threads, and its children that have ended, so far (ms). */
async function processorOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, stand the state and then numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * MS_PER_TICK, 0);
}

/** Between two moments. */
export function used(from: Processor, to: Processor): Processor {
  return {
    machine: to.machine - from.machine,
    idle: to.idle - from.idle,
    own: to.own - from.own,
    daemon: to.daemon - from.daemon,
    lava: new Map([...to.lava].map(([name, time]) => [name, time - (from.lava.get(name) ?? 0)])),
  };
}

/** What LAVA did between two moments (ms since the epoch). */
export interface LabWork {
  /** Jobs that ended. */
  ended: number;
  perMinute: number;
  /** On average: jobs that waited for a device, and that had one. */
  waiting: number;
  running: number;
}

/** By LAVA's own times of its jobs. */
export function labWork(jobs: readonly LavaJob[], from: number, to: number): LabWork {
  const within = (begin: number | null, end: number | null): number =>
    Math.max(0, Math.min(end ?? to, to) - Math.max(begin ?? to, from));
  const average = (part: (job: LavaJob) => number): number =>
    jobs.reduce((sum, job) => sum + part(job), 0) / (to - from);
  const ended = jobs.filter(({ finishedAt }) => finishedAt !== null && finishedAt >= from && finishedAt < to);
  return {
    ended: ended.length,
    perMinute: (ended.length / (to - from)) * 60 * SECOND,
    waiting: average((job) => within(job.submittedAt, job.startedAt)),
    running: average((job) => within(job.startedAt, job.finishedAt)),
  };
}
