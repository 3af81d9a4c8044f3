// The first page: what is up, and what waits for what.
import type { CircuitState } from '../../engine/circuit.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { troubleOf, type LabView } from '../shapes.ts';
import { moment, name, section, table, word } from './parts.ts';

export interface Overview {
  labs: readonly LabView[];
  destinations: readonly { name: string; state: CircuitState; counts: Readonly<Record<string, number>> }[];
  /** Why jobs wait, the most common reason first. */
  waiting: readonly { lab: string; board: string; reason: string; count: number }[];
}

export function overviewPage({ labs, destinations, waiting }: Overview): Html {
  return html`<h1>Overview</h1>
    ${section(
      'labs',
      'Labs',
      table({
        caption: 'Labs',
        hideCaption: true,
        head: ['Lab', 'State', 'Since', 'Open jobs wait for', 'Why'],
        rows: labs.map(labCells),
      }),
    )}
    ${section(
      'destinations',
      'Destinations',
      table({
        caption: 'Destinations of reports',
        hideCaption: true,
        head: ['Destination', 'State', 'Since', 'Waiting', 'Refused', 'Why'],
        rows: destinations.map(({ name, state, counts }) => [
          name,
          word(state.status),
          moment(state.since),
          (counts['pending'] ?? 0) + (counts['submitted'] ?? 0),
          counts['parked'] === undefined ? 0 : word(`${counts['parked']} parked`),
          state.why,
        ]),
      }),
    )}
    ${section(
      'waits',
      'What waits',
      table({
        caption: 'Why jobs wait',
        hideCaption: true,
        head: ['Jobs', 'Lab', 'Board', 'Reason'],
        rows: waiting.map(({ lab, board, reason, count }) => [
          html`<a href="/jobs?${queryOf({ lab, board, open: true })}">${count}</a>`,
          name(lab),
          name(board),
          reason,
        ]),
      }),
    )}`;
}

function labCells(lab: LabView): Content[] {
  const stages = Object.entries(lab.waiting).map(([stage, count]) => `${count} ${stage}`);
  return [
    html`<a href="/jobs?${queryOf({ lab: lab.name })}">${name(lab.name)}</a>`,
    word(lab.status === 'up' && lab.drained !== null ? 'drained' : lab.status),
    moment(lab.since),
    stages.join(', '),
    troubleOf(lab),
  ];
}
