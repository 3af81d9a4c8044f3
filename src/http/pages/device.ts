// The page of a device: what it does now, what it did over time, how its runs went, and what failed on it.
import { z } from 'zod';
import { DAY } from '../../core/time.ts';
import type { DeviceSpan, RunRecord } from '../../store/index.ts';
import { html, queryOf, type Html } from '../html.ts';
import { legend, track, type Shade, type Span } from './charts.ts';
import type { PageParts } from './deps.ts';
import { rates, runsTable, shadeOf, shades, trend } from './history.ts';
import { daysBefore, devicePath } from './jobs.ts';
import { age, duration, facts, folded, moment, name, section, table, word } from './parts.ts';

/** Over how many days its states are shown. */
const SHOWN_DAYS = [1, 7, 30] as const;
const DeviceQuery = z.object({
  days: z.coerce
    .number()
    .pipe(z.union([z.literal(1), z.literal(7), z.literal(30)]))
    .catch(1),
});

const MOST_SPANS = 2000;
const MOST_RUNS = 100;
const MOST_ISSUES = 20;
const MOST_CHANGES = 100;

const STATES = {
  idle: { shade: 'pass', text: 'idle' },
  busy: { shade: 'busy', text: 'busy' },
  down: { shade: 'kernel', text: 'down' },
} as const satisfies Record<DeviceSpan['state'], { shade: Shade; text: string }>;

export async function devicePage(
  lab: string,
  device: string,
  given: unknown,
  { ctx, user }: PageParts,
): Promise<Html> {
  const now = ctx.now();
  const of = { lab, device };
  const { days } = DeviceQuery.parse(given);
  const from = now - days * DAY;
  const [drains, { rows }, totals, spans, issues] = await Promise.all([
    ctx.reader.drains(),
    ctx.reader.runs({ of, limit: MOST_RUNS }),
    ctx.reader.totals({ since: daysBefore(now, 30), lab, device, by: ['day'] }),
    ctx.reader.deviceSpans(of, from, MOST_SPANS),
    ctx.reader.issuesOfDevice(of, now - 30 * DAY, MOST_ISSUES),
  ]);
  const known = ctx.labs.get(lab)?.knownInventory();
  const found = known?.inventory.boards.find((board) => board.name === device);
  const drain = drains.find((d) => d.lab === lab && d.device === device);
  const order = drain === undefined ? 'drain' : 'resume';
  return html`<h1>${name(device)} <small>in ${name(lab)}</small></h1>
    ${drain === undefined ? '' : html`<p>${word('drained')} since ${moment(drain.since)}: ${folded(drain.why)}</p>`}
    ${user?.mayOperate === true ? html`<p><a href="/${order}?${queryOf({ lab, device })}">${order === 'drain' ? 'Drain' : 'Resume'}</a></p>` : ''}
    ${facts([
      [
        'state',
        found === undefined ? 'not known' : word(found.free ? 'idle' : found.online ? 'busy' : 'down'),
      ],
      ['device type', name(found?.type)],
      ['why', folded(found?.reason)],
      ['as of', known === undefined ? '' : `${age(known.at, now)} ago`],
      ['failed, 30 days', rates(totals)],
      ['boot time', trend(totals)],
    ])}
    ${section('occupancy', 'Over time', occupancy(of, { days, from, now, spans, rows }))}
    ${section(
      'issues',
      'Issues, 30 days',
      table({
        caption: 'Issues found on it, the most frequent first',
        hideCaption: true,
        head: ['Issue', 'Layer', 'Runs', 'Last seen'],
        rows: issues.map(({ signature, comment, layer, runs, lastSeen }) => [
          html`<a href="/issues/${encodeURIComponent(signature)}">${name(comment, 90)}</a>`,
          word(layer),
          runs,
          moment(lastSeen),
        ]),
      }),
    )}
    ${section('history', 'History', runsTable(rows))}`;
}

interface Occupancy {
  days: number;
  from: number;
  now: number;
  spans: readonly DeviceSpan[];
  rows: readonly RunRecord[];
}

function occupancy(of: { lab: string; device: string }, { days, from, now, spans, rows }: Occupancy): Html {
  const { lab, device } = of;
  const time = (state: DeviceSpan['state']): number =>
    spans.reduce((n, s) => n + (s.state === state ? s.toAt - Math.max(from, s.fromAt) : 0), 0);
  const seen = time('idle') + time('busy') + time('down');
  const share = (state: DeviceSpan['state']): string =>
    `${STATES[state].text} ${seen === 0 ? 0 : Math.round((100 * time(state)) / seen)}%`;
  const whole = days === 1 ? 'the last day' : `the last ${days} days`;
  return html`<p class="actions">
      ${SHOWN_DAYS.map((n) => html`<a class="button" href="${devicePath(lab, device)}?${queryOf({ days: n })}" ${n === days ? html`aria-current="true"` : ''}>${n === 1 ? 'a day' : `${n} days`}</a>`)}
    </p>
    <h3>What it did, as LAVA said</h3>
    ${legend(Object.values(STATES).map(({ shade, text }) => [shade, text] as const))}
    ${track(`what ${device} did in ${whole}`, { from, to: now }, stateSpans(spans, (now - from) / 1000))}
    <p class="quiet">
      ${moment(from)} to ${moment(now)}: ${share('idle')}, ${share('busy')}, ${share('down')}; looked at for
      ${duration(seen)}
    </p>
    ${changes(spans)}
    <h3>Our runs</h3>
    ${shades()} ${track(`our runs on ${device} in ${whole}`, { from, to: now }, runSpans(rows, from))}`;
}

/** Spans of one shade that are closer to each other than `least` (ms), which is too little to see, are one. */
function stateSpans(spans: readonly DeviceSpan[], least: number): Span[] {
  const joined: Span[] = [];
  for (const { state, why, fromAt, toAt } of spans) {
    const { shade, text } = STATES[state];
    const last = joined.at(-1);
    if (last?.shade === shade && fromAt - last.to < least) {
      last.to = toAt;
      continue;
    }
    joined.push({ shade, from: fromAt, to: toAt, title: `${text}${why === '' ? '' : `: ${why}`}` });
  }
  return joined;
}

function runSpans(rows: readonly RunRecord[], from: number): Span[] {
  return rows.flatMap((run) =>
    run.startedAt === null || run.finishedAt < from
      ? []
      : [
          {
            from: run.startedAt,
            to: run.finishedAt,
            shade: shadeOf(run),
            title: `${run.name}: ${run.result}`,
          },
        ],
  );
}

/** The same in words. */
function changes(spans: readonly DeviceSpan[]): Html {
  return html`<details>
    <summary>State by state</summary>
    ${table({
      caption: 'States, the newest first',
      hideCaption: true,
      head: ['From', 'To', 'For', 'State', 'Why'],
      rows: spans
        .toReversed()
        .slice(0, MOST_CHANGES)
        .map(({ fromAt, toAt, state, why }) => [
          moment(fromAt),
          moment(toAt),
          duration(toAt - fromAt),
          word(STATES[state].text),
          folded(why, 120),
        ]),
      none: 'LAVA has not said yet what it does.',
    })}
  </details>`;
}
