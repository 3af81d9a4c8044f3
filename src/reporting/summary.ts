// The report of a lab's days: how many jobs, whose part failed, which boards and devices, how long jobs waited and boots
// took, and what recurs. For the terminal, for programs, and to be mailed.
import { z } from 'zod';
import { DAY, dayOf, formatDuration, rfc3339, SECOND } from '../core/time.ts';
import { printable } from '../core/printable.ts';
import type { Reader, Totals } from '../store/index.ts';
import { LAYERS } from '../verdict/layers.ts';
import { NODE_RESULTS } from '../verdict/node-result.ts';

const count = z.number().int();
const seconds = z.number().nullable();
const totals = {
  jobs: count,
  retried: count.describe('runs that were tried again, since the lab had failed'),
  results: z.record(z.enum(NODE_RESULTS), count),
  layers: z.record(z.enum(LAYERS), count).describe('whose part failed'),
  queue_s: seconds.describe('means'),
  run_s: seconds,
  boot_s: seconds,
};

/** What `lava-bridge summary` and `GET /api/v1/summary` give. Days are UTC, whole, and the last one is today. */
export const Summary = z.looseObject({
  since: z.iso.date(),
  until: z.iso.date(),
  ...totals,
  boards: z
    .array(z.looseObject({ lab: z.string(), board: z.string(), ...totals }))
    .describe('those that fail most, first'),
  devices: z
    .array(z.looseObject({ lab: z.string(), device: z.string(), ...totals }))
    .describe('those on which the lab fails most, first; the others are left out'),
  issues: z
    .array(
      z.looseObject({
        signature: z.string(),
        layer: z.enum(LAYERS),
        comment: z.string(),
        runs: count.describe('in these days'),
        boards: z.array(z.string()),
        trees: z.array(z.string()),
        first_seen: z.iso.datetime(),
        last_seen: z.iso.datetime(),
      }),
    )
    .describe('the most frequent first'),
});
export type Summary = z.infer<typeof Summary>;

/** So many boards, devices and issues are named. */
const MOST = 20;
const MOST_NAMES = 5;

/** The report of the days from `since` to `now` (ms). */
export async function readSummary(
  reader: Pick<Reader, 'totals' | 'issues'>,
  { since, now }: { since: number; now: number },
): Promise<Summary> {
  const from = dayOf(since);
  const until = dayOf(now);
  const [all] = await reader.totals({ since: from, until, by: [] });
  const boards = await reader.totals({ since: from, until, by: ['lab', 'board'] });
  const devices = await reader.totals({ since: from, until, by: ['lab', 'device'] });
  const issues = await reader.issues({ since: from, order: 'runs', limit: MOST });
  return {
    since: from,
    until,
    ...totalsOf(all),
    boards: boards
      .toSorted((a, b) => failuresOf(b) - failuresOf(a) || b.jobs - a.jobs)
      .slice(0, MOST)
      .map((of) => ({ lab: of.lab, board: of.board, ...totalsOf(of) })),
    devices: devices
      .filter((of) => of.device !== '' && labFailuresOf(of) > 0)
      .toSorted((a, b) => labFailuresOf(b) - labFailuresOf(a))
      .slice(0, MOST)
      .map((of) => ({ lab: of.lab, device: of.device, ...totalsOf(of) })),
    issues: issues.map((issue) => ({
      signature: issue.signature,
      layer: issue.layer,
      comment: issue.comment,
      runs: issue.recent,
      boards: issue.boards.slice(0, MOST_NAMES).map(({ board }) => board),
      trees: issue.trees.slice(0, MOST_NAMES).map(({ tree }) => tree),
      first_seen: rfc3339(issue.firstSeen),
      last_seen: rfc3339(issue.lastSeen),
    })),
  };
}

type Counted = Pick<Totals, 'jobs' | 'retried' | 'layers' | 'results'>;

function failuresOf({ jobs, retried, layers }: Pick<Counted, 'jobs' | 'retried' | 'layers'>): number {
  return jobs + retried - layers.none;
}

/** Those that were tried again count as well: a board that fails every other time is no good board. */
function labFailuresOf({ retried, layers }: Pick<Counted, 'retried' | 'layers'>): number {
  return retried + layers.harness;
}

function totalsOf(of: Totals | undefined): Pick<Summary, keyof typeof totals> {
  const inSeconds = (ms: number | null | undefined): number | null =>
    ms === null || ms === undefined ? null : Math.round(ms / 100) / 10;
  return {
    jobs: of?.jobs ?? 0,
    retried: of?.retried ?? 0,
    results: of?.results ?? { pass: 0, fail: 0, skip: 0, incomplete: 0 },
    layers: of?.layers ?? { none: 0, kernel: 0, test: 0, harness: 0, unknown: 0 },
    queue_s: inSeconds(of?.queueMs),
    run_s: inSeconds(of?.runMs),
    boot_s: inSeconds(of?.bootMs),
  };
}

/** The report as plain text, for a terminal or a mail. */
export function summaryText(summary: Summary): string {
  const days = Math.round((Date.parse(summary.until) - Date.parse(summary.since)) / DAY) + 1;
  const lines = [
    `${summary.since} to ${summary.until} (${days} ${days === 1 ? 'day' : 'days'}, UTC)`,
    '',
    `Jobs: ${summary.jobs} (${wordsOf(summary.results)})`,
    `Whose part failed: ${wordsOf({ ...summary.layers, none: 0 }) || 'none'}; tried again because of the lab: ${summary.retried}`,
    `On average: ${timesOf(summary)}`,
  ];
  const failing = summary.boards.filter((board) => failuresOf(board) > 0);
  lines.push('', failing.length === 0 ? 'No board fails.' : 'Boards that fail:');
  for (const board of failing) {
    lines.push(
      `  ${board.board} in ${board.lab}: ${failuresOf(board)} of ${board.jobs + board.retried} runs (${wordsOf({ ...board.layers, none: 0, harness: labFailuresOf(board) })}); ${timesOf(board)}`,
    );
  }
  if (summary.devices.length > 0) lines.push('', 'Devices on which the lab failed:');
  for (const device of summary.devices) {
    lines.push(
      `  ${device.device} in ${device.lab}: ${labFailuresOf(device)} of ${device.jobs + device.retried} runs`,
    );
  }
  lines.push('', summary.issues.length === 0 ? 'No issue was found.' : 'What recurs:');
  for (const issue of summary.issues) {
    const isNew = issue.first_seen.slice(0, 10) >= summary.since;
    lines.push(
      `  ${issue.runs} × ${issue.layer}: ${issue.comment}`,
      `      on ${issue.boards.join(', ')}${treesOf(issue.trees)}; ${isNew ? 'new' : 'first seen'} ${issue.first_seen.slice(0, 10)}, last ${issue.last_seen.slice(0, 10)}; ${issue.signature.slice(0, 12)}`,
    );
  }
  return lines.map(printable).join('\n');
}

function treesOf(trees: readonly string[]): string {
  const named = trees.filter((tree) => tree !== '');
  return named.length === 0 ? '' : `, of ${named.join(', ')}`;
}

/** `3 pass, 1 fail`: what is not zero. */
function wordsOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, n]) => n !== 0)
    .map(([word, n]) => `${n} ${word}`)
    .join(', ');
}

function timesOf({ queue_s, boot_s, run_s }: Pick<Summary, 'queue_s' | 'boot_s' | 'run_s'>): string {
  const text = (name: string, s: number | null): string[] =>
    s === null ? [] : [`${name} ${formatDuration(s * SECOND)}`];
  const times = [...text('queue', queue_s), ...text('boot', boot_s), ...text('run', run_s)];
  return times.length === 0 ? 'no times' : times.join(', ');
}
