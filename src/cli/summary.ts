// `lava-bridge summary`: the report of the last days, from the running daemon.
import { InvalidArgumentError, type Command } from 'commander';
import { Summary, summaryText } from '../reporting/summary.ts';
import { configOption, daemonOf, jsonOption, print, printJson } from './common.ts';

export function addSummary(program: Command): void {
  program
    .command('summary')
    .description('the report of the last days: jobs, whose part failed, boards that fail, times, what recurs')
    .option('--since <days>', 'so many days, today among them: 7d', days, 7)
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async ({ since, config, json }: { since: number; config: string; json?: true }) => {
      const answer = await (await daemonOf(config)).get(`/api/v1/summary?days=${since}`);
      if (json) printJson(answer);
      else print(summaryText(Summary.parse(answer)));
    });
}

function days(text: string): number {
  const [, number = ''] = /^(\d{1,4})d?$/.exec(text) ?? [];
  const count = Number(number);
  if (number !== '' && count >= 1 && count <= 3660) return count;
  throw new InvalidArgumentError('a number of days, from 1d to 3660d');
}
