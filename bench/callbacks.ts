// How many callbacks the daemon takes in a second, each on the disk before it is answered: of 100 kB and of 2 MB, for the running jobs of
// 40 devices, from 16 senders at once, compared with how often the same disk syncs a file of that size. Prints a table, and the same as a
// line of JSON.
//
//   node bench/callbacks.ts [SECONDS]      (20, for each size)
import { mkdtemp, open, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../src/core/time.ts';
import { publish } from '../src/demo/run.ts';
import { DEMO_CASES } from '../src/demo/cases.ts';
import { DEMO_LAB } from '../src/demo/world.ts';
import { device } from '../src/sim/lava/model.ts';
import { startBenchDaemon } from './daemon.ts';
import { send } from './send.ts';

const SECONDS = Number(process.argv[2] ?? 20);
const SIZES = { '100 kB': 100_000, '2 MB': 2_000_000 };
const SENDERS = 16;
const DEVICES = 40;
/** So many times a file is written and synced, to know the disk. */
const SYNCS = 50;

const { world, child, stop } = await startBenchDaemon({
  lava: { devices: Array.from({ length: DEVICES }, (_, i) => device(`qemu-${i}`, 'qemu')) },
});

/** A job's end as LAVA tells of it: nearly all of it log. */
function callback(lavaId: number, bytes: number): Buffer {
  const line =
    '- {"dt": "2026-08-21T15:20:01.000000", "lvl": "target", "msg": "[    1.234567] a line of a console"}\n';
  const lava = '- {id: 1, name: job, result: pass, suite: lava, level: "", metadata: {result: pass}}\n';
  const body = { id: lavaId, state_string: 'Running', health_string: 'Unknown', results: { lava } };
  const log = line.repeat(Math.max(1, Math.floor((bytes - 300) / (line.length + 9))));
  return Buffer.from(JSON.stringify({ ...body, log }));
}

/** The keys of jobs that run, with their LAVA ids. */
async function running(): Promise<{ key: string; lavaId: number }[]> {
  const names = Array.from({ length: DEVICES }, (_, i) => `callbacks-${i}`);
  const [like] = DEMO_CASES;
  if (like === undefined) throw new Error('the demo has no case');
  publish(
    world,
    names.map((name) => ({ ...like, name, scenario: 'long' })),
  );
  for (;;) {
    const jobs = world.lava.jobs().filter(({ state }) => state === 'Running');
    if (jobs.length === DEVICES)
      return jobs.map(({ id, definition }) => ({
        lavaId: id,
        key: CALLBACK.exec(JSON.stringify(definition.notify))?.[1] ?? '',
      }));
    await sleep(200);
  }
}
/** The job's key, at the end of the callback's URL. */
const CALLBACK = /\/callback\/[^/\s]+\/([^\s"']+)/;

interface Measured {
  size: string;
  perSecond: number;
  megabytes: number;
  half: number;
  p99: number;
  p999: number;
  syncs: number;
  others: Record<string, number>;
}

async function measure(
  size: string,
  bytes: number,
  jobs: Awaited<ReturnType<typeof running>>,
): Promise<Measured> {
  const bodies = jobs.map(({ key, lavaId }) => ({ key, body: callback(lavaId, bytes) }));
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const times: number[] = [];
  const others: Record<string, number> = {};
  const until = performance.now() + SECONDS * 1000;
  let next = 0;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (performance.now() < until) {
        const job = bodies[next++ % bodies.length];
        if (job === undefined) return;
        const began = performance.now();
        const status = await send(`${world.url}/callback/${DEMO_LAB}/${job.key}`, agent, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: world.lava.callback.token },
          body: job.body,
        });
        if (status === '200') times.push(performance.now() - began);
        else others[status] = (others[status] ?? 0) + 1;
      }
    }),
  );
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (part: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
  return {
    size,
    perSecond: times.length / SECONDS,
    megabytes: (times.length * bytes) / SECONDS / 1e6,
    half: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    syncs: await syncRate(bytes),
    others,
  };
}

/** How often in a second a file of that size is written and synced, one after the other, where the daemon's state is. */
async function syncRate(bytes: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-sync-'));
  const body = Buffer.alloc(bytes, 'x');
  const began = performance.now();
  for (let i = 0; i < SYNCS; i++) {
    const file = await open(join(folder, String(i)), 'w');
    await file.write(body);
    await file.sync();
    await file.close();
  }
  const seconds = (performance.now() - began) / 1000;
  await rm(folder, { recursive: true });
  return SYNCS / seconds;
}

const jobs = await running();
const all: Measured[] = [];
for (const [size, bytes] of Object.entries(SIZES)) all.push(await measure(size, bytes, jobs));
await stop();

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const rows = [
  ['size', 'a second', 'MB/s', 'half', '99%', '99.9%', 'syncs a second', 'not taken'],
  ...all.map((m) => [
    m.size,
    m.perSecond.toFixed(1),
    m.megabytes.toFixed(1),
    ms(m.half),
    ms(m.p99),
    ms(m.p999),
    m.syncs.toFixed(0),
    Object.entries(m.others)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ') || '-',
  ]),
];
process.stdout.write(
  `${rows
    .map((row) =>
      row
        .map((cell) => cell.padEnd(15))
        .join('')
        .trimEnd(),
    )
    .join('\n')}\n`,
);
process.stdout.write(
  `${JSON.stringify({ bench: 'callbacks', seconds: SECONDS, senders: SENDERS, results: all })}\n`,
);
process.exitCode = child.exitCode ?? 0;
