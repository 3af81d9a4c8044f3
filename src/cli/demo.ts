// `lava-bridge demo`: the whole path against built-in simulators of Maestro, LAVA and KCIDB, on loopback.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createLogger } from '../core/logger.ts';
import { formatDuration, SECOND } from '../core/time.ts';
import { DEMO_CASES } from '../demo/cases.ts';
import { compare, follow, publish, type DemoResult } from '../demo/run.ts';
import { startWorld, type World } from '../demo/world.ts';
import type { JobRecord } from '../store/index.ts';
import { STAGES } from '../store/index.ts';
import { bold, print, table } from './common.ts';

const LIMIT = 120 * SECOND;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('the whole path on this machine: simulators of Maestro, LAVA and KCIDB, and twenty requests')
    .option('--keep', 'leave it running afterwards, to look around')
    .action(async (options: { keep?: true }) => {
      const good = await demo(options.keep === true);
      if (!good) process.exitCode = 1;
    });
}

async function demo(keep: boolean): Promise<boolean> {
  const started = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-demo-'));
  const world = await startWorld({ folder, log: createLogger('fatal') });
  try {
    print(
      `Maestro ${world.maestro.url}, LAVA ${world.lava.url} and KCIDB ${world.kcidb.url} are simulated; the daemon is real.`,
    );
    print(`${DEMO_CASES.length} requests are published in Maestro.\n`);
    const nodes = publish(world, DEMO_CASES);
    const jobs = await follow(world, DEMO_CASES, nodes, LIMIT, progressShower());
    const results = await compare(world, DEMO_CASES, nodes, jobs);
    const invalid = [...world.kcidb.submissions.values()].flatMap((s) => s.errors);
    const reports = await writeReports(world, folder);
    show(results, invalid, reports, Date.now() - started);
    if (keep) await stayUp(world);
    else {
      print(
        'To look around on its pages: npm run demo -- --keep. For a lab of your own: README.md, "Install for real".',
      );
    }
    return invalid.length === 0 && results.every((r) => r.faults.length === 0);
  } finally {
    await world.stop();
  }
}

/** On a terminal one line that counts the jobs by stage; elsewhere a line whenever a job gets on. */
function progressShower(): (jobs: readonly (JobRecord | undefined)[]) => void {
  const last = new Map<string, string>();
  return (jobs) => {
    if (process.stdout.isTTY) {
      const counts = STAGES.map(
        (stage) => [stage, jobs.filter((job) => job?.stage === stage).length] as const,
      );
      const text = counts
        .filter(([, n]) => n > 0)
        .map(([stage, n]) => `${n} ${stage}`)
        .join('  ');
      process.stdout.write(`\r\x1b[K${text}${jobs.every((job) => job?.done === true) ? '\n\n' : ''}`);
      return;
    }
    for (const job of jobs) {
      if (!job || last.get(job.id) === job.stage) continue;
      last.set(job.id, job.stage);
      print(`${job.name}: ${job.stage}`);
    }
  };
}

function show(
  results: readonly DemoResult[],
  invalid: readonly string[],
  reports: string,
  took: number,
): void {
  const rows = results.map(({ demo, job, verdict, lavaIds, faults }) => [
    demo.name,
    demo.board,
    lavaIds.length === 0 ? '-' : lavaIds.join(', '),
    verdict?.rule ?? '-',
    verdict?.tests.map((t) => `${t.path} ${t.status}`).join(', ') ?? job.reason?.text ?? '-',
    verdict?.result ?? '-',
    faults.length === 0 ? 'as expected' : `WRONG: ${faults.join('; ')}`,
  ]);
  print(`\n${table(['JOB', 'BOARD', 'LAVA JOB', 'RULE', 'VERDICT', 'NODE', ''], rows)}\n`);
  const wrong = results.filter((r) => r.faults.length > 0).length;
  print(
    bold(
      `${results.length - wrong} of ${results.length} jobs were reported as expected, ${invalid.length === 0 ? 'every document is valid' : `${invalid.length} faults in documents`} (${formatDuration(took)}).`,
    ),
  );
  for (const fault of invalid.slice(0, 10)) print(`  ${fault}`);
  print(`The reports, as KCIDB got them: ${reports}`);
}

async function writeReports(world: World, folder: string): Promise<string> {
  const target = join(folder, 'reports');
  await mkdir(target);
  for (const [i, { report }] of [...world.kcidb.submissions.values()].entries()) {
    await writeFile(
      join(target, `${String(i + 1).padStart(2, '0')}.json`),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  }
  return target;
}

async function stayUp(world: World): Promise<void> {
  print(`\nStill running, until Ctrl-C. To look around:
  lava-bridge jobs --config ${world.configFile}
  lava-bridge jobs show ID --config ${world.configFile}
  lava-bridge labs --config ${world.configFile}
  ${world.url}/ (the status pages)   ${world.url}/api/v1/openapi.json   ${world.url}/metrics`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
