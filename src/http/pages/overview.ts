// The first page: what needs the admin now, what is up, how jobs flow, what came of them, and what waits.
import { HOUR } from '../../core/time.ts';
import { failingDevices } from '../../lifecycle/failing-devices.ts';
import type { Daemon } from '../../lifecycle/shared-states.ts';
import { STAGES, type StageName } from '../../store/index.ts';
import type { FlowStep, HourRecord, Totals, WaitingGroup } from '../../store/reader.ts';
import { html, queryOf, type Html } from '../html.ts';
import { daysBefore } from './jobs.ts';
import type { PageParts } from './deps.ts';
import { age, duration, folded, name, section, table } from './parts.ts';
import { needs, systemsTable } from './systems.ts';

const LAYER_WORDS = [
  ['pass', 'fine'],
  ['kernel', 'kernel'],
  ['test', 'test'],
  ['harness', 'lab'],
  ['unknown', 'unknown'],
] as const;

export async function overviewPage({ ctx, user }: PageParts): Promise<Html> {
  const now = ctx.now();
  const [parts, drains, deliveries, failing, waiting, flow, hours, days] = await Promise.all([
    ctx.parts(),
    ctx.reader.drains(),
    ctx.reader.deliveryCounts(),
    failingDevices(ctx, ctx.config.notify.harness_failures),
    ctx.reader.waiting(),
    ctx.reader.flow(),
    ctx.reader.hours(now - 24 * HOUR),
    ctx.reader.totals({ since: daysBefore(now, 7), by: ['day'] }),
  ]);
  const known = { parts, drains, deliveries, failing, daemons: ctx.daemons() };
  return html`<h1>Overview</h1>
    ${section('needs', 'Needs you', needs(known, flow, user?.mayOperate === true))}
    ${section('systems', 'Systems', systemsTable(known, now))}
    ${section('flow', 'Jobs on their way', flowTable(flow, now))}
    ${section('results', 'What came of them', results(hours, days, now))}
    ${section('waits', 'What waits', waitingTable(waiting, now))} ${daemonsSection(known.daemons, now)}`;
}

/** Who does what, where several daemons share the work. */
function daemonsSection(daemons: readonly Daemon[], now: number): Html {
  if (daemons.length < 2) return html``;
  const rows = daemons.map(({ name: daemon, version, startedAt, isOwn, holds, differs }) => [
    html`${daemon}${isOwn ? ' (this one)' : ''}`,
    version,
    age(startedAt, now),
    holds.join(', '),
    differs.join(', '),
  ]);
  return section(
    'daemons',
    'Daemons',
    table({
      caption: 'Daemons on this database',
      hideCaption: true,
      head: ['Daemon', 'Version', 'Runs for', 'Does', 'Differs from this one in'],
      rows,
      none: '',
    }),
  );
}

function flowTable(flow: readonly FlowStep[], now: number): Html {
  const steps = STAGES.flatMap((stage: StageName, i) => {
    const here = flow.filter((step) => step.stage === stage);
    const jobs = here.reduce((n, step) => n + step.jobs, 0);
    if (jobs === 0) return [];
    const oldest = Math.min(...here.map((step) => step.oldest));
    return [
      [
        html`<a href="/jobs?${queryOf({ stage, open: true })}">${jobs}</a>`,
        stage,
        STAGES[i + 1] ?? '',
        age(oldest, now),
      ],
    ];
  });
  return table({
    caption: 'Open jobs by stage',
    hideCaption: true,
    head: ['Jobs', 'Last stage', 'Wait for', 'Oldest for'],
    rows: steps,
    none: 'No job is open.',
  });
}

function results(hours: readonly HourRecord[], days: readonly Totals[], now: number): Html {
  const day = Array.from({ length: 25 }, (_, i) => {
    const at = now - (now % HOUR) - (24 - i) * HOUR;
    return { at, layers: hours.find((hour) => hour.at === at)?.layers };
  });
  const plot = (
    label: string,
    kind: string,
    points: readonly { at: number; layers: Totals['layers'] | undefined }[],
  ): Html => {
    const data = {
      x: points.map(({ at }) => at / 1000),
      series: LAYER_WORDS.map(([shade, label]) => ({
        label,
        shade,
        values: points.map(({ layers }) => layers?.[shade === 'pass' ? 'none' : shade] ?? 0),
      })),
    };
    return html`<figure class="card">
      <figcaption>${label}</figcaption>
      <div
        class="plot"
        data-keep
        id="plot-${kind}"
        data-points="${JSON.stringify(data)}"
        aria-hidden="true"
      ></div>
    </figure>`;
  };
  return html`<div class="grid">
      ${plot('Jobs that ended, by hour, in the last day', 'day', day)}
      ${plot(
        'By day, in the last week',
        'week',
        days.map((d) => ({ at: Date.parse(`${d.day}T00:00:00Z`), layers: d.layers })),
      )}
    </div>
    ${table({
      caption: 'The last week by day, and whose part failed',
      head: [
        'Day',
        'Jobs',
        'Fine',
        'Kernel',
        'Test',
        'Lab',
        'Unknown',
        'Tried again',
        'Queue',
        'Boot',
        'Run',
      ],
      rows: days
        .toReversed()
        .map((d) => [
          html`<a href="/jobs?${queryOf({ since: d.day })}">${d.day}</a>`,
          d.jobs,
          d.layers.none,
          d.layers.kernel,
          d.layers.test,
          d.layers.harness,
          d.layers.unknown,
          d.retried,
          duration(d.queueMs),
          duration(d.bootMs),
          duration(d.runMs),
        ]),
      none: 'No job has ended in the last week.',
    })}`;
}

/** Boards that are named with a reason. */
const MOST_BOARDS = 8;

function waitingTable(waiting: readonly WaitingGroup[], now: number): Html {
  const groups = Map.groupBy(waiting, ({ code, lab }) => `${code} ${lab}`);
  return table({
    caption: 'Why jobs wait',
    hideCaption: true,
    head: ['Jobs', 'Reason', 'Lab', 'Boards', 'Oldest', 'In words'],
    rows: [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { code, lab, text } = first;
      const link = (jobs: number, board?: string): Html =>
        html`<a href="/jobs?${queryOf({ lab, board, reason: code })}">${jobs}</a>`;
      return [
        [
          link(group.reduce((n, { jobs }) => n + jobs, 0)),
          html`<code>${code}</code>`,
          name(lab),
          [
            group
              .slice(0, MOST_BOARDS)
              .map(({ board, jobs }, i) => [i === 0 ? '' : ', ', name(board, 40), ' ', link(jobs, board)]),
            group.length > MOST_BOARDS ? ` and ${group.length - MOST_BOARDS} more` : '',
          ],
          age(Math.min(...group.map(({ oldest }) => oldest)), now),
          folded(text),
        ],
      ];
    }),
    none: 'No job waits for a reason.',
  });
}
