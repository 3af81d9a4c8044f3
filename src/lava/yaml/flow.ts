// Reads the YAML that LAVA writes a log line in: one flow mapping a line, every string in double quotes with YAML's
// own escapes, every other scalar as `! "12"` (libyaml) or `!!int "12"` (PyYAML without libyaml). It looks like JSON
// but is not, and YAML libraries take `! "12"` for text. Linear in the length of the line, bounded in depth.

import { closingQuote } from '../../core/parse/closing-quote.ts';
import { unescape } from './quoting.ts';
import { keyText, resolveScalar } from './scalar.ts';

/** Deeper nesting than this is not read: LAVA's deepest messages have about six levels. */
const MAX_DEPTH = 64;
/** Values in one line, those that aliases stand for among them. */
const MAX_VALUES = 100_000;

/**
 * The value that stands in `text` from `from` to its end, or undefined if it is not readable (a value of YAML is
 * never undefined). Integers beyond 2^53 stay text. Anchors and aliases are followed; unknown tags are passed over.
 */
export function parseFlow(text: string, from: number): unknown {
  try {
    const parser = new FlowParser(text, from);
    const value = parser.value(0);
    parser.skipSpace();
    return parser.position === text.length ? value : undefined;
  } catch (error) {
    if (error instanceof FlowError) return undefined;
    throw error;
  }
}

/**
 * The mapping that `text` is from `from` to `to`, if it is one of texts and tagged scalars alone, as LAVA's results are;
 * undefined if it is any other: then parseFlow knows. A few times as fast.
 */
export function parseFlatMapping(text: string, from: number, to: number): object | undefined {
  const mapping: Record<string, unknown> = {};
  for (let at = from + 1; ;) {
    const keyEnd = text.charCodeAt(at) === QUOTE ? closingQuote(text, at + 1) : -1;
    if (keyEnd < 0 || !text.startsWith(': ', keyEnd + 1)) return undefined;
    const tagged = text.startsWith('! ', keyEnd + 3);
    const start = keyEnd + (tagged ? 5 : 3);
    const end = text.charCodeAt(start) === QUOTE ? closingQuote(text, start + 1) : -1;
    const key = unescape(text, at + 1, keyEnd);
    if (end < 0 || key === '__proto__') return undefined;
    const value = unescape(text, start + 1, end);
    mapping[key] = tagged ? resolveScalar(value) : value;
    if (end + 2 === to && text.charCodeAt(end + 1) === CLOSE) return mapping;
    if (!text.startsWith(', ', end + 1)) return undefined;
    at = end + 3;
  }
}

const QUOTE = 0x22;
const CLOSE = 0x7d;

class FlowError extends Error {}
/** One for all: it is never shown, and to note where each came from takes longer than all the rest. */
const FAULT = new FlowError();

class FlowParser {
  position: number;
  readonly #text: string;
  /** Each with the number of values that it is made of. */
  readonly #anchors = new Map<string, { value: unknown; size: number }>();
  #made = 0;

  constructor(text: string, from: number) {
    this.#text = text;
    this.position = from;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw FAULT;
    let tag: string | undefined;
    let anchor: string | undefined;
    for (;;) {
      this.skipSpace();
      const mark = this.#peek();
      if (mark === '!') tag = this.#word();
      else if (mark === '&') anchor = this.#word();
      else break;
    }
    const before = this.#made++;
    if (this.#made > MAX_VALUES) throw FAULT;
    const value = this.#content(depth, tag);
    if (anchor !== undefined) this.#anchors.set(anchor.slice(1), { value, size: this.#made - before });
    return value;
  }

  skipSpace(): void {
    while (this.#peek() === ' ') this.position++;
  }

  #content(depth: number, tag: string | undefined): unknown {
    switch (this.#peek()) {
      case '{':
        return this.#mapping(depth);
      case '[':
        return this.#list(depth);
      case '*':
        return this.#alias();
      default: {
        const quoted = this.#peek() === '"' || this.#peek() === "'";
        const text = this.#scalar();
        return hasOtherType(tag, quoted) ? resolveScalar(text) : text;
      }
    }
  }

  #alias(): unknown {
    const { value = null, size = 0 } = this.#anchors.get(this.#word().slice(1)) ?? {};
    this.#made += size;
    if (this.#made > MAX_VALUES) throw FAULT;
    return value;
  }

  #mapping(depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.position++;
    while (!this.#closes('}')) {
      const key = this.value(depth + 1);
      this.skipSpace();
      let value: unknown = null;
      if (this.#peek() === ':') {
        this.position++;
        value = this.value(depth + 1);
      }
      entries.push([keyText(key), value]);
      this.#separator('}');
    }
    return Object.fromEntries(entries);
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.position++;
    while (!this.#closes(']')) {
      items.push(this.value(depth + 1));
      this.#separator(']');
    }
    return items;
  }

  #scalar(): string {
    if (this.#peek() === '"') {
      const from = this.position + 1;
      const to = closingQuote(this.#text, from);
      if (to < 0) throw FAULT;
      this.position = to + 1;
      return unescape(this.#text, from, to);
    }
    if (this.#peek() === "'") return this.#singleQuoted();
    const from = this.position;
    while (this.position < this.#text.length && !this.#endsPlain()) this.position++;
    return this.#text.slice(from, this.position).trimEnd();
  }

  #singleQuoted(): string {
    let from = this.position + 1;
    let out = '';
    for (;;) {
      const quote = this.#text.indexOf("'", from);
      if (quote < 0) throw FAULT;
      out += this.#text.slice(from, quote);
      from = quote + 1;
      if (this.#text[from] !== "'") break;
      out += "'";
      from++;
    }
    this.position = from;
    return out;
  }

  #endsPlain(): boolean {
    const char = this.#peek();
    if (char === ',' || char === ']' || char === '}' || char === '[' || char === '{') return true;
    return char === ':' && ' ,]}'.includes(this.#text.charAt(this.position + 1));
  }

  /** A tag, an anchor or an alias: up to the next space or bracket. */
  #word(): string {
    const from = this.position;
    while (this.position < this.#text.length && !' ,[]{}"\''.includes(this.#peek())) this.position++;
    return this.#text.slice(from, this.position);
  }

  #closes(bracket: string): boolean {
    this.skipSpace();
    if (this.#peek() !== bracket) return false;
    this.position++;
    return true;
  }

  #separator(bracket: string): void {
    this.skipSpace();
    if (this.#peek() === ',') this.position++;
    else if (this.#peek() !== bracket) throw FAULT;
  }

  #peek(): string {
    return this.#text.charAt(this.position);
  }
}

function hasOtherType(tag: string | undefined, quoted: boolean): boolean {
  if (tag === undefined) return !quoted;
  return tag === '!' || tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null';
}
