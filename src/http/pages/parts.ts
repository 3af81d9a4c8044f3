// What the pages are put together from: tables, words whose colour says what they mean, names, times.
import { formatDuration, rfc3339 } from '../../core/time.ts';
import { html, type Content, type Html } from '../html.ts';

interface Table {
  /** What the table shows; for those who do not see it, and above it. */
  caption: Content;
  /** The caption is there already, as a heading above. */
  hideCaption?: boolean;
  head: readonly string[];
  rows: readonly (readonly Content[])[];
  /** What each row is known by, so that it stays the same one when others come before it. */
  ids?: readonly string[];
  /** In place of no rows. */
  none?: string;
}

/** A table with a row for each item, or a word that there is none. On a narrow screen each row is a card. */
export function table({ caption, hideCaption = false, head, rows, ids = [], none = 'none' }: Table): Html {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  return html`<table role="table">
    <caption class="${hideCaption ? 'hidden' : ''}">
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${head.map((text) => html`<th role="columnheader" scope="col">${text}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (cells, row) =>
          html`<tr role="row" ${ids[row] === undefined ? '' : html`id="${ids[row]}"`}>
            ${cells.map((cell, i) => html`<td role="cell" data-label="${head[i]}">${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A list of terms with what each is; those without a value are left out. */
export function facts(entries: readonly (readonly [string, Content])[]): Html {
  const there = entries.filter(([, value]) => html`${value}`.text !== '');
  return html`<dl class="facts">
    ${there.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A part of a page under its heading. */
export function section(id: string, title: Content, body: Content): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${body}
  </section>`;
}

/** A word whose colour and sign say what it means. */
export function word(text: string | null | undefined): Html {
  if (text === null || text === undefined) return html``;
  return html`<span class="word ${CLASSES[text.toLowerCase()] ?? ''}">${text}</span>`;
}

const CLASSES: Readonly<Record<string, string>> = {
  up: 'pass',
  good: 'pass',
  online: 'pass',
  pass: 'pass',
  done: 'pass',
  down: 'fail',
  bad: 'fail',
  fail: 'fail',
  kernel: 'fail',
  parked: 'fail',
  error: 'error',
  harness: 'error',
  incomplete: 'error',
  busy: 'skip',
  idle: 'pass',
  miss: 'miss',
  test: 'miss',
  drained: 'miss',
  unconfigured: 'miss',
  unknown: 'miss',
  skip: 'skip',
  dropped: 'skip',
};

/** Characters of a name that are shown in a list. */
const MOST_OF_NAME = 60;
/** Characters of a name that the mouse shows. */
const MOST_OF_TITLE = 300;

/** A name from outside: apart from the direction of the text around it, and cut if it is long. */
export function name(text: string | null | undefined, most = MOST_OF_NAME): Html {
  if (text === null || text === undefined) return html``;
  if (text.length <= most) return html`<bdi>${text}</bdi>`;
  return html`<bdi title="${cut(text, MOST_OF_TITLE)}">${cut(text, most)}</bdi>`;
}

/** Text from outside as a whole, folded if it is long. */
export function folded(text: string | null | undefined, most = 300): Html {
  if (text === null || text === undefined) return html``;
  if (text.length <= most) return html`<bdi>${text}</bdi>`;
  return html`<details class="folded">
    <summary><bdi>${cut(text, most / 2)}</bdi></summary>
    <bdi>${text}</bdi>
  </details>`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
}

/** A moment (ms since the epoch, or RFC 3339) as `08-21 15:20:01`, UTC; the whole of it for the mouse and for programs. */
export function moment(at: number | string | null | undefined): Html {
  if (at === null || at === undefined) return html``;
  const text = typeof at === 'number' ? rfc3339(at) : at;
  return html`<time datetime="${text}" title="${text.slice(0, 19).replace('T', ' ')} UTC"
    >${text.slice(5, 19).replace('T', ' ')}</time
  >`;
}

/** How long ago that was, `3m 05s`. */
export function age(at: number, now: number): string {
  return formatDuration(Math.max(0, Math.floor((now - at) / 1000) * 1000)).replace(/\.\ds$/, 's');
}

/** A duration (ms), or nothing. */
export function duration(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '' : formatDuration(Math.max(0, ms));
}

/** The page of a job. */
export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`;
}

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? '?' : String(n);
}
