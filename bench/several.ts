// Several daemons on one PostgreSQL database, each a process of its own, with the simulators of Maestro, LAVA and KCIDB in this one:
// for the benches of what they do together.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { sleep } from '../src/core/time.ts';
import { startWorld, type World } from '../src/demo/world.ts';
import { freePort } from '../src/sim/free-port.ts';
import { startCluster, type Cluster } from '../test/support/postgres.ts';

type WorldOptions = Parameters<typeof startWorld>[0];

/** One of the daemons; it is started, killed and started again as the bench wants it. */
interface BenchMember {
  start: () => void;
  /** Fulfilled when the process has ended. */
  end: (signal: NodeJS.Signals) => Promise<void>;
  /** Of the process that was started last. */
  pid: () => number;
}

export interface Several {
  world: World;
  cluster: Cluster;
  members: readonly BenchMember[];
  /** The number that a query gives as `n`. */
  count: (text: string, values?: unknown[]) => Promise<number>;
  rows: (text: string) => Promise<Record<string, unknown>[]>;
  /** Ends all. */
  stop: () => Promise<void>;
}

const Config = z.looseObject({ http: z.looseObject({}) });

/** Makes database, simulators and the daemons' configurations; no daemon is started yet. */
export async function startSeveral(
  daemons: number,
  options: Pick<WorldOptions, 'lava' | 'lab' | 'labs'>,
  settings: readonly string[] = [],
): Promise<Several> {
  const cluster = await startCluster(settings);
  const url = await cluster.database();
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-bench-'));
  const log = pino({ level: 'silent' });
  const world = await startWorld({ folder, log, config: { store: { postgres: url } }, ...options });
  await world.daemon.stop();
  const content = Config.parse(parse(await readFile(world.configFile, 'utf8')));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const members: BenchMember[] = [];
  for (let i = 0; i < daemons; i++) {
    const listen = `127.0.0.1:${await freePort()}`;
    const at = { listen, api_listen: listen, pages_listen: listen, public_url: `http://${listen}` };
    const file = join(folder, `daemon-${i}.yaml`);
    await writeFile(file, stringify({ ...content, http: { ...content.http, ...at } }), { mode: 0o600 });
    members.push(memberOf(file));
  }
  return {
    world,
    cluster,
    members,
    async count(text, values = []) {
      const { rows } = await client.query<{ n: unknown }>(text, values);
      return Number(rows[0]?.n ?? 0);
    },
    rows: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
    async stop() {
      await Promise.all(members.map((member) => member.end('SIGTERM')));
      await client.end();
      await Promise.all([world.maestro.stop(), world.lava.stop(), world.kcidb.stop()]);
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function memberOf(file: string): BenchMember {
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  return {
    start() {
      child = spawn(process.execPath, ['src/cli/main.ts', 'run', '--config', file], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      exited = once(child, 'exit');
    },
    async end(signal) {
      child?.kill(signal);
      await exited;
    },
    pid: () => child?.pid ?? 0,
  };
}

/** A bench that fails must leave nothing running. */
export async function withSeveral(several: Several, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await several.stop();
  }
}

/** Looks until it is so; gives how long that took (ms). Throws if it is not within the time (ms). */
export async function untilSo(
  what: string,
  look: () => boolean | Promise<boolean>,
  within: number,
  every = 50,
): Promise<number> {
  const began = performance.now();
  while (!(await look())) {
    if (performance.now() - began > within) throw new Error(`not within ${within} ms: ${what}`);
    await sleep(every);
  }
  return performance.now() - began;
}

/** How many LAVA jobs are there more than submissions. */
export function doubledIn(labs: readonly World['lava'][]): number {
  const names = labs.flatMap((lava) => lava.jobs().map(({ definition }) => definition.job_name));
  return names.length - new Set(names).size;
}

/** What Linux counts processor time in. */
const TICK_MS = 10;

/** The processor time that a process has taken (ms), with that of its ended children. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime, cstime: the 14th to 17th; the first two fields are left out here.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
}
