// `npm run e2e`: the real daemon against a real LAVA, with real kernels under QEMU. A line for each job and command, then
// what the bridge added to each job's time, then the count. Exit code 1 if anything came out other than it must. With
// --keep the daemon's configuration, state and log stay in any case.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../../src/core/errors.ts';
import { formatDuration, MINUTE, sleep } from '../../src/core/time.ts';
import { runCourse, type Course } from './course.ts';
import { tellFigures } from './figures.ts';
import { cancelAll } from './lab.ts';
import { startWorld } from './world.ts';

/** For the whole run, ms. */
const LIMIT = 15 * MINUTE;

async function main(): Promise<boolean> {
  const startedAt = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-e2e-'));
  const world = await startWorld(folder);
  const counts = { passed: 0, failed: 0 };
  const course: Course = {
    world,
    delays: [],
    tell(what, faults, detail = '') {
      const isGood = faults.length === 0;
      counts[isGood ? 'passed' : 'failed']++;
      const after = formatDuration(Date.now() - startedAt).padStart(7);
      print(`${isGood ? 'ok    ' : 'FAILED'} ${after}  ${what.padEnd(26)} ${detail}`);
      for (const fault of faults) print(`                 ${fault}`);
    },
  };
  const limit = new AbortController();
  try {
    await Promise.race([runCourse(course), overtime(course, limit.signal)]);
  } finally {
    limit.abort();
    if (counts.failed > 0) await cancelAll(world.lab, world.maestro.database.nodes.keys()).catch(tellError);
    await world.stop();
  }
  for (const line of tellFigures(world, course.delays)) print(line);
  const isGood = counts.failed === 0;
  if (isGood && !process.argv.includes('--keep')) await rm(folder, { recursive: true });
  else print(`Configuration, state and log of the daemon: ${folder}`);
  print(`${formatDuration(Date.now() - startedAt)} in all`);
  print(`${counts.passed} passed, ${counts.failed} failed`);
  return isGood;
}

async function overtime({ tell }: Course, signal: AbortSignal): Promise<void> {
  await sleep(LIMIT, signal);
  if (!signal.aborted) tell('the whole run', [`not done within ${formatDuration(LIMIT)}`]);
}

function tellError(error: unknown): void {
  print(`e2e: ${errorText(error)}`);
}

function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  tellError(error);
  process.exit(1);
}
