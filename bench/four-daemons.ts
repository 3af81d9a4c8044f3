// Four daemons against one on one PostgreSQL database, with 20 labs: how many jobs a minute they bring from Maestro's node to KCIDB's
// report when all come at once, and what a job takes: processor time of the daemons and of PostgreSQL, statements, transactions and
// notices. Says how the work was spread, and whether anything was done twice. The simulators are in this process: their processor
// time is shown as well, since all share the machine's cores.
//
//   node bench/four-daemons.ts [JOBS] [LABS] [DAEMONS,…]      (600 20 1,4)
import { availableParallelism } from 'node:os';
import { DEMO_CASES } from '../src/demo/cases.ts';
import { publish } from '../src/demo/run.ts';
import { DEMO_LAB } from '../src/demo/world.ts';
import { sleep } from '../src/core/time.ts';
import { device, type SimDevice } from '../src/sim/lava/model.ts';
import { startLavaSimulator, type LavaSimulator } from '../src/sim/lava/simulator.ts';
import { doubledIn, processorMs, startSeveral, untilSo, withSeveral, type Several } from './several.ts';

const [JOBS = 600, LABS = 20] = process.argv.slice(2, 4).map(Number);
const DAEMONS = (process.argv[4] ?? '1,4').split(',').map(Number);
const DEVICES = 20;
const PACE = { scheduleMs: 50, startMs: 50, runMs: 1000 };
const SETTLE = 10_000;
const LIMIT = 20 * 60_000;

const nameOf = (lab: number): string => (lab === 0 ? DEMO_LAB : `lava-many-${lab}`);
const devicesOf = (lab: number): SimDevice[] =>
  Array.from({ length: DEVICES }, (_, i) => device(`qemu-${lab}-${i}`, 'qemu'));
const limits = { max_jobs: Math.ceil(JOBS / LABS) + 10, max_queued_per_device: 1000 };

interface Figures {
  daemons: number;
  jobs: number;
  jobsPerMinute: number;
  /** Of all cores (percent), while the jobs ran. */
  busy: { daemons: number; postgres: number; simulators: number };
  /** A job's. */
  processorMs: { daemons: number; postgres: number };
  statements: number;
  transactions: number;
  notices: number;
  /** Of each daemon: the labs that it held, and the processor time that it took (ms). */
  spread: { labs: number; processorMs: number }[];
  notEnded: number;
  doubled: number;
  /** Reports that KCIDB got, more than one a job. */
  reportedTwice: number;
}

/** What has been taken since the start of each process (ms), and done since the statistics were reset. */
async function taken({ members, cluster, count }: Several) {
  const { user, system } = process.cpuUsage();
  const [main = 0, ...others] = cluster.processes();
  return {
    daemons: members.map((member) => processorMs(member.pid())),
    postgres: [main, ...others].reduce((sum, pid) => sum + processorMs(pid), 0),
    simulators: (user + system) / 1000,
    statements: await count('SELECT sum(calls) AS n FROM pg_stat_statements'),
    notices: await count("SELECT sum(calls) AS n FROM pg_stat_statements WHERE query LIKE '%pg_notify%'"),
    transactions: await count('SELECT sum(xact_commit) AS n FROM pg_stat_database'),
  };
}

async function measure(daemons: number, labs: readonly LavaSimulator[], several: Several): Promise<Figures> {
  const { world, members, count, rows } = several;
  await rows('CREATE EXTENSION pg_stat_statements');
  for (const member of members) member.start();
  const heldBy = (pid: number): Promise<number> =>
    count(
      "SELECT count(*) AS n FROM leases l JOIN processes p ON p.id = l.holder WHERE p.pid = $1 AND l.name LIKE 'lab %'",
      [pid],
    );
  async function held(): Promise<number[]> {
    const labs: number[] = [];
    for (const member of members) labs.push(await heldBy(member.pid()));
    return labs;
  }
  const fair = LABS / daemons;
  await untilSo(
    'each has its share',
    async () => (await held()).every((n) => Math.abs(n - fair) < 1),
    120_000,
  );
  await sleep(SETTLE);

  const [like] = DEMO_CASES;
  if (like === undefined) throw new Error('the demo has no case');
  const before = await taken(several);
  const began = performance.now();
  const nodes = Array.from({ length: LABS }, (_, lab) => {
    const cases = Array.from({ length: JOBS / LABS }, (_, i) => ({ ...like, name: `many-${lab}-${i}` }));
    return [...publish(world, cases, nameOf(lab)).values()];
  }).flat();
  const open = (): number => nodes.filter((id) => world.maestro.node(id)?.state !== 'done').length;
  await untilSo('all have ended', () => open() === 0, LIMIT, 250).catch(() => undefined);
  const ms = performance.now() - began;
  const after = await taken(several);

  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const own = after.daemons.map((used, i) => used - (before.daemons[i] ?? 0));
  const busy = (used: number): number => Math.round((used / ms / availableParallelism()) * 100);
  const each = (used: number): number => Math.round((used / JOBS) * 10) / 10;
  const labsHeld = await held();
  const reports = [...world.kcidb.submissions.values()].map(({ report }) => JSON.stringify(report));
  return {
    daemons,
    jobs: JOBS,
    jobsPerMinute: Math.round(((JOBS - open()) / ms) * 60_000),
    busy: {
      daemons: busy(sum(own)),
      postgres: busy(after.postgres - before.postgres),
      simulators: busy(after.simulators - before.simulators),
    },
    processorMs: { daemons: each(sum(own)), postgres: each(after.postgres - before.postgres) },
    statements: each(after.statements - before.statements),
    transactions: each(after.transactions - before.transactions),
    notices: each(after.notices - before.notices),
    spread: own.map((used, i) => ({ labs: labsHeld[i] ?? 0, processorMs: used })),
    notEnded: open(),
    doubled: doubledIn([world.lava, ...labs]),
    reportedTwice: reports.length - new Set(reports).size,
  };
}

const all: Figures[] = [];
for (const daemons of DAEMONS) {
  const more: LavaSimulator[] = [];
  for (let i = 1; i < LABS; i++)
    more.push(await startLavaSimulator({ age: 'newest', devices: devicesOf(i), pace: PACE }));
  const entries = more.map((lava, i) => ({
    name: nameOf(i + 1),
    origin: `many${i + 1}`,
    lava: { url: lava.url, user: lava.user, token: lava.token, events: lava.eventsUrl },
    callback: { token_name: lava.callback.name, token: lava.callback.token },
    limits,
  }));
  const several = await startSeveral(
    daemons,
    { lava: { age: 'newest', devices: devicesOf(0), pace: PACE }, lab: { limits }, labs: entries },
    ['shared_preload_libraries=pg_stat_statements'],
  );
  await withSeveral(several, async () => {
    all.push(await measure(daemons, more, several));
  });
  await Promise.all(more.map((lava) => lava.stop()));
}

for (const figures of all) {
  const lines = Object.entries(figures).map(
    ([name, value]) => `${name.padEnd(16)}${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  process.stdout.write(`${lines.join('\n')}\n\n`);
}
process.stdout.write(`${JSON.stringify({ bench: 'four-daemons', labs: LABS, figures: all })}\n`);
process.exitCode = all.some(({ notEnded, doubled, reportedTwice }) => notEnded + doubled + reportedTwice > 0)
  ? 1
  : 0;
