// What a job with a very large log costs all others: how long the daemon's event loop stands still while it takes the
// callback, judges the log and publishes it. The daemon runs in this process; the callback is sent by another one.
//
//     node bench/large-log.ts [--megabytes 60]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createLogger } from '../src/core/logger.ts';
import { sleep } from '../src/core/time.ts';
import { DEMO_LAB, startWorld, type World } from '../src/demo/world.ts';
import type { JobRecord } from '../src/store/index.ts';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '60' } } });
const megabytes = Number(values.megabytes);
/** One case, so that the evidence in the callback counts as whole. */
const RESULT = '- {id: "1", name: job, result: pass, suite: lava, logged: "2026-08-21 15:20:01+00:00"}\n';
const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-bench-'));
const world = await startWorld({
  folder,
  log: createLogger('fatal'),
  poll: '200ms',
  lab: { limits: { max_callback: `${megabytes * 2}MiB` } },
});
try {
  await measure(world);
} finally {
  await world.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure({ lava }: World): Promise<void> {
  const nodeId = publish();
  const job = await reached(nodeId, (found) => found.stage === 'running');
  const body = join(folder, 'callback.json');
  await pipeline(Readable.from(callback(megabytes)), createWriteStream(body));
  Object.assign(lava.switches, { callbacks: 'drop', events: 'mute' }); // only our own callback arrives
  for (const simulated of lava.jobs()) await lava.lab.cancel(simulated);

  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const began = performance.now();
  await send(body, nodeId);
  const answered = performance.now();
  print('the callback is answered', began, delay);
  await reached(nodeId, (found) => found.stage === 'reported');
  print('judged, published, reported', answered, delay);
  const [attempt] = await world.daemon.context.store.attempts(job.id);
  console.log(
    `evidence: ${attempt?.evidence}, resident: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  );
}

function publish(): string {
  const { maestro } = world;
  const files = `${maestro.url}/files/scenario/long/x`;
  const artifacts = { kernel: `${files}/bzImage`, ramdisk: `${files}/rootfs.cpio.gz` };
  const test = { id: 'boot-test', type: 'boot', depends: [], timeout_s: 600 };
  const definition = { artifacts, tests: [test], environment: { platform: 'qemu-x86_64', arch: 'x86_64' } };
  const build = maestro.addBuild({ arch: 'x86_64', artifacts });
  const spec = { build: build.id, name: 'large', runtime: DEMO_LAB, platform: 'qemu-x86_64' };
  return maestro.addPullLabsJob(spec, definition).id;
}

async function reached(nodeId: string, is: (job: JobRecord) => boolean): Promise<JobRecord> {
  for (;;) {
    const job = await world.daemon.context.store.job(`${DEMO_LAB}:${nodeId}`);
    if (job && is(job)) return job;
    await sleep(20);
  }
}

/** LAVA's body, in pieces: a log of that many megabytes, a result for the boot. */
function* callback(size: number): Generator<string> {
  const facts = { id: 1, state_string: 'Finished', health_string: 'Complete', actual_device_id: 'qemu-01' };
  yield `${JSON.stringify({ ...facts, results: { lava: RESULT } }).slice(0, -1)},"log":"`;
  for (let bytes = 0, n = 0; bytes < size * 2 ** 20; n++) {
    const text = `[${(n / 1000).toFixed(6)}] audit: type=1400 audit(${n}): apparmor="ALLOWED" operation="open"`;
    const line = `- {"dt": "2026-08-21T15:20:01.123456", "lvl": "target", "msg": ${JSON.stringify(text)}}\n`;
    const piece = JSON.stringify(line).slice(1, -1);
    bytes += piece.length;
    yield piece;
  }
  yield '"}';
}

/** By a process of its own, so that sending takes no time of this one. */
async function send(body: string, nodeId: string): Promise<void> {
  const script = `
    const { openAsBlob } = require('node:fs');
    (async () => {
      const [url, file, authorization] = process.argv.slice(1);
      const answer = await fetch(url, { method: 'POST', headers: { authorization }, body: await openAsBlob(file) });
      process.exitCode = answer.status === 200 ? 0 : 1;
      console.error(answer.status);
    })();`;
  const args = [`${world.url}/callback/${DEMO_LAB}/${nodeId}`, body, world.lava.callback.token];
  const child = spawn(process.execPath, ['-e', script, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(child, 'exit');
}

function print(what: string, since: number, delay: ReturnType<typeof monitorEventLoopDelay>): void {
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(0)} ms`;
  const took = ((performance.now() - since) / 1000).toFixed(1);
  console.log(
    `${what}: ${took} s; stood still ${ms(delay.max)} at most, 99 of 100 below ${ms(delay.percentile(99))}`,
  );
  delay.reset();
}
