// `lava-bridge check`: what an admin wants to know before starting the daemon, a line each: ok, or what to do.
import type { Command } from 'commander';
import { checkFiles } from './check-files.ts';
import type { Line } from './check-lines.ts';
import { outside } from './check-outside.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

interface Options {
  config: string;
  offline?: true;
  json?: true;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'check configuration, device types, templates and plans; then Maestro, the labs, KCIDB, storage, callbacks',
    )
    .option('--offline', 'look at files of this machine only')
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
  if (options.json) printJson({ lines });
  if (lines.some((line) => line.state === 'failed')) process.exitCode = 1;
}

const MARKS: Record<Line['state'], string> = { ok: 'ok     ', warning: 'WARNING', failed: 'FAILED ' };
