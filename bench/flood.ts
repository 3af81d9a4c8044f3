// The daemon with a heap of 256 MiB under a flood from outside: the largest callbacks that it takes, requests of the largest
// size, and readers of logs, all at once. Prints how many of each were answered how, how fast /healthz answered meanwhile,
// and how much memory the daemon took. Ends with 1 if the daemon died, or if /healthz took more than 100 ms in more than
// one of twenty cases.
//
//   npm run flood -- [SECONDS]      (120)
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { sleep } from '../src/core/time.ts';
import { publishShellJob } from '../src/demo/shell-job.ts';
import { DEMO_LAB } from '../src/demo/world.ts';
import { HEAP, startBenchDaemon } from './daemon.ts';
import { send, type Sent } from './send.ts';

const SECONDS = Number(process.argv[2] ?? 120);
const MIB = 1024 * 1024;
/** How many of each go on at a time. */
const SENDERS = { callbacks: 16, requests: 8, readers: 40 };
const MEMORY_EVERY = 200;
const HEALTH_EVERY = 100;
const NICENESS = 10;
const HEALTH_LIMIT = 100;

const { world, child: daemon, exit, stop } = await startBenchDaemon();
const agent = new Agent({ keepAlive: true });
const answers = new Map<string, number>();
let peak = 0;
const over = new AbortController();

function count(what: string): void {
  answers.set(what, (answers.get(what) ?? 0) + 1);
}

const sendTo = (path: string, sent?: Sent): Promise<string> => send(`${world.url}${path}`, agent, sent);

async function again(what: string, work: () => Promise<string>): Promise<void> {
  while (!over.signal.aborted) {
    count(`${what} ${await work()}`);
    await sleep(5);
  }
}

/** A callback as large as the lab takes them, 64 MiB: nearly all of it log. */
function largestCallback(lavaId: number): Buffer {
  const line =
    '- {"dt": "2026-08-21T15:20:01.000000", "lvl": "target", "msg": "[    1.234567] a line of a console"}\n';
  const cases =
    '- {id: 1, name: job, result: pass, suite: lava, level: "", metadata: {result: pass}}\n'.repeat(1000);
  const rest = { id: lavaId, state_string: 'Finished', health_string: 'Complete', results: { lava: cases } };
  const log = line.repeat(Math.floor((61 * MIB) / (line.length + 9)));
  return Buffer.from(JSON.stringify({ ...rest, log }));
}

function largestRequest(): Buffer {
  const id = Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(24, '0');
  const data = { runtime: DEMO_LAB, platform: 'no-such-board', extra: 'x'.repeat(500 * 1024) };
  const node = { id, kind: 'job', name: 'flood', path: ['flood'], state: 'available', data };
  return Buffer.from(JSON.stringify({ node }));
}

async function watchMemory(): Promise<void> {
  while (!over.signal.aborted) {
    const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0));
    await sleep(MEMORY_EVERY);
  }
}

/** How long the daemon's main thread ran, and how long it was ready to run and got no core (s); Linux alone knows. */
async function onCore(): Promise<{ ran: number; waited: number }> {
  const text = await readFile(`/proc/${daemon.pid}/schedstat`, 'utf8').catch(() => '');
  const [ran = 0, waited = 0] = text.split(' ').map((ns) => Number(ns) / 1e9);
  return { ran, waited };
}

function at(times: readonly number[], part: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1)} ms`;
}

async function whenReady(): Promise<string> {
  while ((await sendTo('/healthz')) !== '200') await sleep(100);
  const id = publishShellJob(world.maestro, { name: 'flood', scenario: 'long' });
  while (world.lava.jobs().length === 0) await sleep(100);
  return id;
}

const key = await whenReady();
const callback = largestCallback(world.lava.jobs()[0]?.id ?? 1);
const json = { 'content-type': 'application/json' };
const health = new Worker(new URL('health-watch.ts', import.meta.url), {
  workerData: { url: `${world.url}/healthz`, everyMs: HEALTH_EVERY },
});
// The senders are many machines elsewhere; here they share the cores with the daemon, and leave it the first turn.
setPriority(NICENESS);
const work = [
  watchMemory(),
  ...Array.from({ length: SENDERS.callbacks }, () =>
    again('callback', () =>
      sendTo(`/callback/${DEMO_LAB}/${key}`, {
        method: 'POST',
        headers: { ...json, authorization: world.lava.callback.token },
        body: callback,
      }),
    ),
  ),
  ...Array.from({ length: SENDERS.requests }, () =>
    again('request', () =>
      sendTo('/api/v1/requests', {
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${world.token}` },
        body: largestRequest(),
      }),
    ),
  ),
  ...Array.from({ length: SENDERS.readers }, () =>
    again('log', () => sendTo(`/jobs/${DEMO_LAB}:${key}/log`)),
  ),
];
process.stderr.write(`callbacks of ${(callback.length / MIB).toFixed(1)} MiB, for ${SECONDS} s\n`);
const died = await Promise.race([exit.then(() => true), sleep(SECONDS * 1000).then(() => false)]);
const core = await onCore();
over.abort();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
health.postMessage('end');
const times = await new Promise<number[]>((resolve) => health.once('message', resolve));
daemon.kill('SIGTERM');
agent.destroy();
await Promise.all(work);
await stop();

const late = times.filter((ms) => ms > HEALTH_LIMIT).length / Math.max(1, times.length);
process.stdout.write(
  [
    `daemon: ${died ? 'DIED' : 'alive'}, at most ${(peak / 1024).toFixed(0)} MiB resident (heap limit ${HEAP} MiB)`,
    `its main thread ran ${core.ran.toFixed(0)} s, and waited ${core.waited.toFixed(0)} s for a core`,
    `/healthz: ${times.length} times, ${at(times, 0.5)} half, ${at(times, 0.95)} at 95%, ${at(times, 1)} at most`,
    ...[...answers].toSorted(([a], [b]) => a.localeCompare(b)).map(([what, n]) => `${what}: ${n}`),
    '',
  ].join('\n'),
);
process.exitCode = died || late > 0.05 ? 1 : 0;
