// The page of all boards.
import { html, queryOf, type Html } from '../html.ts';
import type { BoardView } from '../shapes.ts';
import { count, name, table, word } from './parts.ts';

export function boardsPage(boards: readonly BoardView[]): Html {
  return html`<h1>Boards</h1>
    ${table({
      caption: 'The boards that the labs have devices for, or jobs',
      head: [
        'Lab',
        'Board',
        'Device type',
        'Boot',
        'Online',
        'Idle',
        'Queued',
        'Our jobs',
        'Plans',
        'Why not',
      ],
      rows: boards.map((b) => [
        name(b.lab),
        html`<a href="/jobs?${queryOf({ lab: b.lab, board: b.board })}">${name(b.board)}</a>`,
        name(b.device_type),
        b.boot_method,
        count(b.online),
        count(b.idle),
        count(b.queued),
        b.jobs,
        plans(b),
        b.drained === null ? b.reasons.join('; ') : html`${word('drained')}: ${b.drained}`,
      ]),
    })}`;
}

function plans({ runs, runs_not: not }: BoardView): Html {
  return html`<details>
    <summary>${runs.length} of ${runs.length + not.length}</summary>
    <ul>
      ${runs.map((plan) => html`<li>${plan}</li>`)}${not.map(
        ({ plan, reason }) => html`<li class="none">${plan}: ${reason}</li>`,
      )}
    </ul>
  </details>`;
}
