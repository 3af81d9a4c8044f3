// `lava-bridge jobs …`: what the daemon has to do, one by one, and why each is where it is.
import { InvalidArgumentError, type Command } from 'commander';
import got from 'got';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { formatDuration, SECOND, sleep } from '../core/time.ts';
import { DeliveryView, JobDetail, JobList, JobRow, waitingOf, whereOf } from '../http/shapes.ts';
import { bold, configOption, daemonOf, jsonOption, print, printJson, table, type Daemon } from './common.ts';

interface Common {
  config: string;
  json?: true;
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
    .option('--stage <name>', 'whose last completed stage is this')
    .option('--open', 'those that have not ended')
    .option('--limit <n>', 'so many at most, up to 1000', count, 50)
    .addOption(configOption())
    .addOption(jsonOption())
    .action(
      async (
        options: Common & { lab?: string; board?: string; stage?: string; open?: true; limit: number },
      ) => {
        const query = new URLSearchParams({ limit: String(options.limit) });
        if (options.lab !== undefined) query.set('lab', options.lab);
        if (options.board !== undefined) query.set('board', options.board);
        if (options.stage !== undefined) query.set('stage', options.stage);
        if (options.open) query.set('done', 'false');
        const answer = await (await daemonOf(options.config)).get(`/api/v1/jobs?${query.toString()}`);
        if (options.json) return printJson(answer);
        const rows = JobList.parse(answer).jobs;
        if (rows.length === 0) return print('no jobs');
        const head = ['RECEIVED (UTC)', 'JOB', 'NAME', 'BOARD', 'LAVA', 'WAITS FOR', 'VERDICT OR REASON'];
        return print(table(head, rows.map(listed)));
      },
    );

  jobs
    .command('show <id>')
    .description('one job: attempts, deliveries and its whole timeline (the id, or the node id alone)')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (id: string, options: Common) => {
      const answer = await (await daemonOf(options.config)).get(`/api/v1/jobs/${encodeURIComponent(id)}`);
      if (options.json) printJson(answer);
      else print(shown(JobDetail.parse(answer)));
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
  const stream = got.stream(`${daemon.url}${path}/log?${query.toString()}`, {
    retry: { limit: 0 },
    https: { rejectUnauthorized: false },
    timeout: { connect: 5000 },
    headers: daemon.forReading(),
  });
  let bytes = 0;
  for await (const chunk of stream) {
    const piece = z.instanceof(Buffer).parse(chunk);
    bytes += piece.length;
    process.stdout.write(piece);
  }
  if (bytes > 0) return;
  const job = JobRow.parse(await daemon.get(path));
  process.stderr.write(
    `lava-bridge: ${job.id} has no log${job.done ? '' : ' yet'}: ${job.done ? `it ended after the stage ${job.stage}` : `it ${waitingOf(job)}`}; ${summary(job)}\n`,
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
    summary(job),
  ];
}

/** The verdict if there is one, else why the job is where it is. */
export function summary(job: JobRow): string {
  const verdict = job.tests.map((t) => `${t.path} ${t.status}`).join(', ');
  const ending = job.ending === null ? '' : `${job.ending.kind}: ${job.ending.reason}`;
  return [verdict, ending, job.reason ?? ''].filter((text) => text !== '').join('; ');
}

function shown(job: JobDetail): string {
  const lines = [
    job.id,
    `  ${job.name} on ${job.board}${job.device === null ? '' : ` (${job.device})`}`,
    `  ${job.done ? `ended, last stage ${job.stage}` : waitingOf(job)}${summary(job) === '' ? '' : `; ${summary(job)}`}`,
    '',
    'attempts',
    ...job.attempts.map(
      (a) =>
        `  ${a.n}: LAVA job ${a.lava_id ?? '-'} ${a.state ?? ''} ${a.device ?? ''}${a.outcome === null ? '' : ` (${a.outcome})`}`,
    ),
    'deliveries',
    ...job.deliveries.map(
      (d) =>
        `  ${d.id}: ${d.kind} to ${d.destination}: ${d.state}${d.tries > 0 ? `, ${d.tries} tries failed` : ''}${d.error === null ? '' : `: ${d.error}`}`,
    ),
    'timeline',
  ];
  let before: number | undefined;
  for (const entry of job.timeline) {
    const at = Date.parse(entry.at);
    const step = before === undefined ? '' : `+${formatDuration(at - before)}`;
    before = at;
    lines.push(`  ${entry.at}  ${step.padStart(8)}  ${entry.text}`);
  }
  const heads = [job.id, 'attempts', 'deliveries', 'timeline'];
  return lines.map((line) => (heads.includes(line) ? bold(printable(line)) : printable(line))).join('\n');
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
