// `npm run chaos`: the daemon against a real LAVA while everything around it fails (docs/chaos.md). Ends with exit code 1
// if anything was lost, doubled or wrong, and names it.
import { mkdir } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { errorText } from '../../src/base/errors.ts';
import { formatDuration, MINUTE } from '../../src/base/time.ts';
import type { Finding } from './check.ts';
import { bringUp, type Lab } from './lab.ts';
import { runChaos, type Report } from './run-chaos.ts';
import { printTable } from './table.ts';
import { startWorld, type World } from './world.ts';

interface Options {
  seed: number;
  requests: number;
  kills: number;
  minutes: number;
  devices: number;
  state: string;
  report: 'close' | 'hierarchy';
  keep?: true;
}

const startedAt = Date.now();

function say(text: string): void {
  process.stderr.write(`[chaos ${formatDuration(Date.now() - startedAt)}] ${text}\n`);
}

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number');
}

const program = new Command('chaos')
  .description('the daemon against a real LAVA while everything around it fails')
  .option('--seed <n>', 'the same faults at the same times', whole, Math.floor(Math.random() * 1e6))
  .option('--requests <n>', 'how many jobs Maestro publishes', whole, 1000)
  .option('--kills <n>', 'how often the daemon is killed', whole, 100)
  .option('--minutes <n>', 'the longest that the run may take', whole, 15)
  .option('--devices <n>', 'played boards', whole, 50)
  .option('--state <dir>', "where the run's own lab lives", '/var/tmp/lavalab-chaos')
  .addOption(
    new Option('--report <how>', 'report.maestro').choices(['close', 'hierarchy']).default('hierarchy'),
  )
  .option('--keep', 'leave the lab and all files there')
  .action((options: Options) => main(options));

async function main(options: Options): Promise<void> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  say(`seed ${options.seed}`);
  let lab: Lab | undefined;
  let world: World | undefined;
  let report: Report | undefined;
  try {
    await mkdir(options.state, { recursive: true });
    lab = await bringUp(options.state, options.devices);
    say('the lab is up');
    world = await startWorld({ lab, folder: `${options.state}-bridge`, ...options });
    const limitMs = startedAt + options.minutes * MINUTE - Date.now();
    report = await runChaos(world, { ...options, limitMs }, say, abort.signal);
  } catch (error) {
    say(`stopped: ${error instanceof Error ? (error.stack ?? errorText(error)) : errorText(error)}`);
    process.exitCode = 1;
  } finally {
    await cleanUp(options, lab, world, report);
  }
  if (report) tell(report);
}

async function cleanUp(
  options: Options,
  lab: Lab | undefined,
  world: World | undefined,
  report: Report | undefined,
): Promise<void> {
  const keep = options.keep === true || report === undefined || report.findings.length > 0;
  if (world) {
    say(`the daemon ended within ${formatDuration(await world.stop())}`);
    if (keep) await world.save();
    await world.disk.remove();
  }
  await lab?.down(!keep);
  if (keep) say(`left as they are: ${options.state} and ${options.state}-bridge`);
}

function tell({ rows, findings }: Report): void {
  printTable('chaos', rows);
  for (const { what, nodeId, text } of findings) process.stdout.write(`${what} ${nodeId} ${text}\n`);
  const count = (what: Finding['what']): number => findings.filter((f) => f.what === what).length;
  process.stdout.write(`\nlost ${count('lost')}, doubled ${count('doubled')}, wrong ${count('wrong')}\n`);
  if (findings.length > 0) process.exitCode = 1;
}

await program.parseAsync();
