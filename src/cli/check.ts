// `lava-bridge check`: what an admin wants to know before starting the daemon, a line each: ok, or what to do.
import { InvalidArgumentError, Option, type Command } from 'commander';
import { MINUTE } from '../core/time.ts';
import { checkFiles } from './check-files.ts';
import type { Line } from './check-lines.ts';
import { sendTests } from './check-send-test.ts';
import { outside } from './check-outside.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

interface Options {
  config: string;
  offline?: true;
  sendTest?: true;
  board?: string;
  kernel?: string;
  timeLimit?: number;
  json?: true;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'check configuration, device types, templates and plans; then Maestro, the labs, KCIDB, storage, callbacks',
    )
    .option('--offline', 'look at files of this machine only')
    .addOption(
      new Option(
        '--send-test',
        'then run a job in each lab through the running daemon: submission, callback, events, verdict; nothing of it is reported',
      ).conflicts('offline'),
    )
    .option('--board <name>', 'of --send-test: on this board (default: one that is free)')
    .option('--kernel <url>', "of --send-test: this kernel (default: Maestro's newest)")
    .option('--time-limit <minutes>', 'of --send-test: for each lab (default: 30)', minutes)
    .addOption(configOption())
    .addOption(jsonOption())
    .action(check);
}

async function check(options: Options): Promise<void> {
  const lines: Line[] = [];
  const add = (line: Line): void => {
    lines.push(line);
    if (!options.json) print(`${MARKS[line.state]}  ${line.what}: ${line.text}`);
  };
  const config = await checkFiles(options.config, add);
  if (config && options.offline !== true) for (const line of await outside(config)) add(line);
  if (config && options.sendTest) {
    const { board, kernel, timeLimit = 30 * MINUTE } = options;
    await sendTests(config, { board, kernel, limitMs: timeLimit }, add);
  }
  if (options.json) printJson({ lines });
  if (lines.some((line) => line.state === 'failed')) process.exitCode = 1;
}

const MARKS: Record<Line['state'], string> = { ok: 'ok     ', warning: 'WARNING', failed: 'FAILED ' };

function minutes(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text) * MINUTE;
  throw new InvalidArgumentError('a number of minutes');
}
