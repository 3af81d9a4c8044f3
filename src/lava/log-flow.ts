// Reads the YAML that LAVA writes a log line in: one flow mapping a line, every string in double quotes with YAML's
// own escapes, every other scalar as `! "12"` (libyaml) or `!!int "12"` (PyYAML without libyaml). It looks like JSON
// but is not, and YAML libraries take `! "12"` for text. Linear in the length of the line, bounded in depth.

/** Deeper nesting than this is not read: LAVA's deepest messages have about six levels. */
const MAX_DEPTH = 64;
/** So many values may stand for aliases in one line. */
const MAX_ALIASED = 10_000;

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

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

/** Where the double-quoted string that begins before `from` ends: the index of its closing quote, or -1. */
export function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote >= 0) {
    let slash = quote;
    while (slash > from && text.charCodeAt(slash - 1) === BACKSLASH) slash--;
    if ((quote - slash) % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}

/** The content of a double-quoted string, `text` from `from` to `to`, with its escapes resolved. */
export function unescape(text: string, from: number, to: number): string {
  let slash = text.indexOf('\\', from);
  if (slash < 0 || slash >= to) return text.slice(from, to);
  let out = '';
  let done = from;
  while (slash >= 0 && slash < to) {
    out += text.slice(done, slash);
    const name = text.charAt(slash + 1);
    const length = HEX_LENGTH[name];
    if (length === undefined) {
      out += ESCAPES[name] ?? `\\${name}`;
      done = slash + 2;
    } else {
      const point = hex(text, slash + 2, length, to);
      out += point === undefined ? `\\${name}` : String.fromCodePoint(point);
      done = point === undefined ? slash + 2 : slash + 2 + length;
    }
    slash = text.indexOf('\\', done);
  }
  return out + text.slice(done, to);
}

/** A scalar that is not text, as YAML 1.1 reads it and PyYAML writes it: null, true, 12, 1.5e+3, .inf; else the text. */
export function resolveScalar(text: string): unknown {
  if (text.length > 40) return text;
  const lower = text.toLowerCase();
  if (lower === '' || lower === '~' || lower === 'null') return null;
  if (lower === 'true') return true;
  if (lower === 'false') return false;
  if (/^[-+]?\d+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : text;
  }
  if (/^[-+]?(\d+\.\d*|\.\d+)(e[-+]?\d+)?$/.test(lower)) return Number(text);
  if (/^\+?\.inf$/.test(lower)) return Infinity;
  if (lower === '-.inf') return -Infinity;
  return lower === '.nan' ? NaN : text;
}

/**
 * A key as text. One that is a mapping or a list has none: nobody means it, and written as JSON, within the next such key
 * and so on, it takes twice the room at each step.
 */
export function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  return typeof key === 'object' && key !== null ? '?' : String(key);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;

class FlowError extends Error {}
/** One for all: nobody sees it, and to note where each came from takes longer than all the rest. */
const FAULT = new FlowError();

class FlowParser {
  position: number;
  readonly #text: string;
  /** Each with the number of values that it is made of. */
  readonly #anchors = new Map<string, { value: unknown; size: number }>();
  #made = 0;
  #aliased = 0;

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
    this.#aliased += size;
    if (this.#aliased > MAX_ALIASED) throw FAULT;
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

function hex(text: string, from: number, length: number, to: number): number | undefined {
  const digits = text.slice(from, Math.min(to, from + length));
  if (digits.length !== length || !/^[\da-f]+$/i.test(digits)) return undefined;
  const point = Number.parseInt(digits, 16);
  return point <= 0x10ffff ? point : undefined;
}
