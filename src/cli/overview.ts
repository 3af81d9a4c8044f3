// `lava-bridge labs`, `boards`, `drain`, `resume`: what is up, what waits for what, and stopping new work.
import type { Command } from 'commander';
import {
  BoardList,
  DrainAnswer,
  LabList,
  PartList,
  troubleOf,
  type DaemonView,
  type PartView,
} from '../http/shapes.ts';
import { formatDuration, MINUTE, SECOND } from '../core/time.ts';
import { configOption, daemonOf, jsonOption, print, printJson, table } from './common.ts';

interface Common {
  config: string;
  json?: true;
}

export function addLabs(program: Command): void {
  program
    .command('labs')
    .description('the labs: up or down, and their open jobs')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: Common) => {
      const daemon = await daemonOf(options.config);
      const answer = await daemon.get('/api/v1/labs');
      if (options.json) return printJson(answer);
      const { labs, daemons } = LabList.parse(answer);
      const isShared = labs.some(({ daemon }) => daemon !== null);
      const rows = labs.map((lab) => [
        lab.name,
        ...(isShared ? [lab.daemon ?? '-'] : []),
        lab.drained === null ? lab.status : 'drained',
        lab.since.slice(0, 19).replace('T', ' '),
        Object.entries(lab.waiting)
          .map(([stage, n]) => `${n} ${stage}`)
          .join(', ') || '-',
        troubleOf(lab),
      ]);
      print(
        table(
          ['LAB', ...(isShared ? ['DAEMON'] : []), 'STATE', 'SINCE (UTC)', 'OPEN JOBS WAIT FOR', 'WHY'],
          rows,
        ),
      );
      const { parts } = PartList.parse(await daemon.get('/api/v1/parts'));
      print(`\n${table(['PART', 'OF', 'STATE', 'LAST ANSWER', 'WHY'], parts.map(partRow))}`);
      if (daemons.length > 1)
        print(
          `\n${table(['DAEMON', 'VERSION', 'SINCE (UTC)', 'DOES', 'DIFFERS IN'], daemons.map(daemonRow))}`,
        );
    });
}

export function addBoards(program: Command): void {
  program
    .command('boards')
    .description('the boards that the labs have: devices, queue, and why none can be used')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: Common) => {
      const answer = await (await daemonOf(options.config)).get('/api/v1/boards');
      if (options.json) return printJson(answer);
      const count = (n: number | null): string => (n === null ? '?' : String(n));
      const rows = BoardList.parse(answer).boards.map((b) => [
        b.lab,
        b.board,
        b.device_type,
        b.boot_method,
        count(b.online),
        count(b.idle),
        count(b.queued),
        String(b.jobs),
        `${b.runs.length} of ${b.runs.length + b.runs_not.length}`,
        [...(b.drained === null ? b.reasons : [`drained: ${b.drained}`]), ...staleness(b.asked)].join('; '),
      ]);
      return print(
        table(
          ['LAB', 'BOARD', 'DEVICE TYPE', 'BOOT', 'ONLINE', 'IDLE', 'QUEUED', 'OURS', 'PLANS', 'WHY NOT'],
          rows,
        ),
      );
    });
}

export function addDrain(program: Command): void {
  addOrder(
    program,
    'drain',
    'let no new job into a lab, or onto one of its boards or devices; what runs goes on',
  );
}

export function addResume(program: Command): void {
  addOrder(program, 'resume', 'let jobs in again');
}

type DrainOptions = Common & { device?: string; reason?: string };

function addOrder(program: Command, order: 'drain' | 'resume', description: string): void {
  program
    .command(`${order} <lab> [board]`)
    .description(description)
    .option('--device <name>', 'one device of LAVA, in place of a board')
    .option('--reason <text>', 'why')
    .addOption(configOption())
    .action(async (lab: string, board: string | undefined, options: DrainOptions) => {
      const { device, reason } = options;
      const daemon = await daemonOf(options.config);
      const answer = await daemon.post(`/api/v1/${order}`, { lab, board, device, reason });
      const what = device ?? board;
      print(
        `${what === undefined ? lab : `${what} in ${lab}`}: ${order === 'drain' ? 'drained' : 'takes jobs again'}`,
      );
      if (DrainAnswer.parse(answer).known) return;
      const note =
        device === undefined
          ? `no board ${board ?? ''} is registered for ${lab} (see: lava-bridge boards)`
          : `LAVA has not shown a device ${device} in ${lab}`;
      process.stderr.write(`lava-bridge: note: ${note}\n`);
    });
}

function partRow({ kind, name, status, age_seconds: age, why }: PartView): string[] {
  const answered = age === null ? 'never' : `${formatDuration(age * SECOND)} ago`;
  return [kind, name, status, answered, why ?? ''];
}

/** They differ from the one that answers. */
function daemonRow({ name, version, started, own, work, differs }: DaemonView): string[] {
  return [
    own ? `${name} (answers)` : name,
    version,
    started.slice(0, 19).replace('T', ' '),
    work.join(', ') || '-',
    differs.join(', ') || '-',
  ];
}

/** What is older than a minute or two is not how it is now. */
function staleness(asked: string | null): string[] {
  const age = asked === null ? 0 : Date.now() - Date.parse(asked);
  return age > 2 * MINUTE ? [`as LAVA said ${formatDuration(age)} ago`] : [];
}
