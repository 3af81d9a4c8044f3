// Reads block style as PyYAML dumps it: a mapping of keys to scalars, mappings and lists, scalars plain or quoted and
// folded over lines. The YAML library takes half a second for a megabyte of it. Whatever else YAML may be, anchors, tags,
// block scalars, comments, is left to the library.
import { parseFlow } from './flow.ts';
import { closingQuote } from '../../core/parse/closing-quote.ts';
import { singleQuoted, unescape, unfold } from './quoting.ts';
import { resolveScalar } from './scalar.ts';

/** What scalars without quotes are: `text` as they stand, or of the `typed` kind that PyYAML gives them. */
export type Scalars = 'text' | 'typed';

/** Deeper nesting is left to the library, which refuses it. */
const MAX_DEPTH = 64;

/**
 * The mapping that is the item of a block list, from its `- ` on; undefined if it is written in another way. A value
 * that is not there is null, or empty text.
 */
export function readBlockItem(item: string, scalars: Scalars): Record<string, unknown> | undefined {
  if (!item.startsWith('- ')) return undefined;
  const lines = ` ${item.slice(1)}`.split('\n');
  while (lines.at(-1) === '') lines.pop();
  const indent = indentOf(lines[0] ?? '');
  const reader = new BlockReader(lines, scalars);
  const mapping = reader.mapping(indent, 0);
  return reader.isDone ? mapping : undefined;
}

/** Its methods give undefined for what is left to the library: no value of YAML is that. */
class BlockReader {
  readonly #lines: string[];
  readonly #scalars: Scalars;
  #at = 0;

  constructor(lines: string[], scalars: Scalars) {
    this.#lines = lines;
    this.#scalars = scalars;
  }

  get isDone(): boolean {
    return this.#at === this.#lines.length;
  }

  mapping(indent: number, depth: number): Record<string, unknown> | undefined {
    if (depth > MAX_DEPTH) return undefined;
    const mapping: Record<string, unknown> = {};
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      const own = indentOf(line);
      if (own < indent || line.startsWith('- ', indent)) break;
      const end = own === indent ? keyEnd(line, indent) : -1;
      if (end < 0) return undefined;
      this.#at++;
      const value =
        end + 1 === line.length ? this.#below(indent, depth) : this.#scalar(line.slice(end + 2), indent);
      if (value === undefined) return undefined;
      mapping[line.slice(indent, end)] = value;
    }
    return mapping;
  }

  /** What stands below a key that has nothing behind its colon. A list may stand as far left as its key. */
  #below(indent: number, depth: number): unknown {
    const line = this.#lines[this.#at];
    const own = line === undefined ? 0 : indentOf(line);
    if (line !== undefined && own >= indent && line.startsWith('- ', own)) return this.#list(own, depth + 1);
    if (own > indent) return this.mapping(own, depth + 1);
    return this.#scalars === 'typed' ? null : '';
  }

  #list(indent: number, depth: number): unknown[] | undefined {
    if (depth > MAX_DEPTH) return undefined;
    const items: unknown[] = [];
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      if (indentOf(line) !== indent || !line.startsWith('- ', indent)) break;
      let item: unknown;
      if (keyEnd(line, indent + 2) >= 0) {
        this.#lines[this.#at] = `${' '.repeat(indent + 2)}${line.slice(indent + 2)}`;
        item = this.mapping(indent + 2, depth + 1);
      } else {
        this.#at++;
        item = this.#scalar(line.slice(indent + 2), indent);
      }
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }

  /** `first`: what stands on the line of its key; it goes on on lines that are farther right than `indent`. */
  #scalar(first: string, indent: number): unknown {
    const lines = [first];
    let next = this.#at;
    for (let line = this.#lines[next]; line !== undefined; line = this.#lines[next]) {
      if (line !== '' && indentOf(line) <= indent) break;
      if (line !== line.trimEnd() || line.includes('\t')) return undefined;
      lines.push(line.slice(indentOf(line)));
      next++;
    }
    if (first.includes('\t') || first !== first.trimEnd()) return undefined;
    this.#at = next;
    return this.#value(lines);
  }

  #value(lines: string[]): unknown {
    const [first = ''] = lines;
    const quote = first.charAt(0);
    // A line break that is escaped, and an empty line after it: readers differ.
    if (quote === '"' && lines.includes('')) return undefined;
    const text = lines.length === 1 ? first : unfold(lines, quote === '"');
    if (quote === '"')
      return closingQuote(text, 1) === text.length - 1 ? unescape(text, 1, text.length - 1) : undefined;
    if (quote === "'") return singleQuoted(text);
    if (text === '[]') return [];
    if (text === '{}') return {};
    const typed = this.#scalars === 'typed';
    if (quote === '{' || quote === '[')
      return typed && !text.includes('\\') && !text.includes('\n') ? parseFlow(text, 0) : undefined;
    if (lines.length > 1 && lines.at(-1) === '') return undefined;
    if (!PLAIN.test(text) || UNPLAIN.test(text)) return undefined;
    return typed ? resolveScalar(text) : text;
  }
}

/** How a scalar without quotes may begin, and what it may not have. */
const PLAIN = /^(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s])/;
const UNPLAIN = /: |:$| #|:\n|\n#/;

const KEY = /^[A-Za-z0-9_./](?:[A-Za-z0-9_./ ()-]*[A-Za-z0-9_./()-])?$/;
/** The keys of LAVA's records, over and over. */
const USUAL_KEYS = new Set(
  (
    'dt lvl msg ns id job level log_end_line log_start_line logged measurement metadata name result suite unit url ' +
    'case definition duration namespace set units extra'
  ).split(' '),
);

/** Where the key of a line's content ends, or -1 if the content does not begin with a plain key. */
function keyEnd(line: string, from: number): number {
  const end = line.indexOf(':', from);
  if (end < 0 || (end + 1 < line.length && line.charCodeAt(end + 1) !== SPACE)) return -1;
  const key = line.slice(from, end);
  return USUAL_KEYS.has(key) || KEY.test(key) ? end : -1;
}

function indentOf(line: string): number {
  let n = 0;
  while (line.charCodeAt(n) === SPACE) n++;
  return n;
}

const SPACE = 0x20;
