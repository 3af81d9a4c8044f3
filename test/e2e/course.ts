// What the run does with its jobs: publishes, cancels, drains, kills, and follows each to its end.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorText } from '../../src/core/errors.ts';
import type { Job } from './bridge.ts';
import {
  CALLBACK_LOST,
  CANCELLED_IN_QUEUE,
  CANCELLED_RUNNING,
  DAEMON_KILLED,
  DRAINED,
  ENDED_IN_MAESTRO,
  PLAIN_CASES,
  RESTRICTED,
  SUPERSEDED,
  type E2eCase,
} from './cases.ts';
import { delaysOf, type Delays } from './figures.ts';
import { byHand, publish } from './requests.ts';
import { faultsOf } from './verify.ts';
import { until } from './wait.ts';
import { ORIGIN, RUNTIME, type World } from './world.ts';

export interface Course {
  world: World;
  /** Something was tried: `faults` is empty if it came out as it must. */
  tell: (what: string, faults: readonly string[], detail?: string) => void;
  delays: Delays[];
}

/** How long one job may take; the machine may be busy with others. */
const JOB_LIMIT = 480_000;
const STEP_LIMIT = 180_000;

/** All of it; what fails is reported, not thrown. */
export async function runCourse(course: Course): Promise<void> {
  await attempt(course, 'check', () => command(course, ['check'], /for user bridge[^]*takes the token/));
  const first = publish(course.world, CANCELLED_RUNNING);
  await attempt(course, CANCELLED_RUNNING.name, () => isInLava(course.world, first));
  await Promise.all([
    attempt(course, 'cancels', () => cancels(course, first)),
    attempt(course, 'drain', () => drain(course)),
    attempt(course, RESTRICTED.name, () => restricted(course)),
    ...PLAIN_CASES.map((each) => attempt(course, each.name, () => plain(course, each))),
    attempt(course, CALLBACK_LOST.name, () => callbackLost(course)),
    attempt(course, 'submit', () => submit(course)),
    attempt(course, 'test', () => ownKernel(course)),
  ]);
  await attempt(course, DAEMON_KILLED.name, () => daemonKilled(course));
  await attempt(course, 'commands', () => commands(course));
}

async function attempt(course: Course, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    course.tell(what, [errorText(error)]);
  }
}

async function plain(course: Course, asked: E2eCase): Promise<void> {
  await followToEnd(course, asked, publish(course.world, asked));
}

async function callbackLost(course: Course): Promise<void> {
  const node = publish(course.world, CALLBACK_LOST);
  course.world.onFinished.set(node, 'lose it');
  await followToEnd(course, CALLBACK_LOST, node);
}

async function daemonKilled(course: Course): Promise<void> {
  const { world } = course;
  const node = publish(world, DAEMON_KILLED);
  world.onFinished.set(node, 'kill the daemon once it is answered');
  await until('the daemon is killed', JOB_LIMIT, () => (world.bridge.isRunning() ? undefined : true));
  world.onFinished.delete(node);
  await world.bridge.start();
  await followToEnd(course, DAEMON_KILLED, node);
}

async function isInLava(world: World, node: string): Promise<void> {
  await jobWhen(world, node, 'is in LAVA', STEP_LIMIT, (job) => typeof job.attempts[0]?.lava_id === 'number');
}

/**
 * One job holds the only device with the tag, and others wait for it: one that a newer one takes the place of, and one that is
 * cancelled first.
 */
async function cancels(course: Course, running: string): Promise<void> {
  const { world } = course;
  await jobWhen(world, running, 'runs', JOB_LIMIT, (job) => job.stage === 'running');

  await superseded(course);

  const waiting = publish(world, CANCELLED_IN_QUEUE);
  const { attempts } = await jobWhen(
    world,
    waiting,
    'waits in LAVA',
    STEP_LIMIT,
    (job) => job.stage === 'submitted',
  );
  const lavaId = attempts[0]?.lava_id ?? 0;
  const shown = (await world.lab.client.show([lavaId])).get(lavaId);
  const state = shown?.kind === 'job' ? shown.job.state : shown?.reason;
  course.tell('waits in the queue of LAVA', state === 'Submitted' ? [] : [`LAVA job ${lavaId} is ${state}`]);
  await command(course, ['jobs', 'cancel', idOf(waiting), '--reason', 'not wanted'], /is being cancelled/);
  await followToEnd(course, CANCELLED_IN_QUEUE, waiting);

  await followLog(course, running);
  await followToEnd(course, CANCELLED_RUNNING, running);
}

async function superseded(course: Course): Promise<void> {
  const { world } = course;
  const older = publish(world, SUPERSEDED, 'a'.repeat(40));
  await jobWhen(world, older, 'waits in LAVA', STEP_LIMIT, (job) => job.stage === 'submitted');
  const newer = publish(world, SUPERSEDED, 'b'.repeat(40));
  await followToEnd(course, SUPERSEDED, older);
  const job = await jobWhen(world, older, 'is superseded', STEP_LIMIT, (each) => each.done);
  const named = job.ending?.reason.includes(newer) === true;
  course.tell('superseded by the newer', named ? [] : [`it ended otherwise: ${job.ending?.reason ?? ''}`]);
  await jobWhen(world, newer, 'waits in LAVA', STEP_LIMIT, (each) => each.stage === 'submitted');
  await command(course, ['jobs', 'cancel', idOf(newer)], /is being cancelled/);
  await jobWhen(world, newer, 'ends', STEP_LIMIT, (each) => each.done);
}

/** New lines of the console come while the job runs; then it is cancelled, and the command ends by itself. */
async function followLog(course: Course, node: string): Promise<void> {
  const { bridge } = course.world;
  const log = bridge.following(['jobs', 'log', '-f', idOf(node)]);
  const seen = (word: string): Promise<true> =>
    until(`jobs log -f shows "${word}"`, STEP_LIMIT, () =>
      log.text().includes(`\n${word}`) ? true : undefined,
    );
  try {
    await seen('tick 2');
    const before = log.text();
    await seen(`tick ${1 + Number(/.*tick (\d+)/s.exec(before)?.[1])}`);
    const stage = (await bridge.job(idOf(node)))?.stage;
    course.tell('jobs log -f', stage === 'running' ? [] : [`the job is ${stage} already`]);
    await command(course, ['jobs', 'cancel', idOf(node)], /is being cancelled/);
    await until('jobs log -f ends after the job', STEP_LIMIT, async () => {
      const code = await Promise.race([log.ended, Promise.resolve(undefined)]);
      return code === 0 ? true : undefined;
    });
  } finally {
    log.end();
  }
}

/** Two jobs wait for a drained board; Maestro ends one of them meanwhile, and only the other one is run. */
async function drain(course: Course): Promise<void> {
  const { world } = course;
  await command(course, ['drain', RUNTIME, DRAINED.board, '--reason', 'being moved'], /drained/);
  const goesOn = publish(world, DRAINED);
  const ends = publish(world, ENDED_IN_MAESTRO);
  for (const node of [goesOn, ends]) {
    await jobWhen(world, node, 'waits for the board', STEP_LIMIT, (job) =>
      /being moved/.test(job.reason ?? ''),
    );
  }
  await command(course, ['jobs', 'retry', idOf(goesOn)], /the stage that waits/);
  world.maestro.database.change(ends, { state: 'done', result: 'incomplete' }, false);
  await command(course, ['resume', RUNTIME, DRAINED.board], /takes jobs again/);

  const ended = await jobWhen(world, ends, 'is forgotten', STEP_LIMIT, (job) => job.done);
  const reports = JSON.stringify(world.kcidb.objects('tests')).includes(`${ORIGIN}:${RUNTIME}-${ends}`);
  const lavaJobs = (await world.lab.client.findByMark(ends)).ids;
  course.tell(
    ENDED_IN_MAESTRO.name,
    [...(reports ? ['it was reported'] : []), ...lavaJobs.map((id) => `it became LAVA job ${id}`)],
    ended.reason ?? '',
  );
  await followToEnd(course, DRAINED, goesOn, { waited: true });
}

async function restricted(course: Course): Promise<void> {
  const { world } = course;
  const node = publish(world, RESTRICTED);
  await jobWhen(world, node, 'waits for a device', STEP_LIMIT, (job) =>
    /no qemu-restricted/.test(job.reason ?? ''),
  );
  await command(course, ['jobs', 'cancel', idOf(node)], /is being cancelled/);
  await followToEnd(course, RESTRICTED, node, { waited: true });
}

/** The request of a file: rendered, checked by the lab itself, and run. */
async function submit(course: Course): Promise<void> {
  const { bridge } = course.world;
  const folder = dirname(bridge.configFile);
  const [request, definition] = [join(folder, 'request.json'), join(folder, 'definition.yaml')];
  const asked = { name: 'by-hand', board: 'qemu-x86_64', tests: { login: 'boot' } } as const;
  await writeFile(request, JSON.stringify(byHand(course.world, randomBytes(12).toString('hex'), asked)));
  await writeFile(
    definition,
    await command(course, ['render', '--request', request], /^job_name: .*by-hand/),
  );
  await command(course, ['validate', definition], /definition\.yaml/);
  await command(course, ['submit', '--wait', '--request', request], /: pass; boot PASS/, JOB_LIMIT);
}

/** A kernel of one's own from the disk, and one by its URL through everything that the daemon does: nothing of it is reported. */
async function ownKernel(course: Course): Promise<void> {
  const { bridge, lab } = course.world;
  const url = `${lab.files}/amd64/bzImage`;
  const kernel = join(dirname(bridge.configFile), 'bzImage');
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  await writeFile(kernel, Buffer.from(await answer.arrayBuffer()));
  const board = ['--board', 'qemu-x86_64'];
  await Promise.all([
    command(course, ['test', ...board, '--kernel', kernel, '--wait'], /: pass; boot PASS/, JOB_LIMIT),
    command(
      course,
      ['check', '--send-test', ...board, '--kernel', url],
      /callback[^]*verdict: pass[^]*nothing was reported/,
      JOB_LIMIT,
    ),
  ]);
}

/** The commands that only look, when there is something to see. */
async function commands(course: Course): Promise<void> {
  const [first] = PLAIN_CASES;
  const id = idOf(
    [...course.world.maestro.database.nodes.values()].find((n) => n.name === first?.name)?.id ?? '',
  );
  await command(course, ['jobs', '--limit', '100'], new RegExp(`${id} +${first?.name} `));
  await command(course, ['jobs', 'show', id], /Timeline[^]*accepted by kcidb/);
  await command(course, ['jobs', 'log', id], /Linux version \d/);
  await command(course, ['rejudge', '--lab', RUNTIME], /\d+ jobs judged again: 0 come out differently/);
  await command(course, ['labs'], new RegExp(`${RUNTIME} +up`));
  await command(course, ['boards'], /qemu-arm64 +qemu-arm64 +qemu +1/);
  await command(course, ['import', 'lava', '--lab', RUNTIME], /qemu-arm64/);
}

/** Runs a command that must succeed; returns what it printed. */
async function command(course: Course, args: string[], shows: RegExp, limitMs?: number): Promise<string> {
  const { code, stdout, stderr } = await course.world.bridge.command(args, limitMs);
  const text = `${stdout}${stderr}`.trim();
  const faults = [
    ...(code === 0 ? [] : [`exit code ${code}`]),
    ...(shows.test(stdout) ? [] : [`its output does not match ${shows}`]),
  ];
  course.tell(`lava-bridge ${args.slice(0, 2).join(' ')}`, faults.length === 0 ? [] : [...faults, text]);
  return stdout;
}

function idOf(node: string): string {
  return `${RUNTIME}:${node}`;
}

function jobWhen(
  { bridge }: World,
  node: string,
  what: string,
  limitMs: number,
  is: (job: Job) => boolean,
): Promise<Job> {
  return until(`${idOf(node)} ${what}`, limitMs, async () => {
    const job = await bridge.job(idOf(node));
    return job && is(job) ? job : undefined;
  });
}

async function followToEnd(
  { world, tell, delays }: Course,
  { name, expected }: E2eCase,
  node: string,
  options = { waited: false },
): Promise<void> {
  const job = await jobWhen(world, node, `(${name}) ends`, JOB_LIMIT, (j) => j.done);
  delays.push(delaysOf(world, name, job, options));
  const judged = job.timeline.find((entry) => entry.text.startsWith('judged'))?.text ?? '';
  const lavaId = job.attempts[0]?.lava_id ?? 'no';
  tell(
    name,
    await faultsOf(world, node, job, expected),
    `LAVA job ${lavaId} on ${job.device ?? 'no device'}, ${judged}`,
  );
}
