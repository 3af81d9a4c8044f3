// How small lava-bridge is, and how fast it starts: the time until `--version` and `translate` have ended, the time from the start of
// the daemon until /healthz answers (the median of five each), and what the daemon takes when it has nothing to do: memory, threads,
// processor time and how often it wakes up. It has done the demo's jobs and then rested. Maestro, the lab and KCIDB are simulators in
// this process. What is measured is what `npm run build` made. Prints a table, and the same as a line of JSON.
//
//   node bench/idle.ts [SECONDS] [PROGRAM]      (60 bin/lava-bridge.js; a shell script is started as such)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
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

/** The median of some measurements, whole; the first, which may fill a cache, does not count. */
async function medianOf(measure: () => Promise<number>): Promise<number> {
  await measure();
  const all: number[] = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await measure());
  return Math.round(median(all));
}

/** How long the command takes (ms). */
async function commandMs(...args: string[]): Promise<number> {
  const [command = '', ...before] = COMMAND;
  const began = performance.now();
  const child = spawn(command, [...before, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(child, 'exit'));
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return performance.now() - began;
}

/** How long the daemon takes until it answers (ms). It is stopped again. */
async function startMs(configFile: string, url: string): Promise<number> {
  const [command = '', ...before] = COMMAND;
  const began = performance.now();
  const child = spawn(command, [...before, 'run', '--config', configFile], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  while (!(await isUp(url))) await sleep(5);
  const took = performance.now() - began;
  child.kill('SIGTERM');
  await exit;
  return took;
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
  return { processorMs: TICK * (Number(fields[11]) + Number(fields[12])), wakeUps };
}

const { world, child, stop } = await startBenchDaemon({ command: COMMAND, poll: '30s' });
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
    versionMs: await medianOf(() => commandMs('--version')),
    translateMs: await medianOf(() =>
      commandMs('translate', '--callback', CALLBACK, '--build-id', 'maestro:1'),
    ),
    daemonMs: await medianOf(() => startMs(world.configFile, world.url)),
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
      .map(([name, value]) => `${name.padEnd(20)}${value}`)
      .join('\n')}\n${JSON.stringify(result)}\n`,
  );
} finally {
  await stop();
}
