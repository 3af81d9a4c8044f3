// The daemon with many labs: how long it takes to start with many jobs stored, how many jobs a minute it brings from Maestro's node to
// KCIDB's report when all come at once, and what it takes meanwhile: processor time a job, memory, how long its loop is held, how fast the
// first page is, and what a job asks of store and disk. The labs, Maestro and KCIDB are simulators in this process, which share the
// cores with it. Prints a table, and the same as a line of JSON. It ends when all are done, or after MINUTES, with what is done by then.
//
//   node bench/many.ts [LABS] [DEVICES] [JOBS] [STORED] [MINUTES]      (2 200 2000 100000: a tenth; whole: 20 2000 20000 1000000)
//
// PROFILE=FOLDER writes a profile of the daemon's processor time there, STORE_WATCH=FILE how often each statement was made.
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DEMO_CASES } from '../src/demo/cases.ts';
import { publish } from '../src/demo/run.ts';
import { DEMO_LAB } from '../src/demo/world.ts';
import { sleep } from '../src/core/time.ts';
import { device, type SimDevice } from '../src/sim/lava/model.ts';
import { startLavaSimulator, type LavaSimulator } from '../src/sim/lava/simulator.ts';
import { startBenchDaemon } from './daemon.ts';
import { fillStore } from './stored-jobs.ts';

const [LABS = 2, DEVICES = 200, JOBS = 2000, STORED = 100_000, MINUTES = 20] = process.argv
  .slice(2)
  .map(Number);
/** A job on a device: longer than most of the others wait for it. */
const PACE = { scheduleMs: 50, startMs: 50, runMs: 5000 };
/** MiB. The unit's limit of memory is larger. */
const HEAP = 768;
/** Each look loads a page, as a browser does that shows it (ms). */
const LOOK_EVERY = 2000;
const LIMIT = MINUTES * 60_000;
/** Devices of a worker of LAVA, which begins and ends one job after the other. */
const OF_WORKER = 10;

const Taken = z.object({
  residentBytes: z.number(),
  heldMs: z.number(),
  processorMs: z.number(),
  statements: z.number(),
  transactions: z.number(),
  syncs: z.number(),
});
type Taken = z.infer<typeof Taken>;

const perLab = Math.ceil(DEVICES / LABS);
const devicesOf = (lab: number): SimDevice[] =>
  Array.from({ length: perLab }, (_, i) => ({
    ...device(`qemu-${lab}-${i}`, 'qemu'),
    worker: `worker-${Math.floor(i / OF_WORKER)}`,
  }));
const workers = Array.from({ length: Math.ceil(perLab / OF_WORKER) }, (_, i) => ({
  name: `worker-${i}`,
  state: 'Online' as const,
  health: 'Active' as const,
  jobLimit: 0,
}));
// All jobs are there at the end, to be counted.
const keepJobs = JOBS + 10;
const limits = { max_jobs: Math.ceil(JOBS / LABS) + 10, max_queued_per_device: 1000 };
const more: LavaSimulator[] = [];
for (let i = 1; i < LABS; i++)
  more.push(
    await startLavaSimulator({ age: 'newest', devices: devicesOf(i), workers, keepJobs, pace: PACE }),
  );
const nameOf = (lab: number): string => (lab === 0 ? DEMO_LAB : `lava-many-${lab}`);

const { world, child, stop } = await startBenchDaemon({
  preload: [new URL('loop-watch.ts', import.meta.url).pathname],
  heap: HEAP,
  profile: process.env['PROFILE'],
  lava: { devices: devicesOf(0), workers, keepJobs, pace: PACE },
  poll: '10s',
  // What is stored is to stay: to remove it is no part of what is measured.
  config: { retention: { jobs: { max_size: '100GiB' } } },
  lab: { limits },
  labs: more.map((lava, i) => ({
    name: nameOf(i + 1),
    origin: `many${i + 1}`,
    lava: { url: lava.url, user: lava.user, token: lava.token, events: lava.eventsUrl },
    callback: { token_name: lava.callback.name, token: lava.callback.token },
    limits,
  })),
  prepare: async ({ configFile }) => {
    const boards = [{ lab: DEMO_LAB, name: 'qemu-x86_64', devices: devicesOf(0).map(({ name }) => name) }];
    await fillStore(join(dirname(configFile), 'state', 'lava-bridge.db'), { jobs: STORED, boards });
    process.stderr.write(`${STORED} jobs stored\n`);
  },
});

const spawned = performance.now();
while (!(await isUp())) await sleep(20);
const startMs = performance.now() - spawned;

async function isUp(): Promise<boolean> {
  return fetch(`${world.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** What the daemon took since it was last asked. */
function taken(): Promise<Taken> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(Taken.parse(message)));
    child.send('take');
  });
}

async function pageMs(path: string): Promise<number> {
  const began = performance.now();
  await (await fetch(`${world.url}${path}`)).arrayBuffer();
  return performance.now() - began;
}

function at(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

await sleep(6000); // its own start, its first looks
await taken();
await sleep(10_000);
const idle = await taken();

const [like] = DEMO_CASES;
if (like === undefined) throw new Error('the demo has no case');
const nodes: string[] = [];
for (let lab = 0; lab < LABS; lab++) {
  const cases = Array.from({ length: JOBS / LABS }, (_, i) => ({ ...like, name: `many-${lab}-${i}` }));
  nodes.push(...publish(world, cases, nameOf(lab)).values());
}
const began = performance.now();
const held: number[] = [];
const pages: number[] = [];
let resident = 0;
let processorMs = 0;
let [statements, transactions, syncs] = [0, 0, 0];
let done = 0;
let mostInFlight = 0;
while (done < JOBS && performance.now() - began < LIMIT && child.exitCode === null) {
  await sleep(LOOK_EVERY);
  const now = await taken();
  held.push(now.heldMs);
  resident = Math.max(resident, now.residentBytes);
  processorMs += now.processorMs;
  statements += now.statements;
  transactions += now.transactions;
  syncs += now.syncs;
  pages.push(await pageMs('/'));
  done = nodes.filter((id) => world.maestro.node(id)?.state === 'done').length;
  const submitted = [world.lava, ...more].reduce((sum, lava) => sum + lava.jobs().length, 0);
  mostInFlight = Math.max(mostInFlight, submitted - done);
}
const seconds = (performance.now() - began) / 1000;
await stop();
await Promise.all(more.map((lava) => lava.stop()));

function perJob(sum: number): number {
  return Number((sum / Math.max(1, done)).toFixed(1));
}

const result = {
  bench: 'many',
  labs: LABS,
  devices: perLab * LABS,
  jobs: JOBS,
  stored: STORED,
  done,
  startMs: Math.round(startMs),
  idleCpuPercent: Number((idle.processorMs / 100).toFixed(1)),
  idleMiB: Math.round(idle.residentBytes / 2 ** 20),
  jobsPerMinute: Math.round((done / seconds) * 60),
  processorMsPerJob: perJob(processorMs),
  statementsPerJob: perJob(statements),
  transactionsPerJob: perJob(transactions),
  syncsPerJob: perJob(syncs),
  mostInFlight,
  peakMiB: Math.round(resident / 2 ** 20),
  loopHeldMs: {
    half: Math.round(at(held, 0.5)),
    p95: Math.round(at(held, 0.95)),
    most: Math.round(at(held, 1)),
  },
  pageMs: { half: Math.round(at(pages, 0.5)), p95: Math.round(at(pages, 0.95)) },
};
process.stdout.write(
  `${Object.entries(result)
    .map(([name, value]) => `${name.padEnd(20)}${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join('\n')}\n${JSON.stringify(result)}\n`,
);
process.exitCode = done === JOBS ? 0 : 1;
