// `lava-bridge top`: the lab at a glance, again and again until it is interrupted; once where no one watches (no terminal).
import type { Command } from 'commander';
import { formatDuration, SECOND, sleep } from '../core/time.ts';
import { JobList, Overview, PartList, troubleOf, type JobRow, type PartView } from '../http/shapes.ts';
import { errorText } from '../core/errors.ts';
import { bold, configOption, daemonOf, print, table, type Daemon } from './common.ts';
import { stageAfterOf, summaryOf } from './job-text.ts';

interface Options {
  config: string;
  interval: string;
  once?: true;
}

/** Lines that are left for jobs where the terminal does not say its height. */
const ROWS = 40;

export function addTop(program: Command): void {
  program
    .command('top')
    .description('the lab at a glance, live: systems, the flow of jobs, why they wait, and what runs')
    .option('--interval <seconds>', 'between two looks', '2')
    .option('--once', 'one look (as without a terminal)')
    .addOption(configOption())
    .action(async ({ config, interval, once }: Options) => {
      const daemon = await daemonOf(config);
      const pause = Math.max(1, Number(interval) || 2) * SECOND;
      if (once === true || !process.stdout.isTTY) return print(await screen(daemon, Infinity));
      return watch(daemon, pause);
    });
}

/** Until Ctrl-C: on a screen of its own, which leaves what was there before as it was. */
async function watch(daemon: Daemon, pause: number): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  process.stdout.write('\x1b[?1049h\x1b[?25l');
  try {
    while (!end.signal.aborted) {
      const text = await screen(daemon, process.stdout.rows - 1).catch((error: unknown) => errorText(error));
      const lines = text.split('\n').map((line) => `${line}\x1b[K`);
      process.stdout.write(`\x1b[H${lines.join('\n')}\x1b[J`);
      await sleep(pause, end.signal);
    }
  } finally {
    process.stdout.write('\x1b[?25h\x1b[?1049l');
  }
}

async function screen(daemon: Daemon, height: number): Promise<string> {
  const overview = Overview.parse(await daemon.get('/api/v1/overview'));
  const { parts } = PartList.parse(await daemon.get('/api/v1/parts'));
  const open = JobList.parse(await daemon.get(`/api/v1/jobs?done=false&limit=${ROWS}`)).jobs;
  const lines = [
    ...systems(overview, parts),
    '',
    ...flow(overview),
    '',
    ...reasons(overview),
    '',
    ...jobs(open),
  ];
  return lines.slice(0, height).join('\n');
}

function systems({ labs, destinations, last_day }: Overview, parts: readonly PartView[]): string[] {
  const ended = last_day.reduce((n, hour) => n + hour.jobs, 0);
  const failed = last_day.reduce((n, hour) => n + hour.jobs - (hour.layers['none'] ?? 0), 0);
  const rows = [
    ...labs.map((lab) => [
      lab.name,
      lab.status === 'up' && lab.drained !== null ? 'drained' : lab.status,
      ago(lab.since),
      troubleOf(lab),
    ]),
    ...parts
      .filter(({ kind }) => kind === 'events' || kind === 'callbacks' || kind === 'store')
      .map(({ kind, name, status, since, why }) => [
        kind === 'store' ? name : `${name} ${kind}`,
        status,
        since === undefined ? '' : ago(since),
        why ?? '',
      ]),
    ...destinations.map(({ name, status, since, why, deliveries }) => [
      name,
      status,
      ago(since),
      [...Object.entries(deliveries).map(([state, n]) => `${n} ${state}`), why ?? '']
        .filter(Boolean)
        .join('; '),
    ]),
  ];
  return [
    bold(
      `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC; last day: ${ended} jobs ended, ${failed} of them not well`,
    ),
    ...table(['SYSTEM', 'STATE', 'SINCE', 'WHY'], rows).split('\n'),
  ];
}

function flow({ flow: steps }: Overview): string[] {
  if (steps.length === 0) return ['No job is open.'];
  const rows = steps.map(({ lab, stage, set_aside: isSetAside, jobs: n, oldest }) => [
    lab,
    isSetAside ? 'set aside' : stageAfterOf(stage),
    String(n),
    ago(oldest),
  ]);
  return table(['LAB', 'WAIT FOR', 'JOBS', 'OLDEST'], rows).split('\n');
}

function reasons({ waiting }: Overview): string[] {
  if (waiting.length === 0) return ['No job is waiting.'];
  const rows = waiting
    .slice(0, 10)
    .map(({ jobs: n, code, lab, board, oldest, reason }) => [
      String(n),
      code,
      lab,
      board,
      ago(oldest),
      reason,
    ]);
  return table(['JOBS', 'REASON', 'LAB', 'BOARD', 'OLDEST', 'WHY'], rows).split('\n');
}

function jobs(open: readonly JobRow[]): string[] {
  if (open.length === 0) return [];
  const rows = open.map((job) => [
    job.name,
    job.board,
    job.device ?? '',
    job.lava_id === null ? '' : String(job.lava_id),
    job.waits_for ?? '',
    ago(job.stage_since),
    summaryOf(job),
  ]);
  return table(['JOB', 'BOARD', 'DEVICE', 'LAVA', 'WAITS FOR', 'SINCE', 'WHY'], rows).split('\n');
}

function ago(time: string): string {
  return formatDuration(Math.max(0, Date.now() - Date.parse(time)));
}
