// The daemon on a real LAVA with played devices for a long time, at the rate that the lab can do: each minute it is read what the daemon
// has of memory, files, threads and disk. In the end each must have been flat after the first quarter: exit code 1 if one grew, if the
// daemon ended by itself, or if a job was lost, doubled or wrong. Jobs are kept for a few minutes only: what is on the disk is judged by the
// jobs that are kept, as LAVA is not equally fast all the time. Prints a table, and the same as a line of JSON. Needs root on Debian 12 and a build; the lab is its own.
//
//   node bench/soak.ts [MINUTES] [--lab 2023.01|newest] [--devices 50] [--state FOLDER] [--profile FOLDER]      (60)
import { readdir, readFile, stat } from 'node:fs/promises';
import { MINUTE } from '../src/core/time.ts';
import { checkEnd } from '../test/chaos/check.ts';
import type { Lab } from '../test/chaos/lab.ts';
import { printTable } from '../test/chaos/table.ts';
import type { World } from '../test/chaos/world.ts';
import {
  keepBusy,
  pause,
  pidOf,
  startBridge,
  profileDaemons,
  runOnLab,
  until,
  type Settings,
} from './lab-rate.ts';

/** What the daemon has at one moment. */
interface Reading {
  /** Resident, MiB. */
  memory: number;
  openFiles: number;
  threads: number;
  /** MiB, with its write-ahead log. */
  database: number;
  /** LAVA's logs and those for people, MiB. */
  logs: number;
  /** Reported since the start. */
  jobs: number;
}

/** What must be flat, and by how much each may grow from the first quarter to the end: a part of it, and a number at least. */
const FLAT = {
  memory: { part: 0.1, least: 20 },
  openFiles: { part: 0, least: 5 },
  threads: { part: 0, least: 1 },
  // For each job that is kept, KiB.
  database: { part: 0.1, least: 10 },
  logs: { part: 0.1, least: 2 },
} as const satisfies Partial<Record<keyof Reading, { part: number; least: number }>>;
type Measure = keyof typeof FLAT;
const MEASURES = Object.keys(FLAT) as Measure[];

/** Jobs are kept for so much of the run. */
const KEPT_PART = 1 / 8;
const MIB = 2 ** 20;
const END_WITHIN = 5 * MINUTE;

function say(text: string): void {
  process.stderr.write(`[soak ${new Date().toISOString().slice(11, 19)}] ${text}\n`);
}

async function read(world: World, state: string): Promise<Reading> {
  const pid = pidOf(world);
  if (pid === undefined) throw new Error('the daemon has ended by itself');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const sizes = await sizesIn(state);
  const sum = (isWanted: (name: string) => boolean): number =>
    sizes.reduce((total, [name, size]) => total + (isWanted(name) ? size : 0), 0) / MIB;
  const isDatabase = (name: string): boolean => /\.db(-\w+)?$/.test(name);
  return {
    memory: field('VmRSS') / 1024,
    openFiles: (await readdir(`/proc/${pid}/fd`)).length,
    threads: field('Threads'),
    database: sum(isDatabase),
    logs: sum((name) => !isDatabase(name)),
    jobs: world.done(),
  };
}

async function sizesIn(folder: string): Promise<[name: string, bytes: number][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }): Promise<[string, number]> => {
      // What the daemon removes meanwhile is gone.
      const size = await stat(`${parentPath}/${name}`).then(
        (found) => found.size,
        () => 0,
      );
      return [name, size];
    }),
  );
}

/** By how much a straight line through the values rises from the first to the last. */
function rise(values: readonly number[]): number {
  const n = values.length;
  const meanX = (n - 1) / 2;
  const meanY = values.reduce((sum, y) => sum + y, 0) / n;
  const products = values.reduce((sum, y, x) => sum + (x - meanX) * (y - meanY), 0);
  const squares = values.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  return squares === 0 ? 0 : (products / squares) * (n - 1);
}

/** The readings with database and logs in KiB for each job that ended within the minutes for which jobs are kept. */
function perKeptJob(readings: readonly Reading[], minutes: number): Reading[] {
  return readings.map((reading, i) => {
    const kept = Math.max(1, reading.jobs - (readings[i - minutes]?.jobs ?? 0));
    const each = (mib: number): number => (mib * 1024) / kept;
    return { ...reading, database: each(reading.database), logs: each(reading.logs) };
  });
}

/** What was read of one measure after the first quarter. */
function judge(
  name: Measure,
  readings: readonly Reading[],
): { first: number; last: number; rise: number; isFlat: boolean } {
  const values = readings.slice(Math.floor(readings.length / 4)).map((reading) => reading[name]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const { part, least } = FLAT[name];
  const rose = rise(values);
  return {
    first: round(values[0] ?? NaN),
    last: round(values.at(-1) ?? NaN),
    rise: round(rose),
    isFlat: rose <= Math.max(least, part * mean),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

async function run(lab: Lab, settings: Settings): Promise<boolean> {
  const { minutes, state, lab: kind, devices } = settings;
  await profileDaemons(settings);
  const folder = `${state}-daemon`;
  const keptMinutes = Math.max(1, Math.round(minutes * KEPT_PART));
  const kept = { max_age: `${keptMinutes}m` };
  const world = await startBridge(lab, folder, { jobs: kept, evidence: kept, logs: kept });
  const over = new AbortController();
  try {
    const feeding = keepBusy(world, over.signal);
    const readings: Reading[] = [];
    for (let minute = 1; minute <= minutes; minute++) {
      await Promise.race([pause(MINUTE), feeding]);
      const reading = await read(world, `${folder}/state`);
      readings.push(reading);
      say(
        `${minute}: ${Object.entries(reading)
          .map(([name, value]) => `${name} ${round(value)}`)
          .join(', ')}`,
      );
    }
    over.abort();
    await feeding;
    await until('all is reported', () => world.done() === world.requests.length, END_WITHIN);
    const findings = checkEnd(world.requests, await world.end());
    for (const { nodeId, what, text } of findings.slice(0, 20)) say(`${nodeId} ${what}: ${text}`);
    const perJob = perKeptJob(readings, keptMinutes);
    const judged = MEASURES.map((name) => ({ name, ...judge(name, perJob) }));
    const jobs = world.requests.length;
    const crashes = world.bridges
      .flatMap((bridge) => [...bridge.crashes.values()])
      .reduce((sum, n) => sum + n, 0);
    printTable(`soak: ${jobs} jobs in ${minutes} minutes, ${(jobs / minutes).toFixed(0)} a minute`, [
      ...judged.map(({ name, first, last, rise, isFlat }): [string, string] => [
        name,
        `${first} after the first quarter, ${last} in the end; rises by ${rise}: ${isFlat ? 'flat' : 'GROWS'}`,
      ]),
      ['ended by itself', String(crashes)],
      ['lost, doubled or wrong', String(findings.length)],
    ]);
    const figures = Object.fromEntries(judged.map(({ name, ...figure }) => [name, figure]));
    process.stdout.write(
      `${JSON.stringify({ bench: 'soak', lava: kind, devices, minutes, jobs, crashes, findings: findings.length, ...figures })}\n`,
    );
    return findings.length === 0 && crashes === 0 && judged.every(({ isFlat }) => isFlat);
  } finally {
    over.abort();
    await world.close(false);
  }
}

await runOnLab({ name: 'soak', minutes: 60, state: '/var/tmp/lavalab-soak' }, run, say);
