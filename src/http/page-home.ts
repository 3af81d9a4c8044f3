// The first page: what is up, what waits for what, and the newest jobs. And the page of all boards.
import type { CircuitState } from '../engine/circuit.ts';
import { rfc3339 } from '../core/time.ts';
import { html, queryOf, shortTime, tableOf, word, type Content, type Html } from './html.ts';
import { troubleOf, whereOf, type BoardView, type JobRow, type LabView } from './shapes.ts';

interface Filter {
  lab?: string | undefined;
  board?: string | undefined;
  stage?: string | undefined;
  open?: boolean | undefined;
}

export interface Home {
  labs: readonly LabView[];
  destinations: readonly { name: string; state: CircuitState; counts: Readonly<Record<string, number>> }[];
  /** Why jobs wait, the most common reason first. */
  waiting: readonly { lab: string; board: string; reason: string; count: number }[];
  jobs: readonly JobRow[];
  filter: Filter;
  /** The query of the next page of older jobs. */
  older: string | undefined;
}

export function homePage({ labs, destinations, waiting, jobs, filter, older }: Home): Html {
  return html`<h2>Labs</h2>
    ${tableOf(['Lab', 'State', 'Since (UTC)', 'Open jobs wait for', 'Why'], labs.map(labCells))}
    <h2>Destinations</h2>
    ${tableOf(
      ['Destination', 'State', 'Since (UTC)', 'Waiting', 'Refused', 'Why'],
      destinations.map(({ name, state, counts }) => [
        name,
        word(state.status),
        shortTime(rfc3339(state.since)),
        (counts['pending'] ?? 0) + (counts['submitted'] ?? 0),
        counts['parked'] === undefined ? 0 : html`<b class="bad">${counts['parked']}</b>`,
        state.why,
      ]),
    )}
    <h2>What waits</h2>
    ${tableOf(
      ['Jobs', 'Lab', 'Board', 'Reason'],
      waiting.map(({ lab, board, reason, count }) => [
        html`<a href="/?${queryOf({ lab, board, open: true })}">${count}</a>`,
        lab,
        board,
        reason,
      ]),
    )}
    <h2>Jobs${describe(filter)}</h2>
    ${tableOf(['Received (UTC)', 'Name', 'Lab', 'Board', 'LAVA', 'Waits for', 'Verdict or reason'], jobs.map(jobCells))}
    ${older === undefined ? '' : html`<p><a href="/?${older}">older</a></p>`}`;
}

function labCells(lab: LabView): Content[] {
  const stages = Object.entries(lab.waiting).map(([stage, count]) => `${count} ${stage}`);
  return [
    html`<a href="/?${queryOf({ lab: lab.name })}">${lab.name}</a>`,
    word(lab.drained === null ? lab.status : 'drained'),
    shortTime(lab.since),
    stages.join(', '),
    troubleOf(lab),
  ];
}

function jobCells(job: JobRow): Content[] {
  return [
    shortTime(job.received),
    html`<a href="${jobPath(job.id)}">${job.name}</a>`,
    html`<a href="/?${queryOf({ lab: job.lab })}">${job.lab}</a>`,
    html`<a href="/?${queryOf({ board: job.board })}">${job.board}</a>`,
    job.lava_id,
    whereOf(job),
    job.done && job.tests.length > 0 ? verdictOf(job) : (job.reason ?? job.ending?.reason),
  ];
}

/** What each root came to. */
export function verdictOf({ tests }: Pick<JobRow, 'tests'>): Html {
  return html`${tests.map(({ path, status }, i) => [i === 0 ? '' : ', ', `${path} `, word(status)])}`;
}

export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`;
}

function describe({ lab, board, stage, open }: Filter): string {
  const parts = [
    lab === undefined ? [] : [`of ${lab}`],
    board === undefined ? [] : [`for ${board}`],
    stage === undefined ? [] : [`at ${stage}`],
    open === true ? ['not ended'] : [],
  ].flat();
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}

export function boardsPage(boards: readonly BoardView[]): Html {
  const count = (n: number | null): Content => n ?? '?';
  return html`<h2>Boards</h2>
    ${tableOf(
      ['Lab', 'Board', 'Device type', 'Boot', 'Online', 'Idle', 'Queued', 'Our jobs', 'Plans', 'Why not'],
      boards.map((b) => [
        b.lab,
        html`<a href="/?${queryOf({ lab: b.lab, board: b.board })}">${b.board}</a>`,
        b.device_type,
        b.boot_method,
        count(b.online),
        count(b.idle),
        count(b.queued),
        b.jobs,
        plans(b),
        b.drained === null ? b.reasons.join('; ') : html`${word('drained')}: ${b.drained}`,
      ]),
    )}`;
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
