// The boards: device types with their devices, each with what it does and how it went; and the pages of a device and of a
// device type.
import { DAY, HOUR } from '../../core/time.ts';
import type { Board as Device } from '../../lava/inventory.ts';
import type { RunRecord } from '../../store/index.ts';
import type { Totals } from '../../store/reader.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import type { BoardView } from '../shapes.ts';
import { legend, spark, strip, track, type Mark, type Shade } from './charts.ts';
import type { PageParts } from './deps.ts';
import { devicePath, daysBefore } from './jobs.ts';
import { age, count, duration, facts, folded, jobPath, moment, name, section, table, word } from './parts.ts';

const RUNS = 20;
const DAYS = 14;

export async function boardsPage({ ctx, boards, user }: PageParts): Promise<Html> {
  const [views, days] = await Promise.all([
    boards.boards(),
    ctx.reader.totals({ since: daysBefore(ctx.now(), DAYS), by: ['day', 'lab', 'board'] }),
  ]);
  const cards = await Promise.all(
    views.map(async (view) => {
      const devices = devicesOf(view, ctx);
      const runs = await ctx.reader.lastRuns(
        view.lab,
        devices.map(({ name }) => name),
        RUNS,
      );
      const own = days.filter((d) => d.lab === view.lab && d.board === view.board);
      return card(view, { devices, runs, days: own, mayOperate: user?.mayOperate === true });
    }),
  );
  return html`<h1>Boards</h1>
    ${shades()}
    ${cards.length === 0 ? html`<p class="none">No lab has said yet what devices it has, and no job is open.</p>` : ''}
    <div class="grid">${cards}</div>`;
}

function shades(): Html {
  return legend([
    ['pass', 'fine'],
    ['kernel', 'kernel'],
    ['test', 'test'],
    ['harness', 'lab'],
    ['unknown', 'unknown'],
  ]);
}

function devicesOf({ lab, device_type: type }: BoardView, ctx: PageParts['ctx']): Device[] {
  return (ctx.labs.get(lab)?.knownInventory()?.inventory.boards ?? []).filter(
    (device) => device.type === type,
  );
}

interface Card {
  devices: readonly Device[];
  runs: ReadonlyMap<string, RunRecord[]>;
  days: readonly Totals[];
  mayOperate: boolean;
}

function card(view: BoardView, { devices, runs, days, mayOperate }: Card): Html {
  const { lab, board, drained } = view;
  const of = { lab, board };
  const order = drained === null ? 'drain' : 'resume';
  return html`<article class="card" aria-label="${board} in ${lab}">
    <h2><a href="/boards/${encodeURIComponent(board)}">${name(board)}</a> <small>${name(lab)}</small></h2>
    ${drained === null ? '' : html`<p>${word('drained')}: ${folded(drained)}</p>`}
    ${facts([
      ['online', count(view.online)],
      ['idle', count(view.idle)],
      ['queued', count(view.queued)],
      ['our jobs', html`<a href="/jobs?${queryOf({ ...of, open: true })}">${view.jobs}</a>`],
      ['failed, 14 days', rates(days)],
      ['boot time', trend(days)],
    ])}
    <ul class="devices">
      ${devices.map(
        (device) =>
          html`<li>
            <a href="${devicePath(lab, device.name)}">${name(device.name)}</a>
            ${word(device.free ? 'idle' : device.online ? 'busy' : 'down')}
            <small>${folded(device.reason, 100)}</small>
            ${strip(`the last runs on ${device.name}`, marksOf(runs.get(device.name) ?? []))}
          </li>`,
      )}
    </ul>
    ${devices.length === 0 && view.reasons.length > 0 ? html`<p class="none">${folded(view.reasons.join('; '))}</p>` : ''}
    ${mayOperate ? html`<a href="/${order}?${queryOf(of)}">${order === 'drain' ? 'Drain' : 'Resume'}</a>` : ''}
  </article>`;
}

function rates(days: readonly Totals[]): Content {
  const sum = (key: 'kernel' | 'test' | 'harness'): number => days.reduce((n, d) => n + d.layers[key], 0);
  const jobs = days.reduce((n, d) => n + d.jobs, 0);
  if (jobs === 0) return '';
  const share = (n: number): string => `${Math.round((100 * n) / jobs)}%`;
  return `kernel ${share(sum('kernel'))}, test ${share(sum('test'))}, lab ${share(sum('harness'))} of ${jobs}`;
}

function trend(days: readonly Totals[]): Content {
  const values = days.flatMap(({ bootMs }) => (bootMs === null ? [] : [bootMs]));
  const last = values.at(-1);
  return last === undefined ? '' : [duration(last), ' ', spark('boot time by day', values)];
}

function shadeOf({ layer, result }: Pick<RunRecord, 'layer' | 'result'>): Shade {
  if (layer !== 'none') return layer;
  return result === 'pass' ? 'pass' : 'none';
}

function marksOf(runs: readonly RunRecord[]): Mark[] {
  return runs
    .toReversed()
    .map((run) => ({ shade: shadeOf(run), title: `${run.name}: ${run.result} (${run.rule})` }));
}

/** A device: what it does, its last day as a track, its runs. */
export async function devicePage(lab: string, device: string, { ctx }: PageParts): Promise<Html> {
  const now = ctx.now();
  const of = { lab, device };
  const [{ rows }, days] = await Promise.all([
    ctx.reader.runs({ of, limit: 100 }),
    ctx.reader.totals({ since: daysBefore(now, 30), lab, device, by: ['day'] }),
  ]);
  const known = ctx.labs.get(lab)?.knownInventory();
  const found = known?.inventory.boards.find((board) => board.name === device);
  const from = now - DAY;
  const spans = rows.flatMap((run) =>
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
  return html`<h1>${name(device)} <small>in ${name(lab)}</small></h1>
    ${facts([
      [
        'state',
        found === undefined ? 'not known' : word(found.free ? 'idle' : found.online ? 'busy' : 'down'),
      ],
      ['device type', name(found?.type)],
      ['why', folded(found?.reason)],
      ['as of', known === undefined ? '' : `${age(known.at, now)} ago`],
      ['failed, 30 days', rates(days)],
      ['boot time', trend(days)],
    ])}
    ${section(
      'occupancy',
      'The last day',
      html`${shades()} ${track(`what ran on ${device} in the last 24 hours`, { from, to: now }, spans)}
        <p class="quiet">
          ${moment(from)} to ${moment(now)}; busy
          ${duration(spans.reduce((n, s) => n + s.to - Math.max(from, s.from), 0))}
        </p>`,
    )}
    ${section('history', 'History', runsTable(rows))}`;
}

function runsTable(rows: readonly RunRecord[]): Html {
  return table({
    caption: 'Runs, the newest first',
    hideCaption: true,
    head: ['Ended', 'Job', 'Result', 'Layer', 'Rule', 'Board', 'Device', 'LAVA', 'Queue', 'Boot', 'Run'],
    rows: rows.map((run) => [
      moment(run.finishedAt),
      html`<a href="${jobPath(run.jobId)}">${name(run.name, 40)}</a>`,
      [word(run.result), run.counts ? '' : ' (tried again)'],
      run.layer === 'none' ? '' : word(run.layer),
      run.rule,
      name(run.board, 30),
      run.device === '' ? '' : html`<a href="${devicePath(run.lab, run.device)}">${name(run.device, 30)}</a>`,
      run.lavaId,
      duration(run.queueMs),
      duration(run.bootMs),
      duration(run.runMs),
    ]),
  });
}

/** A device type: its file as it is understood, what it can run, and how it went; undefined: there is none. */
export async function boardPage(board: string, { ctx, boards }: PageParts): Promise<Html | undefined> {
  const type = ctx.boards.find(board);
  if (type === undefined) return undefined;
  const views = (await boards.boards()).filter((view) => view.board === board);
  const histories = await Promise.all(
    views.map(({ lab }) =>
      ctx.reader.runs({ of: { lab, board }, since: ctx.now() - 30 * 24 * HOUR, limit: 50 }),
    ),
  );
  const { file, ...understood } = type;
  return html`<h1>${name(board)}</h1>
    ${facts([
      ['file', html`<code>${file}</code>`],
      ['LAVA device type', type.lava_device_type],
      ['architecture', type.arch],
      ['boot method', type.boot_method],
      ['labs', views.map(({ lab }) => lab).join(', ')],
    ])}
    ${views.map(
      (view) =>
        html`<h2>What it can run in ${name(view.lab)}</h2>
          <details>
            <summary>${view.runs.length} of ${view.runs.length + view.runs_not.length} plans</summary>
            <ul>
              ${view.runs.map((plan) => html`<li>${plan}</li>`)}
              ${view.runs_not.map(({ plan, reason }) => html`<li class="none">${plan}: ${reason}</li>`)}
            </ul>
          </details>`,
    )}
    ${section('history', 'History', runsTable(histories.flatMap(({ rows }) => rows)))}
    ${section('understood', 'The file as it is understood', html`<pre tabindex="0">${JSON.stringify(understood, null, 2)}</pre>`)}`;
}
