// `lava-bridge rejudge`: what today's rules make of the evidence of jobs that were reported, one after the other.
import type { Command } from 'commander';
import { BridgeError, errorText } from '../core/errors.ts';
import { DAY, rfc3339 } from '../core/time.ts';
import { JobList, RejudgedView } from '../http/shapes.ts';
import { configOption, daemonOf, jsonOption, print, printJson, type Daemon } from './common.ts';
import { sinceTime } from './jobs.ts';
import { printable } from '../core/printable.ts';

interface Options {
  since?: string;
  lab?: string;
  board?: string;
  report?: true;
  config: string;
  json?: true;
}

export function addRejudge(program: Command): void {
  program
    .command('rejudge')
    .description("judge stored evidence again by today's rules, and show what would be reported otherwise")
    .option(
      '--since <time>',
      'of jobs received then or later: 7d, 12h, or 2026-08-21T15:00:00Z (default: 7d)',
      sinceTime,
    )
    .option('--lab <name>', 'of this lab only')
    .option('--board <name>', 'of this board only')
    .option(
      '--report',
      'store what differs, and report it as a correction: Maestro’s node gets the new result; KCIDB keeps each status that it has, and takes new issues',
    )
    .addOption(configOption())
    .addOption(jsonOption())
    .action(rejudge);
}

/** What became of one job; `error`: it could not be judged; `gone`: nor can it ever be, for its logs are no longer kept. */
type Line = RejudgedView | { id: string; error: string } | { id: string; gone: true };

async function rejudge(options: Options): Promise<void> {
  const daemon = await daemonOf(options.config);
  const lines: Line[] = [];
  for await (const id of reportedJobs(daemon, options)) {
    const line = await one(daemon, id, options.report === true);
    lines.push(line);
    if (options.json) continue;
    if ('changes' in line) for (const change of line.changes) print(printable(`${line.id}: ${change}`));
    else if ('error' in line) print(printable(`${line.id}: ERROR: ${line.error}`));
  }
  const failed = lines.filter((line) => 'error' in line).length;
  const differ = lines.filter((line) => 'changes' in line && line.changes.length > 0).length;
  if (options.json) printJson({ jobs: lines });
  else
    print(
      summary(lines.filter((line) => !('gone' in line)).length, differ, failed, options.report === true) +
        goneOf(lines),
    );
  if (failed > 0) process.exitCode = 1;
}

function summary(all: number, differ: number, failed: number, isReported: boolean): string {
  const faults = failed === 0 ? '' : `, ${failed} could not be judged`;
  const what = differ === 0 ? '' : isReported ? '; they are reported' : '; --report would report them';
  return `${all} jobs judged again: ${differ} come out differently${faults}${what}`;
}

function goneOf(lines: readonly Line[]): string {
  const gone = lines.filter((line) => 'gone' in line).length;
  return gone === 0 ? '' : `; of ${gone} the logs are no longer kept`;
}

/** The ids of what has ended with a verdict, the newest first. */
async function* reportedJobs(daemon: Daemon, { since, lab, board }: Options): AsyncGenerator<string> {
  const query = new URLSearchParams({ done: 'true', limit: '200' });
  query.set('since', since ?? rfc3339(Date.now() - 7 * DAY));
  if (lab !== undefined) query.set('lab', lab);
  if (board !== undefined) query.set('board', board);
  for (;;) {
    const { jobs, next } = JobList.parse(await daemon.get(`/api/v1/jobs?${query.toString()}`));
    for (const { id, result } of jobs) if (result !== null) yield id;
    if (next === null || next === undefined) return;
    query.set('after', next);
  }
}

/** What is wrong with one job keeps the others from nothing. */
async function one(daemon: Daemon, id: string, report: boolean): Promise<Line> {
  try {
    const answer = await daemon.post(`/api/v1/jobs/${encodeURIComponent(id)}/rejudge`, { report });
    return RejudgedView.parse(answer);
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'evidence_gone') return { id, gone: true };
    return { id, error: errorText(error) };
  }
}
