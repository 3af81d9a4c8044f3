// `lava-bridge jobs …`: what the daemon has to do, one by one, and why each is where it is.
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { stream } from '../core/http-exchange.ts';
import { DAY, HOUR, parseTime, rfc3339, SECOND, sleep } from '../core/time.ts';
import { DeliveryView, JobDetail, JobList, JobRow, waitingOf, whereOf } from '../http/shapes.ts';
import { configOption, daemonOf, jsonOption, print, printJson, table, type Daemon } from './common.ts';
import { jobText, summaryOf } from './job-text.ts';

interface Common {
  config: string;
  json?: true;
}

interface ListOptions extends Common {
  lab?: string;
  board?: string;
  device?: string;
  tree?: string;
  commit?: string;
  result?: string;
  layer?: string;
  rule?: string;
  reason?: string;
  stage?: string;
  since?: string;
  open?: true;
  csv?: true;
  limit: number;
}

/** The options of the list that the API calls by the same name. */
const SAME = [
  'lab',
  'board',
  'device',
  'tree',
  'commit',
  'result',
  'layer',
  'rule',
  'stage',
  'since',
] as const;

function queryOf(options: ListOptions): string {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const name of SAME) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  if (options.reason !== undefined) query.set('reason_code', options.reason);
  if (options.open) query.set('done', 'false');
  return query.toString();
}

const UNITS = { h: HOUR, d: DAY };

/** A time, or how long ago it was. */
export function sinceTime(text: string): string {
  const [, number = '', unit = ''] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  if (unit === 'h' || unit === 'd') return rfc3339(Date.now() - Number(number) * UNITS[unit]);
  const at = parseTime(text);
  if (at === undefined) throw new InvalidArgumentError('such as 7d, 12h or 2026-08-21T15:00:00Z');
  return rfc3339(at);
}

export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('what the running daemon has to do (list, show, log, retry, cancel, drop-delivery)')
    .helpCommand(false)
    .addHelpText('after', '\nWithout a command: list, with its options (lava-bridge jobs list --help).');

  jobs
    .command('list', { isDefault: true })
    .description('the newest jobs')
    .option('--lab <name>', 'of this lab only')
    .option('--board <name>', 'of this board only')
    .option('--device <name>', 'on this device')
    .option('--tree <name>', 'of this kernel tree')
    .option('--commit <hash>', 'of this commit (whole)')
    .option('--result <word>', 'pass, fail, skip or incomplete')
    .option('--layer <word>', 'whose part failed: kernel, test, harness, unknown, or none')
    .option('--rule <name>', 'judged by this rule')
    .option('--reason <code>', 'that wait for this reason')
    .option('--stage <name>', 'whose last completed stage is this')
    .option('--since <time>', 'received then or later: 7d, 12h, or 2026-08-21T15:00:00Z', sinceTime)
    .option('--open', 'those that have not ended')
    .option('--limit <n>', 'so many at most, up to 1000', count, 50)
    .option('--csv', 'for spreadsheets')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => {
      const daemon = await daemonOf(options.config);
      const query = queryOf(options);
      if (options.csv) return print((await daemon.getText(`/api/v1/jobs?${query}&format=csv`)).trimEnd());
      const answer = await daemon.get(`/api/v1/jobs?${query}`);
      if (options.json) return printJson(answer);
      const rows = JobList.parse(answer).jobs;
      if (rows.length === 0) return print('no jobs');
      const head = ['RECEIVED (UTC)', 'JOB', 'NAME', 'BOARD', 'LAVA', 'WAITS FOR', 'VERDICT OR REASON'];
      return print(table(head, rows.map(listed)));
    });

  jobs
    .command('show <id>')
    .description('one job: attempts, deliveries and its whole timeline (the id, or the node id alone)')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (id: string, options: Common) => {
      const answer = await (await daemonOf(options.config)).get(`/api/v1/jobs/${encodeURIComponent(id)}`);
      if (options.json) printJson(answer);
      else print(jobText(JobDetail.parse(answer)));
    });

  jobs
    .command('log <id>')
    .description("the board's console")
    .option('-f, --follow', 'go on as LAVA writes it')
    .option('--raw', "all of LAVA's lines")
    .addOption(configOption())
    .action(async (id: string, options: Common & { follow?: true; raw?: true }) => {
      await printLog(await daemonOf(options.config), id, {
        follow: options.follow === true,
        raw: options.raw === true,
      });
    });

  jobs
    .command('cancel <id>')
    .description('cancel a job; it is reported as cancelled')
    .option('--reason <text>', 'why')
    .addOption(configOption())
    .action(async (id: string, options: Common & { reason?: string }) => {
      const daemon = await daemonOf(options.config);
      await daemon.post(`/api/v1/jobs/${encodeURIComponent(id)}/cancel`, { reason: options.reason });
      print(`${id}: is being cancelled`);
    });

  jobs
    .command('retry <id>')
    .description(
      'send parked deliveries again, take up a job that was set aside, or let one that waits look again now',
    )
    .addOption(configOption())
    .action(async (id: string, options: Common) => {
      const daemon = await daemonOf(options.config);
      const answer = await daemon.post(`/api/v1/jobs/${encodeURIComponent(id)}/retry`, {});
      print(`${id}: retried ${z.object({ retried: z.string() }).parse(answer).retried}`);
    });

  jobs
    .command('drop-delivery <id> <delivery>')
    .description('give up what could not be delivered: by its number, or all to a destination by its name')
    .option('--reason <text>', 'why')
    .addOption(configOption())
    .action(async (id: string, delivery: string, options: Common & { reason?: string }) => {
      const daemon = await daemonOf(options.config);
      const path = `/api/v1/jobs/${encodeURIComponent(id)}/drop-delivery`;
      const answer = await daemon.post(path, { delivery, reason: options.reason });
      for (const { destination, kind } of Dropped.parse(answer).dropped) {
        print(`${id}: ${kind} to ${destination} is dropped`);
      }
    });
}

/** Longer than any job. */
const FOLLOWED_FOR = 14 * DAY;

const Dropped = z.object({ dropped: z.array(DeliveryView) });

async function printLog(
  daemon: Daemon,
  id: string,
  { follow, raw }: { follow: boolean; raw: boolean },
): Promise<void> {
  const path = `/api/v1/jobs/${encodeURIComponent(id)}`;
  // An unknown job, or no daemon, is reported here.
  JobRow.parse(await daemon.get(path));
  const query = new URLSearchParams({ follow: String(follow), raw: String(raw) });
  let bytes = 0;
  const url = `${daemon.url}${path}/log?${query.toString()}`;
  const log = { url, headers: daemon.forReading(), timeoutMs: FOLLOWED_FOR, isOwnMachine: true };
  const { status } = await stream(log, (piece) => {
    bytes += piece.length;
    process.stdout.write(piece);
  });
  if (status !== 200) throw new BridgeError('refused', `the daemon answered ${status}`);
  if (bytes > 0) return;
  const job = JobRow.parse(await daemon.get(path));
  process.stderr.write(
    `lava-bridge: ${job.id} has no log${job.done ? '' : ' yet'}: ${job.done ? `it ended after the stage ${job.stage}` : `it ${waitingOf(job)}`}; ${summaryOf(job)}\n`,
  );
}

function count(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 1000) return number;
  throw new InvalidArgumentError('a number from 1 to 1000');
}

function listed(job: JobRow): string[] {
  return [
    job.received.slice(0, 19).replace('T', ' '),
    job.id,
    job.name,
    job.board,
    job.lava_id === null ? '' : String(job.lava_id),
    whereOf(job),
    summaryOf(job),
  ];
}

/** A daemon that restarts is back within so many seconds; then there is none. */
const RESTART = 60;

/**
 * Waits until a job has ended; calls `progress` whenever its stage or reason changes. A daemon that is restarted
 * meanwhile is waited for.
 */
export async function waitForEnd(
  get: (path: string) => Promise<unknown>,
  id: string,
  progress: (job: JobRow) => void,
): Promise<JobRow> {
  let away = 0;
  for (let last = ''; ; await sleep(SECOND)) {
    let answer: unknown;
    try {
      answer = await get(`/api/v1/jobs/${encodeURIComponent(id)}`);
      away = 0;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'no_daemon' || away++ >= RESTART) throw error;
      continue;
    }
    const job = JobRow.parse(answer);
    const now = `${job.stage} ${job.reason ?? ''}`;
    if (now !== last) progress(job);
    last = now;
    if (job.done) return job;
  }
}

/** Whether a job's end counts as success for a script. */
export function succeeded(job: JobRow): boolean {
  if (job.ending !== null) return false;
  if (job.result === null)
    throw new BridgeError('no_result', `${job.id} ended without a result: ${job.reason ?? ''}`);
  return job.result === 'pass' || job.result === 'skip';
}
