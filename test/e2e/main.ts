// `npm run e2e`: the real daemon against a real LAVA, with real kernels under QEMU. A line for each job and command, then
// what the bridge added to each job's time, then the count. Exit code 1 if anything came out other than it must. With --keep the daemon's folder stays.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../../src/base/errors.ts';
import { runCourse, type Course } from './course.ts';
import { tellFigures } from './figures.ts';
import { startWorld } from './world.ts';

/** For the whole run, ms. */
const LIMIT = 7 * 60_000;

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
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(0).padStart(4);
      print(`${isGood ? 'ok    ' : 'FAILED'} ${seconds}s  ${what.padEnd(26)} ${detail}`);
      for (const fault of faults) print(`               ${fault}`);
    },
  };
  try {
    await runCourse(course);
  } finally {
    await world.stop();
  }
  for (const line of tellFigures(world, course.delays)) print(line);
  const isGood = counts.failed === 0;
  if (isGood && !process.argv.includes('--keep')) await rm(folder, { recursive: true });
  else print(`Configuration, state and log of the daemon: ${folder}`);
  print(`e2e: ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
  print(`${counts.passed} passed, ${counts.failed} failed`);
  return isGood;
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
setTimeout(() => {
  print(`e2e: not done within ${LIMIT / 60_000} minutes`);
  process.exit(1);
}, LIMIT).unref();

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  print(`e2e: ${errorText(error)}`);
  process.exit(1);
}
