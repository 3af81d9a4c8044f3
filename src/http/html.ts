// HTML in which text from outside stays text: whatever is put into the template is made readable (no terminal controls, no
// invisible characters that turn text around) and escaped, unless it is HTML itself.
import { readable } from '../lava/log-clean.ts';
import { escapeHtml } from '../lava/log-html.ts';

/** A piece of HTML, made by `html`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a page may hold: text, which is escaped, HTML, which is not, or a list of both. */
export type Content = Html | string | number | null | undefined | readonly Content[];

/** Attributes must stand in double quotes. null and undefined are nothing, a list is its parts in a row. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(
    outdented(strings)
      .map((part, i) => (i === 0 ? part : `${textOf(values[i - 1])}${part}`))
      .join(''),
  );
}

/** By template: its own text. Long tables are much smaller without the indentation of the source. */
const texts = new WeakMap<TemplateStringsArray, readonly string[]>();

function outdented(strings: TemplateStringsArray): readonly string[] {
  const known = texts.get(strings);
  if (known !== undefined) return known;
  const text = strings.map((part) => part.replace(/\n\s+/g, '\n'));
  texts.set(strings, text);
  return text;
}

function textOf(value: Content): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return escapeHtml(readable(value));
  return typeof value === 'number' ? String(value) : value.map(textOf).join('');
}

/** A URL's query, of what is there. */
export function queryOf(parts: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) query.set(name, String(value));
  return query.toString();
}
