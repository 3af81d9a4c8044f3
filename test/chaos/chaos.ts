// `npm run chaos`: the daemon, or several, against a real LAVA while everything around it fails (docs/chaos.md). Ends with exit code 1
// if anything was lost, doubled or wrong, and names it.
import { mkdir } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { errorText } from '../../src/core/errors.ts';
import { formatDuration, MINUTE } from '../../src/core/time.ts';
import { bringUp, LABS, type Lab, type LabKind } from './lab.ts';
import { runChaos } from './run-chaos.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Io, Report, Scenario } from './scenario.ts';
import { printTable } from './table.ts';

interface Options {
  lab: LabKind;
  mode: string;
  seed: number;
  requests?: number;
  kills: number;
  minutes: number;
  devices: number;
  state?: string;
  report: 'close' | 'hierarchy';
  store: 'sqlite' | 'postgres';
  daemons: number;
  keep?: true;
}

const MODES = ['chaos', 'scenarios', ...Object.keys(SCENARIOS)];
const startedAt = Date.now();

function say(text: string): void {
  process.stderr.write(`[chaos ${formatDuration(Date.now() - startedAt)}] ${text}\n`);
}

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number');
}

function several(text: string): number {
  const n = whole(text);
  if (n >= 1 && n <= 9) return n;
  throw new InvalidArgumentError('from 1 to 9');
}

const program = new Command('chaos')
  .description('the daemon against a real LAVA while everything around it fails')
  .addOption(new Option('--lab <which>', 'which LAVA').choices(LABS).default('2023.01'))
  .addOption(new Option('--mode <name>', 'what is to fail').choices(MODES).default('chaos'))
  .option('--seed <n>', 'the same faults at the same times', whole, Math.floor(Math.random() * 1e6))
  .option('--requests <n>', 'how many jobs Maestro publishes (1000 in chaos, else 100)', whole)
  .option('--kills <n>', 'how often the daemons are killed, all together', whole, 100)
  .option('--minutes <n>', 'the longest that a run may take', whole, 35)
  .option('--devices <n>', 'played boards', whole, 50)
  .option('--state <dir>', "where the run's own lab lives (below /var/tmp)")
  .addOption(
    new Option('--report <how>', 'report.maestro').choices(['close', 'hierarchy']).default('hierarchy'),
  )
  .addOption(
    new Option('--store <which>', "the daemon's database").choices(['sqlite', 'postgres']).default('sqlite'),
  )
  .option('--daemons <n>', 'daemons on that one database; more than 1 need --store postgres', several, 1)
  .option('--keep', 'leave the lab up, and all files there')
  .action((options: Options) => main(options));

async function main(options: Options): Promise<void> {
  if (options.daemons > 1 && options.store !== 'postgres') {
    const text = 'only in PostgreSQL can several share one database: add --store postgres';
    program.error(`--daemons ${options.daemons}: ${text}`, { exitCode: 2 });
  }
  const state = options.state ?? `/var/tmp/lavalab-chaos-${options.lab}`;
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const io: Io = { say, signal: abort.signal };
  say(`seed ${options.seed}`);
  let lab: Lab | undefined;
  let isGood = false;
  try {
    await mkdir(state, { recursive: true });
    lab = await bringUp(options.lab, state, options.devices);
    say('the lab is up');
    isGood = await runAll(scenariosOf(options.mode), options, state, lab, io);
  } catch (error) {
    say(`stopped: ${errorText(error)}`);
  } finally {
    if (options.keep !== true) await lab?.down(isGood);
  }
  if (!isGood) {
    process.exitCode = 1;
    say(`left to be looked into: ${state}, and the daemon's folder next to it`);
  }
}

function scenariosOf(mode: string): [name: string, scenario: Scenario][] {
  if (mode === 'chaos') return [['chaos', runChaos]];
  return Object.entries(SCENARIOS).filter(([name]) => mode === 'scenarios' || mode === name);
}

/** One after the other; whether nothing was found in any. */
async function runAll(
  scenarios: [name: string, scenario: Scenario][],
  options: Options,
  state: string,
  lab: Lab,
  io: Io,
): Promise<boolean> {
  const { mode, seed, kills, minutes, report, store, daemons, keep = false } = options;
  const requests = options.requests ?? (mode === 'chaos' ? 1000 : 100);
  let isGood = true;
  for (const [name, scenario] of scenarios) {
    io.signal.throwIfAborted();
    say(`${name}: ${requests} requests`);
    const world = { lab, folder: `${state}-${name}`, seed, report, store, daemons };
    const until = Date.now() + minutes * MINUTE;
    const result = await scenario(world, { seed, requests, kills, until, keep }, io);
    tell(name, result);
    isGood &&= result.findings.length === 0;
  }
  return isGood;
}

function tell(name: string, { rows, findings }: Report): void {
  printTable(name, rows);
  for (const [nodeId, own] of Map.groupBy(findings, (f) => f.nodeId)) {
    const shown = own.slice(0, 5).map(({ what, text }) => `${what}: ${text}`);
    const more = own.length > shown.length ? `; and ${own.length - shown.length} more` : '';
    process.stdout.write(`${nodeId} ${shown.join('; ')}${more}\n`);
  }
  const count = (what: string): number =>
    new Set(findings.flatMap((f) => (f.what === what ? [f.nodeId] : []))).size;
  process.stdout.write(`\nlost ${count('lost')}, doubled ${count('doubled')}, wrong ${count('wrong')}\n`);
}

await program.parseAsync();
