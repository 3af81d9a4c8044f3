// The first page: what needs the admin now, what is up, how jobs flow, what came of them, and what waits.
import { HOUR } from '../../core/time.ts';
import { STAGES, type StageName } from '../../store/index.ts';
import type { FlowStep, HourRecord, Totals, WaitingGroup } from '../../store/reader.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { labsView } from '../overview.ts';
import type { LabView } from '../shapes.ts';
import { daysBefore } from './jobs.ts';
import type { PageParts } from './deps.ts';
import { age, duration, folded, moment, name, section, table, word } from './parts.ts';

/** A system that the bridge works with, as it was last known. */
interface System {
  kind: string;
  name: string;
  state: string;
  since: number | undefined;
  answered: number | undefined;
  why: Content;
}

const LAYER_WORDS = [
  ['pass', 'fine'],
  ['kernel', 'kernel'],
  ['test', 'test'],
  ['harness', 'lab'],
  ['unknown', 'unknown'],
] as const;

export async function overviewPage({ ctx, outbox, user }: PageParts): Promise<Html> {
  const now = ctx.now();
  const [labs, counts, waiting, flow, hours, days] = await Promise.all([
    labsView(ctx, await ctx.callbackWatch.faults()),
    ctx.reader.deliveryCounts(),
    ctx.reader.waiting(),
    ctx.reader.flow(),
    ctx.reader.hours(now - 24 * HOUR),
    ctx.reader.totals({ since: daysBefore(now, 7), by: ['day'] }),
  ]);
  const parked = counts.filter(({ state }) => state === 'parked');
  const systems = [...labs.map(labSystem), ...destinationsOf(outbox, counts)];
  return html`<h1>Overview</h1>
    ${section('needs', 'Needs you', needs({ labs, parked, flow, mayOperate: user?.mayOperate === true }))}
    ${section(
      'systems',
      'Systems',
      table({
        caption: 'Systems as they were last known',
        hideCaption: true,
        head: ['What', 'Name', 'State', 'Since', 'Last answer', 'Why'],
        rows: systems.map((s) => [
          s.kind,
          name(s.name),
          word(s.state),
          moment(s.since),
          s.answered === undefined ? 'never' : `${age(s.answered, now)} ago`,
          s.why,
        ]),
      }),
    )}
    ${section('flow', 'Jobs on their way', flowTable(flow, now))}
    ${section('results', 'What came of them', results(hours, days, now))}
    ${section('waits', 'What waits', waitingTable(waiting, now))}`;
}

function labSystem(lab: LabView): System {
  const { status, drained, why, callbacks } = lab;
  return {
    kind: 'Lab',
    name: lab.name,
    state: status === 'up' && drained !== null ? 'drained' : status,
    since: Date.parse(lab.since),
    answered: lab.answered === null ? undefined : Date.parse(lab.answered),
    why: folded(
      [why, drained === null ? null : `drained: ${drained}`, callbacks].filter((t) => t !== null).join('; '),
    ),
  };
}

function destinationsOf(
  outbox: PageParts['outbox'],
  counts: readonly { destination: string; state: string; count: number }[],
): System[] {
  return [...outbox.states()].map(([name, { status, since, answeredAt, why }]) => ({
    kind: 'Reports',
    name,
    state: status,
    since,
    answered: answeredAt,
    why: [
      why === undefined ? '' : html`${folded(why)} `,
      counts
        .filter((c) => c.destination === name && c.state !== 'done' && c.state !== 'dropped')
        .map(({ state, count }) => `${count} ${state}`)
        .join(', '),
    ],
  }));
}

interface Needs {
  labs: readonly LabView[];
  parked: readonly { destination: string; count: number }[];
  flow: readonly FlowStep[];
  mayOperate: boolean;
}

/** What only the admin can do something about, with what helps. */
function needs({ labs, parked, flow, mayOperate }: Needs): Html {
  const notes: { isBad: boolean; text: Content }[] = [];
  for (const lab of labs) {
    if (lab.status === 'down')
      notes.push({
        isBad: true,
        text: html`Lab ${name(lab.name)} does not answer: ${folded(lab.why)}. See
          <code>lava-bridge check</code>.`,
      });
    if (lab.callbacks !== null)
      notes.push({ isBad: true, text: html`Callbacks of ${name(lab.name)}: ${folded(lab.callbacks)}` });
    if (lab.drained !== null)
      notes.push({
        isBad: false,
        text: html`Lab ${name(lab.name)} is drained: ${folded(lab.drained)}.
        ${mayOperate ? html`<a href="/resume?${queryOf({ lab: lab.name })}">Resume</a>` : html`<code>lava-bridge resume ${lab.name}</code>`}`,
      });
  }
  for (const { destination, count } of parked)
    notes.push({
      isBad: true,
      text: html`${destination} refused ${count} deliveries: they are parked until somebody sends them again
      or drops them (on the job’s page).`,
    });
  const aside = flow.filter(({ setAside }) => setAside).reduce((n, { jobs }) => n + jobs, 0);
  if (aside > 0)
    notes.push({
      isBad: true,
      text: html`<a href="/jobs?${queryOf({ reason: 'crashes' })}">${aside} jobs</a> are set aside: they were
        under way in two crashes of the daemon.`,
    });
  if (notes.length === 0) return html`<p class="none">Nothing.</p>`;
  return html`<ul class="notes">
    ${notes.map(({ isBad, text }) => html`<li class="${isBad ? 'bad' : ''}">${text}</li>`)}
  </ul>`;
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

function waitingTable(waiting: readonly WaitingGroup[], now: number): Html {
  return table({
    caption: 'Why jobs wait',
    hideCaption: true,
    head: ['Jobs', 'Reason', 'Lab', 'Board', 'Oldest', 'In words'],
    rows: waiting
      .slice(0, 200)
      .map(({ code, lab, board, jobs, oldest, text }) => [
        html`<a href="/jobs?${queryOf({ lab, board, reason: code })}">${jobs}</a>`,
        html`<code>${code}</code>`,
        name(lab),
        name(board),
        age(oldest, now),
        folded(text),
      ]),
    none: 'No job waits for a reason.',
  });
}
