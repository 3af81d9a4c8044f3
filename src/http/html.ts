// HTML in which text from outside stays text: whatever is put into the template is escaped, unless it is HTML itself.
import { escapeHtml } from '../lava/log-html.ts';

/** A piece of HTML, made by `html`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | null | undefined | readonly Content[];

/** Attributes must stand in double quotes. null and undefined are nothing, a list is its parts in a row. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.map((part, i) => (i === 0 ? part : `${textOf(values[i - 1])}${part}`)).join(''));
}

function textOf(value: Content): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  return typeof value === 'number' ? String(value) : value.map(textOf).join('');
}

/** A table with a row for each item, or a word that there is none. */
export function tableOf(head: readonly string[], rows: readonly (readonly Content[])[]): Html {
  if (rows.length === 0) return html`<p class="none">none</p>`;
  return html`<table>
    <thead>
      <tr>
        ${head.map((text) => html`<th>${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A word whose colour says what it means. */
export function word(text: string): Html {
  return html`<span class="${CLASSES[text.toLowerCase()] ?? ''}">${text}</span>`;
}

const CLASSES: Readonly<Record<string, string>> = {
  up: 'good',
  pass: 'good',
  done: 'good',
  down: 'bad',
  fail: 'bad',
  parked: 'bad',
  error: 'odd',
  miss: 'odd',
  incomplete: 'odd',
  drained: 'odd',
  unknown: 'odd',
};

/** `2026-08-21 15:20:01`, UTC. */
export function shortTime(rfc3339: string | null): string {
  return rfc3339 === null ? '' : rfc3339.slice(0, 19).replace('T', ' ');
}

/** A URL's query, of what is there. */
export function queryOf(parts: Readonly<Record<string, string | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) query.set(name, String(value));
  return query.toString();
}
