// How small lava-bridge is, and how fast it starts: what `--version` and `translate` take until they have ended, and the daemon until
// /healthz answers (by the clock and of the processor; the median of five each), and what the daemon takes when it has nothing to do: memory, threads,
// processor time and how often it wakes up. It has done the demo's jobs and then rested. Maestro, the lab and KCIDB are simulators in
// this process. What is measured is what `npm run build` made. Prints a table, and the same as a line of JSON.
//
//   node bench/idle.ts [SECONDS] [PROGRAM]      (60 bin/lava-bridge.js; a shell script is started as such)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sleep } from '../src/core/time.ts';
import { DEMO_CASES } from '../src/demo/cases.ts';
import { publish } from '../src/demo/run.ts';
import { startBenchDaemon } from './daemon.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const ROOT = join(import.meta.dirname, '..');
const PROGRAM = process.argv[3] ?? join(ROOT, 'bin', 'lava-bridge.js');
const COMMAND = PROGRAM.endsWith('.js') ? [process.execPath, PROGRAM] : [PROGRAM];
const ROUNDS = 5;
const CALLBACK = join(ROOT, 'test', 'fixtures', 'callbacks', 'complete.json');
/** The demo's jobs take less (ms). */
const LIMIT = 2 * 60_000;
/** A tick of the times in /proc/PID/stat (ms). */
const TICK = 10;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** What something took until it was done (ms): by the clock, and of the processor. */
interface Start {
  wallMs: number;
  processorMs: number;
}

/** The medians of some measurements, whole; the first, which may fill a cache, does not count. */
async function medianOf(measure: () => Promise<Start>): Promise<Start> {
  await measure();
  const all: Start[] = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await measure());
  return {
    wallMs: Math.round(median(all.map(({ wallMs }) => wallMs))),
    processorMs: Math.round(median(all.map(({ processorMs }) => processorMs))),
  };
}

/** What a command takes from its start to its end. The shell that starts it says what it took of the processor. */
async function commandStart(...args: string[]): Promise<Start> {
  const script = '"$@" >/dev/null || exit; times';
  const began = performance.now();
  const child = spawn('sh', ['-c', script, 'sh', ...COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [times] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const wallMs = performance.now() - began;
  const [, ofChildren] = times.trim().split('\n');
  if (ofChildren === undefined) throw new Error(`${args[0]} failed`);
  const processorMs = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1000 * Number(seconds),
    0,
  );
  return { wallMs, processorMs };
}

/** What the daemon takes until it answers. It is stopped again. */
async function daemonStart(configFile: string, url: string): Promise<Start> {
  const [command = '', ...before] = COMMAND;
  const began = performance.now();
  const child = spawn(command, [...before, 'run', '--config', configFile], {
    stdio: 'ignore',
  });
  const exit = once(child, 'exit');
  while (!(await isUp(url))) await sleep(5);
  const wallMs = performance.now() - began;
  const { processorMs } = await takenBy(child.pid ?? 0);
  child.kill('SIGTERM');
  await exit;
  return { wallMs, processorMs };
}

function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The numbers that a file of /proc has by name, `Name:  123 kB`. */
async function numbersIn(file: string): Promise<Map<string, number>> {
  const text = await readFile(file, 'utf8');
  return new Map(
    [...text.matchAll(/^(\w+):\s+(\d+)/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

interface Taken {
  processorMs: number;
  wakeUps: number;
}

/** What all threads of the process have taken since it was started. */
async function takenBy(pid: number): Promise<Taken> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  let wakeUps = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const status = await numbersIn(`/proc/${pid}/task/${thread}/status`).catch(
      () => new Map<string, number>(),
    );
    wakeUps += status.get('voluntary_ctxt_switches') ?? 0;
  }
  return {
    processorMs: TICK * (Number(fields[11]) + Number(fields[12])),
    wakeUps,
  };
}

const { world, child, stop } = await startBenchDaemon({
  command: COMMAND,
  poll: '30s',
});
try {
  const pid = child.pid ?? 0;
  while (!(await isUp(world.url))) await sleep(20);
  const nodes = [
    ...publish(
      world,
      DEMO_CASES.filter(({ cancel }) => cancel !== true),
    ).values(),
  ];
  const until = performance.now() + LIMIT;
  while (nodes.some((id) => world.maestro.node(id)?.state !== 'done')) {
    if (performance.now() > until) throw new Error('the demo’s jobs did not end');
    await sleep(500);
  }
  const jobs = nodes.length;
  await (await fetch(`${world.url}/`)).arrayBuffer(); // the first page, as an admin has looked at
  const peak = await numbersIn(`/proc/${pid}/status`);
  await sleep(1000 * SECONDS);
  const before = await takenBy(pid);
  await sleep(1000 * SECONDS);
  const after = await takenBy(pid);
  const memory = await numbersIn(`/proc/${pid}/smaps_rollup`);
  const threads = (await numbersIn(`/proc/${pid}/status`)).get('Threads');
  const mib = (name: string): number => Math.round((memory.get(name) ?? 0) / 1024);
  child.kill('SIGTERM');
  await once(child, 'exit');

  const result = {
    bench: 'idle',
    jobs,
    version: await medianOf(() => commandStart('--version')),
    translate: await medianOf(() =>
      commandStart('translate', '--callback', CALLBACK, '--build-id', 'maestro:1'),
    ),
    daemon: await medianOf(() => daemonStart(world.configFile, world.url)),
    residentMiB: mib('Rss'),
    proportionalMiB: mib('Pss'),
    anonymousMiB: mib('Anonymous'),
    peakMiB: Math.round((peak.get('VmHWM') ?? 0) / 1024),
    threads,
    idleSeconds: SECONDS,
    idleProcessorMs: after.processorMs - before.processorMs,
    idleWakeUps: after.wakeUps - before.wakeUps,
  };
  process.stdout.write(
    `${Object.entries(result)
      .map(
        ([name, value]) => `${name.padEnd(20)}${typeof value === 'object' ? JSON.stringify(value) : value}`,
      )
      .join('\n')}\n${JSON.stringify(result)}\n`,
  );
} finally {
  await stop();
}
