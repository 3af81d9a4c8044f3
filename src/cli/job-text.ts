// A job in the terminal: what came of it in one line, and all that is known of it, readable without colours.
import { printable } from '../core/printable.ts';
import { formatDuration } from '../core/time.ts';
import { waitingOf, type JobDetail, type JobRow } from '../http/shapes.ts';
import { stageAfter } from '../store/job.ts';
import { bold } from './common.ts';

/** The verdict if there is one, else why the job is where it is. */
export function summaryOf(job: JobRow): string {
  const verdict = job.tests.map((t) => `${t.path} ${t.status}${failedOf(t)}`).join(', ');
  const ending = job.ending === null ? '' : `${job.ending.kind}: ${job.ending.reason}`;
  return [verdict, ending, job.reason ?? ''].filter((text) => text !== '').join('; ');
}

/** How many of a test's cases are not well. */
function failedOf({ leaves, counts }: JobRow['tests'][number]): string {
  const failed = (counts.FAIL ?? 0) + (counts.ERROR ?? 0) + (counts.MISS ?? 0);
  return failed === 0 ? '' : ` (${failed} of ${leaves})`;
}

/** What open jobs with that last stage wait for. */
export function stageAfterOf(stage: JobRow['stage']): string {
  return stageAfter(stage) ?? stage;
}

/** All that is known of a job. Each part has a head that stands alone in its line. */
export function jobText(job: JobDetail): string {
  const source = [job.tree, job.branch, job.commit?.slice(0, 12)].filter(
    (text) => text !== null && text !== undefined,
  );
  const parts: [head: string, lines: string[]][] = [
    [
      job.id,
      [
        `${job.name} on ${job.board}${job.device === null ? '' : `, device ${job.device}`}${job.lava_id === null ? '' : `, LAVA job ${job.lava_id}`}`,
        ...(source.length === 0 ? [] : [`of ${source.join(' ')}`]),
        job.done ? `ended after the stage ${job.stage}` : waitingOf(job),
        ...(job.reason === null ? [] : [`reason: ${job.reason} (${job.reason_code})`]),
        ...(job.ending === null ? [] : [`${job.ending.kind}: ${job.ending.reason}`]),
      ],
    ],
    ['Verdict', verdictLines(job)],
    ['Attempts', job.attempts.map(attemptLine)],
    ['Deliveries', job.deliveries.map(deliveryLine)],
    ['Timeline (UTC)', timelineLines(job)],
  ];
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([head, lines]) =>
      [bold(printable(head)), ...lines.map((line) => `  ${printable(line)}`)].join('\n'),
    )
    .join('\n\n');
}

function verdictLines(job: JobDetail): string[] {
  if (job.result === null) return [];
  const failed = job.layer === null || job.layer === 'none' ? '' : `, because of: ${job.layer}`;
  const width = Math.max(0, ...job.tests.map(({ path }) => path.length));
  return [
    `${job.result} by the rule ${job.rule ?? '?'}${failed}`,
    ...job.tests.map((t) => `${t.path.padEnd(width)}  ${t.status}${failedOf(t)}`),
  ];
}

function attemptLine(a: JobDetail['attempts'][number]): string {
  const times = [
    ...spanOf('queued', a.submitted, a.running),
    ...spanOf('ran', a.running, a.finished),
    ...(a.outcome === null ? [] : [`does not count: ${a.outcome}`]),
  ];
  const where = [a.state, a.device].filter((text) => text !== null).join(' on ');
  return `${a.n}: LAVA job ${a.lava_id ?? '-'}${where === '' ? '' : ` ${where}`}${times.length === 0 ? '' : `; ${times.join(', ')}`}`;
}

function spanOf(word: string, from: string | null, to: string | null): string[] {
  return from === null || to === null
    ? []
    : [`${word} ${formatDuration(Math.max(0, Date.parse(to) - Date.parse(from)))}`];
}

function deliveryLine(d: JobDetail['deliveries'][number]): string {
  const tries = d.tries > 0 ? `, ${d.tries} tries failed` : '';
  return `${d.id}: ${d.kind} to ${d.destination}: ${d.state}${tries}${d.error === null ? '' : `: ${d.error}`}`;
}

function timelineLines({ timeline }: JobDetail): string[] {
  let before: number | undefined;
  return timeline.map((entry) => {
    const at = Date.parse(entry.at);
    const step = before === undefined ? '' : `+${formatDuration(at - before)}`;
    before = at;
    const mark = entry.kind === 'error' ? 'error: ' : '';
    return `${entry.at.slice(0, 19).replace('T', ' ')}  ${step.padStart(8)}  ${mark}${entry.text}`;
  });
}
