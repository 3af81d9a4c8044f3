// Two daemons on one PostgreSQL database, with the simulators of Maestro, LAVA and KCIDB: a job comes each 250 ms, and each
// minute one of the two is killed and started again 15 s later, in turn. Prints how long after each kill all its work was
// another's, how long no job went on in the lab where it had that, and whether a job was lost or run twice in the end.
//
//   node bench/two-daemons.ts [MINUTES] [EVERY]      (10 250: EVERY is the time between two jobs, in ms)
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { sleep } from '../src/core/time.ts';
import { publishShellJob } from '../src/demo/shell-job.ts';
import { startWorld } from '../src/demo/world.ts';
import { freePort } from '../src/sim/free-port.ts';
import { startCluster } from '../test/support/postgres.ts';

const [MINUTES = 10, PUBLISH_EVERY = 250] = process.argv.slice(2).map(Number);
const KILL_EVERY = 60_000;
const AWAY_FOR = 15_000;
const LOOK_EVERY = 50;
/** So long no job has to end for the bench to give up on the rest. */
const STUCK_AFTER = 300_000;

const cluster = await startCluster();
const url = await cluster.database();
const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-bench-'));
const devices = Array.from({ length: 40 }, (_, i) => ({
  name: `qemu-${i}`,
  type: 'qemu',
  tags: [],
  worker: 'lab-worker',
  health: 'Good' as const,
  state: 'Idle' as const,
  job: undefined,
}));
const world = await startWorld({
  folder,
  log: pino({ level: 'silent' }),
  lava: { age: 'newest', devices },
  config: { store: { postgres: url } },
});
await world.daemon.stop();
const second = join(folder, 'second.yaml');
const content = z
  .looseObject({ http: z.looseObject({}) })
  .parse(parse(await readFile(world.configFile, 'utf8')));
const listen = `127.0.0.1:${await freePort()}`;
const http = { ...content.http, listen, api_listen: listen, pages_listen: listen };
await writeFile(second, stringify({ ...content, http }), { mode: 0o600 });
const client = new pg.Client({ connectionString: url });
await client.connect();

async function count(text: string, values: unknown[] = []): Promise<number> {
  const { rows } = await client.query<{ n: number }>(text, values);
  return rows[0]?.n ?? 0;
}

/** Works that this process holds. */
const heldBy = (pid: number): Promise<number> =>
  count('SELECT count(*)::int AS n FROM leases l JOIN processes p ON p.id = l.holder WHERE p.pid = $1', [
    pid,
  ]);
/** Works that this process held, and that no other has taken yet. */
const notTaken = (pid: number): Promise<number> =>
  count(
    'SELECT count(*)::int AS n FROM leases l LEFT JOIN processes p ON p.id = l.holder WHERE p.id IS NULL OR p.pid = $1',
    [pid],
  );
/** How many times a stage of a job was completed: that it was received is any daemon's. */
const steps = (): Promise<number> =>
  count("SELECT count(*)::int AS n FROM timeline WHERE kind = 'stage' AND text NOT LIKE 'received%'");

interface Member {
  file: string;
  child: ChildProcess;
}

function start(file: string): Member {
  const child = spawn(process.execPath, ['src/cli/main.ts', 'run', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { file, child };
}

const pidOf = ({ child }: Member): number => child.pid ?? 0;

async function until(what: string, look: () => Promise<boolean>, within: number): Promise<number> {
  const began = performance.now();
  while (!(await look())) {
    if (performance.now() - began > within) throw new Error(`not within ${within} ms: ${what}`);
    await sleep(LOOK_EVERY);
  }
  return performance.now() - began;
}

function at(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

const members = [start(world.configFile), start(second)] as [Member, Member];
const bothWork = async (): Promise<boolean> =>
  (await Promise.all(members.map((member) => heldBy(pidOf(member))))).every((n) => n > 0);
await until('both have work', bothWork, 60_000);

const nodes: string[] = [];
const over = new AbortController();
const publishing = (async () => {
  while (!over.signal.aborted) {
    nodes.push(publishShellJob(world.maestro, { name: `job-${nodes.length}` }));
    await sleep(PUBLISH_EVERY, over.signal);
  }
})();

const takenAfter: number[] = [];
const still: number[] = [];
for (let minute = 0; minute < MINUTES; minute++) {
  const began = performance.now();
  const which = minute % 2;
  const victim = members[which];
  if (victim === undefined) break;
  const hadLab = await count(
    'SELECT count(*)::int AS n FROM leases l JOIN processes p ON p.id = l.holder WHERE p.pid = $1 AND l.name LIKE $2',
    [pidOf(victim), 'lab %'],
  );
  const exit = once(victim.child, 'exit');
  victim.child.kill('SIGKILL');
  await exit;
  const before = await steps();
  const going =
    hadLab > 0 ? until('a job goes on', async () => (await steps()) > before, 120_000) : undefined;
  takenAfter.push(
    await until('its work is taken', async () => (await notTaken(pidOf(victim))) === 0, 120_000),
  );
  if (going !== undefined) still.push(await going);
  await sleep(Math.max(0, AWAY_FOR - (performance.now() - began)));
  members[which] = start(victim.file);
  await sleep(Math.max(0, KILL_EVERY - (performance.now() - began)));
}
over.abort();
await publishing;
const ended = (): Promise<number> => count('SELECT count(*)::int AS n FROM jobs WHERE done = 1');
// A busy machine takes long for what has piled up: as long as jobs end, the rest is waited for.
for (let before = -1; before < nodes.length;) {
  const known = before;
  const isOn = async (): Promise<boolean> => (before = await ended()) > known;
  if ((await until('a job ends', isOn, STUCK_AFTER).catch(() => undefined)) === undefined) break;
}

const ends = nodes.map((id) => world.maestro.database.get(id));
const lost = ends.filter((node) => node?.['state'] !== 'done').length;
const wrong = ends.filter((node) => node?.['state'] === 'done' && node['result'] !== 'pass').length;
const doubled =
  world.lava.jobs().length - new Set(world.lava.jobs().map((job) => job.definition.job_name)).size;
const found = {
  bench: 'two-daemons',
  minutes: MINUTES,
  jobs: nodes.length,
  kills: takenAfter.length,
  lost,
  wrong,
  doubled,
  work_taken_ms: { p50: at(takenAfter, 0.5), p95: at(takenAfter, 0.95), max: at(takenAfter, 1) },
  lab_still_ms: { p50: at(still, 0.5), p95: at(still, 0.95), max: at(still, 1) },
};
process.stdout.write(
  `${found.jobs} jobs, ${found.kills} kills: ${lost} lost, ${wrong} with another result, ${doubled} doubled\n` +
    `all its work was another's after ${found.work_taken_ms.p50} ms (p50), ${found.work_taken_ms.p95} ms (p95)\n` +
    `its lab stood still for ${found.lab_still_ms.p50} ms (p50), ${found.lab_still_ms.p95} ms (p95)\n${JSON.stringify(found)}\n`,
);
for (const { child } of members) {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
await client.end();
await Promise.all([world.maestro.stop(), world.lava.stop(), world.kcidb.stop()]);
await cluster.stop();
await rm(folder, { recursive: true, force: true });
process.exitCode = lost + wrong + doubled > 0 ? 1 : 0;
