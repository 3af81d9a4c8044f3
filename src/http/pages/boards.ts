// The boards: device types with their devices, each with what it does and how it went; and the page of a device type.
import { DAY } from '../../core/time.ts';
import type { Board as Device } from '../../lava/inventory.ts';
import { withoutDrained } from '../../lifecycle/drains.ts';
import type { Drain, RunRecord } from '../../store/index.ts';
import type { Totals } from '../../store/reader.ts';
import { html, queryOf, type Html } from '../html.ts';
import type { BoardView } from '../shapes.ts';
import { strip, type Mark } from './charts.ts';
import type { PageParts } from './deps.ts';
import { rates, runsTable, shadeOf, shades, trend } from './history.ts';
import { devicePath, daysBefore } from './jobs.ts';
import { count, facts, folded, name, section, word } from './parts.ts';

const RUNS = 20;
const DAYS = 14;

export async function boardsPage({ ctx, boards, user }: PageParts): Promise<Html> {
  const [views, drains, days] = await Promise.all([
    boards.boards(),
    ctx.reader.drains(),
    ctx.reader.totals({ since: daysBefore(ctx.now(), DAYS), by: ['day', 'lab', 'board'] }),
  ]);
  const cards = await Promise.all(
    views.map(async (view) => {
      const devices = devicesOf(view, drains, ctx);
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

function devicesOf(
  { lab, device_type: type }: BoardView,
  drains: readonly Drain[],
  { labs }: PageParts['ctx'],
): Device[] {
  const inventory = labs.get(lab)?.knownInventory()?.inventory;
  if (inventory === undefined) return [];
  return withoutDrained(inventory, lab, drains).boards.filter((device) => device.type === type);
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

function marksOf(runs: readonly RunRecord[]): Mark[] {
  return runs
    .toReversed()
    .map((run) => ({ shade: shadeOf(run), title: `${run.name}: ${run.result} (${run.rule})` }));
}

/** A device type: its file as it is understood, what it can run, and how it went; undefined: there is none. */
export async function boardPage(board: string, { ctx, boards }: PageParts): Promise<Html | undefined> {
  const type = ctx.boards.find(board);
  if (type === undefined) return undefined;
  const views = (await boards.boards()).filter((view) => view.board === board);
  const histories = await Promise.all(
    views.map(({ lab }) => ctx.reader.runs({ of: { lab, board }, since: ctx.now() - 30 * DAY, limit: 50 })),
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
