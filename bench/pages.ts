// What the pages cost the daemon when 100,000 jobs are stored: the processor time of its main thread and of all its threads, the
// time until the page is there, and its size; then the same times and those of /healthz while 50 tabs follow the pages and jobs
// move; then with a lab, Maestro and KCIDB that take connections and never answer. Prints a table, and the same as a line of JSON.
// Ends with 1 if a page takes more than it may.
//
//   node bench/pages.ts [JOBS] [SECONDS]      (100000 jobs, 40 seconds with tabs)
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { sleep } from '../src/core/time.ts';
import { DEMO_LAB, type World } from '../src/demo/world.ts';
import { publish } from '../src/demo/run.ts';
import { DEMO_CASES } from '../src/demo/cases.ts';
import { device } from '../src/sim/lava/model.ts';
import { startBenchDaemon } from './daemon.ts';
import { fillStore, type Board } from './stored-jobs.ts';

const JOBS = Number(process.argv[2] ?? 100_000);
const SECONDS = Number(process.argv[3] ?? 40);
const TABS = 50;
/** As pages/live.js does: the least time (ms) between two looks, and how many times as long as a look takes. */
const PAUSE = 600;
const SHARE = 10;
const ROUNDS = 25;
const JOB_EVERY = 500;
const HEALTH_EVERY = 50;
const NICENESS = 5;
const MAY = { mainMs: 50, bytes: 100_000, healthMs: 50, muteMs: 200 };

const TYPES = [
  ['qemu-x86_64', 'qemu'],
  ['qemu-arm64', 'qemu-arm64'],
  ['bcm2711-rpi-4-b', 'bcm2711-rpi-4-b'],
  ['beaglebone-black', 'beaglebone-black'],
  ['dragonboard-410c', 'dragonboard-410c'],
  ['imx6dl-riotboard', 'imx6dl-riotboard'],
] as const;
const DEVICES_EACH = 4;
const BOARDS: Board[] = TYPES.map(([name, type]) => ({
  lab: DEMO_LAB,
  name,
  devices: Array.from({ length: DEVICES_EACH }, (_, i) => `${type}-${i}`),
}));

let large = '';
const { world, child, stop } = await startBenchDaemon({
  lava: {
    devices: TYPES.flatMap(([, type]) =>
      Array.from({ length: DEVICES_EACH }, (_, i) => device(`${type}-${i}`, type)),
    ),
  },
  prepare: async ({ configFile }) => {
    const began = performance.now();
    large = await fillStore(join(dirname(configFile), 'state', 'lava-bridge.db'), {
      jobs: JOBS,
      boards: BOARDS,
    });
    process.stderr.write(`${JOBS} jobs stored in ${Math.round((performance.now() - began) / 1000)} s\n`);
  },
});
const PAGES: Record<string, string> = {
  overview: '/',
  boards: '/boards',
  'device type': '/boards/qemu-arm64',
  device: `/labs/${DEMO_LAB}/devices/qemu-arm64-1`,
  jobs: '/jobs',
  'jobs, filtered': '/jobs?tree=next&result=fail&layer=kernel',
  'a job': `/jobs/${encodeURIComponent(`${DEMO_LAB}:${'123'.padStart(24, '0')}`)}`,
  'a job of 1,100 cases': `/jobs/${encodeURIComponent(large)}`,
  issues: '/issues',
  'an issue': `/issues/${(3).toString(16).padStart(40, 'd')}`,
  compare: '/compare?tree=next',
};

interface Spent {
  mainMs: number;
  /** How long the main thread was ready to run and got no core. */
  waitedMs: number;
  allMs: number;
}

/** Time on a core since the threads began (ms). */
async function spent(): Promise<Spent> {
  const pid = String(child.pid);
  const of = async (thread: string): Promise<{ ran: number; waited: number }> => {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0 0');
    const [ran = 0, waited = 0] = text.split(' ').map((ns) => Number(ns) / 1e6);
    return { ran, waited };
  };
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(threads.map(of));
  const main = await of(pid);
  return { mainMs: main.ran, waitedMs: main.waited, allMs: times.reduce((sum, { ran }) => sum + ran, 0) };
}

async function fetchPage(path: string): Promise<{ ms: number; bytes: number }> {
  const began = performance.now();
  const answer = await fetch(`${world.url}${path}`, { headers: { 'accept-encoding': 'identity' } });
  const { byteLength: bytes } = await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  return { ms: performance.now() - began, bytes };
}

function at(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

async function whenReady(): Promise<void> {
  for (;;) {
    const isReady = await fetch(`${world.url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
}

interface PageCost {
  main: { half: number; most: number };
  all: { half: number; most: number };
  wall: { half: number; most: number };
  bytes: number;
}

/** One page after the other, with nothing else to do. */
async function costs(): Promise<Map<string, PageCost>> {
  const found = new Map<string, PageCost>();
  for (const [name, path] of Object.entries(PAGES)) {
    for (let i = 0; i < 3; i++) await fetchPage(path);
    const rounds: { main: number; all: number; ms: number; bytes: number }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const before = await spent();
      const { ms, bytes } = await fetchPage(path);
      const after = await spent();
      rounds.push({ main: after.mainMs - before.mainMs, all: after.allMs - before.allMs, ms, bytes });
    }
    const of = (value: (round: (typeof rounds)[number]) => number): PageCost['main'] => {
      const values = rounds.map(value);
      return { half: at(values, 0.5), most: at(values, 0.95) };
    };
    found.set(name, {
      main: of(({ main }) => main),
      all: of(({ all }) => all),
      wall: of(({ ms }) => ms),
      bytes: Math.max(...rounds.map(({ bytes }) => bytes)),
    });
  }
  return found;
}

/** A tab that follows a page as pages/live.js does, until the signal fires. */
async function tab(path: string, times: number[], signal: AbortSignal): Promise<void> {
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/ws`, { origin: world.url });
  let isWanted = true;
  socket.on('message', () => (isWanted = true));
  socket.on('error', () => undefined);
  while (!signal.aborted) {
    if (!isWanted) {
      await sleep(20);
      continue;
    }
    isWanted = false;
    const { ms } = await fetchPage(path);
    times.push(ms);
    await sleep(Math.max(PAUSE, ms * SHARE), signal);
  }
  socket.terminate();
}

/** Many tabs, while jobs come and end. */
async function crowd(): Promise<{
  pages: Map<string, number[]>;
  health: number[];
  busy: number;
  waited: number;
  jobs: number;
}> {
  const over = new AbortController();
  const pages = new Map(Object.keys(PAGES).map((name) => [name, [] as number[]]));
  const health = new Worker(new URL('health-watch.ts', import.meta.url), {
    workerData: { url: `${world.url}/healthz`, everyMs: HEALTH_EVERY },
  });
  const names = Object.keys(PAGES);
  const tabs = Array.from({ length: TABS }, (_, i) => {
    const name = names[i % names.length] ?? '';
    return tab(PAGES[name] ?? '/', pages.get(name) ?? [], over.signal);
  });
  const before = await spent();
  const began = performance.now();
  let jobs = 0;
  const [demo] = DEMO_CASES;
  if (demo === undefined) throw new Error('the demo has no cases');
  while (performance.now() - began < SECONDS * 1000) {
    publish(world, [{ ...demo, name: `moves-${jobs++}` }]);
    await sleep(JOB_EVERY);
  }
  const after = await spent();
  const wall = performance.now() - began;
  const busy = (after.mainMs - before.mainMs) / wall;
  const waited = (after.waitedMs - before.waitedMs) / wall;
  over.abort();
  await Promise.all(tabs);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  health.postMessage('end');
  const times = await new Promise<number[]>((resolve) => health.once('message', resolve));
  return { pages, health: times, busy, waited, jobs };
}

/** Nothing outside answers any more. */
async function mute({ lava, maestro, kcidb }: World): Promise<Map<string, number>> {
  for (const { faults } of [lava, maestro, kcidb]) faults.add({ kind: 'mute' });
  // What is known of the lab gets old enough to be asked for.
  await sleep(35_000);
  const slowest = new Map<string, number>();
  for (const [name, path] of Object.entries(PAGES)) {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push((await fetchPage(path)).ms);
    slowest.set(name, Math.max(...times));
  }
  for (const { faults } of [lava, maestro, kcidb]) faults.clear();
  return slowest;
}

async function measure(): Promise<{
  quiet: Awaited<ReturnType<typeof costs>>;
  crowded: Awaited<ReturnType<typeof crowd>>;
  muted: Awaited<ReturnType<typeof mute>>;
}> {
  try {
    await whenReady();
    await sleep(3000);
    const quiet = await costs();
    // The tabs are machines elsewhere; here they share the cores with the daemon, and leave it the first turn.
    setPriority(NICENESS);
    return { quiet, crowded: await crowd(), muted: await mute(world) };
  } finally {
    await stop();
  }
}

const { quiet, crowded, muted } = await measure();

const ms = (value: number): string => value.toFixed(1).padStart(8);
const rows = [...quiet].map(([name, { main, all, wall, bytes }]) => {
  const times = crowded.pages.get(name) ?? [];
  return {
    name,
    main,
    all,
    wall,
    bytes,
    crowded: { half: at(times, 0.5), most: at(times, 0.95), looks: times.length },
    mute: muted.get(name) ?? NaN,
  };
});
const healthMs = { half: at(crowded.health, 0.5), most: at(crowded.health, 0.95) };
process.stdout.write(
  [
    `${JOBS} jobs; times in ms: median and 95%`,
    `${''.padEnd(22)}${'main thread'.padStart(16)}${'all threads'.padStart(17)}${'there after'.padStart(17)}${'kB'.padStart(8)}${`${TABS} tabs`.padStart(17)}${'mute'.padStart(9)}`,
    ...rows.map(
      ({ name, main, all, wall, bytes, crowded, mute }) =>
        `${name.padEnd(22)}${ms(main.half)}${ms(main.most)} ${ms(all.half)}${ms(all.most)} ${ms(wall.half)}${ms(wall.most)}${(bytes / 1000).toFixed(0).padStart(8)} ${ms(crowded.half)}${ms(crowded.most)} ${ms(mute)}`,
    ),
    `/healthz with ${TABS} tabs while ${crowded.jobs} jobs came: ${healthMs.half.toFixed(1)}, ${healthMs.most.toFixed(1)} ms; the main thread was busy for ${Math.round(100 * crowded.busy)}% and waited for a core for ${Math.round(100 * crowded.waited)}%`,
    JSON.stringify({
      jobs: JOBS,
      tabs: TABS,
      health: healthMs,
      busy: crowded.busy,
      waited: crowded.waited,
      pages: rows,
    }),
    '',
  ].join('\n'),
);
const isSlow = rows.some(
  ({ main, bytes, mute }) => main.half > MAY.mainMs || bytes > MAY.bytes || mute > MAY.muteMs,
);
process.exitCode = isSlow || healthMs.most > MAY.healthMs ? 1 : 0;
