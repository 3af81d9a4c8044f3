// YAML as most files of an administrator are written: mappings and lists by indentation, scalars and short flow collections on one
// line each. The library needs twenty times as long, for it also keeps where everything stands. Whatever else YAML may be (anchors,
// tags, folded texts, escapes, odd characters, a key that is there twice) is left to it, and so is what is no YAML.

/** Longer texts are left to the library, which counts what they cost. */
const MAX_LENGTH = 500_000;
const MAX_DEPTH = 20;
const MAX_ALIASES = 500;

/** The value of a text that is a mapping; undefined: it is written in another way, and the library knows what it is. */
export function readPlainYaml(text: string): Record<string, unknown> | undefined {
  if (text.length > MAX_LENGTH || !/^[\n\x20-\x7e]*$/.test(text)) return undefined;
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    const indent = indentOf(line);
    if (indent < line.length && line[indent] !== '#')
      lines.push({ indent, text: line.slice(indent).trimEnd() });
  }
  try {
    const reader = new Reader(lines);
    const value = reader.mapping(0, 0);
    return reader.isDone ? value : undefined;
  } catch (error) {
    if (error === OTHERWISE) return undefined;
    throw error;
  }
}

/** Thrown where something is written in another way. One for all, without a place: it is never shown. */
const OTHERWISE = new Error('written in another way');

interface Line {
  indent: number;
  /** What follows the spaces. */
  text: string;
}

class Reader {
  readonly #lines: Line[];
  readonly #anchors = new Map<string, unknown>();
  #aliases = 0;
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  get isDone(): boolean {
    return this.#at === this.#lines.length;
  }

  mapping(indent: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH) throw OTHERWISE;
    const mapping: Record<string, unknown> = {};
    for (let line = this.#lines[this.#at]; line?.indent === indent; line = this.#lines[this.#at]) {
      if (isItem(line)) break;
      const end = keyEnd(line.text);
      const key = line.text.slice(0, end);
      if (Object.hasOwn(mapping, key)) throw OTHERWISE;
      this.#at++;
      mapping[key] = this.#value(line.text.slice(end + 2), indent, depth);
    }
    return mapping;
  }

  /** `text`: what stands behind the colon of a key. */
  #value(text: string, indent: number, depth: number): unknown {
    if (text.startsWith('&')) return this.#anchored(text, indent, depth);
    if (text.startsWith('*')) return this.#alias(text, indent);
    return text === '' ? this.#below(indent, depth) : this.#oneLine(text, indent);
  }

  /** A value with a name, for others to be the same. What is made of others itself is left to the library, which counts them. */
  #anchored(text: string, indent: number, depth: number): unknown {
    const [, name = '', rest = ''] = ANCHOR.exec(text) ?? [];
    const next = this.#lines[this.#at];
    const hasValue = rest === '' ? next !== undefined && next.indent > indent : !rest.startsWith('*');
    if (name === '' || this.#anchors.has(name) || !hasValue) throw OTHERWISE;
    const before = this.#aliases;
    const found = this.#value(rest, indent, depth);
    if (this.#aliases > before || this.#anchors.has(name)) throw OTHERWISE;
    this.#anchors.set(name, found);
    return found;
  }

  #alias(text: string, indent: number): unknown {
    const name = text.slice(1);
    this.#aliases++;
    if (this.#aliases > MAX_ALIASES || !this.#anchors.has(name)) throw OTHERWISE;
    if ((this.#lines[this.#at]?.indent ?? 0) > indent) throw OTHERWISE;
    return this.#anchors.get(name);
  }

  /** What stands below a key. A list may stand as far left as its key. */
  #below(indent: number, depth: number): unknown {
    const line = this.#lines[this.#at];
    if (line === undefined || line.indent < indent) return null;
    if (isItem(line)) return this.#list(line.indent, depth + 1);
    return line.indent > indent ? this.mapping(line.indent, depth + 1) : null;
  }

  #list(indent: number, depth: number): unknown[] {
    if (depth > MAX_DEPTH) throw OTHERWISE;
    const items: unknown[] = [];
    for (let line = this.#lines[this.#at]; line?.indent === indent; line = this.#lines[this.#at]) {
      if (!isItem(line)) break;
      const rest = line.text.slice(2);
      if (KEY.test(rest)) {
        this.#lines[this.#at] = { indent: indent + 2, text: rest };
        items.push(this.mapping(indent + 2, depth + 1));
      } else {
        this.#at++;
        items.push(this.#oneLine(rest, indent));
      }
    }
    return items;
  }

  /** A value that ends with its line: what follows may not stand farther right than what it belongs to. */
  #oneLine(text: string, indent: number): unknown {
    const next = this.#lines[this.#at];
    if (next !== undefined && next.indent > indent) throw OTHERWISE;
    return value(text);
  }
}

const ANCHOR = /^&([A-Za-z][\w-]{0,100})(?: ([^&].*))?$/;

function isItem({ text }: Line): boolean {
  return text.startsWith('- ');
}

function indentOf(line: string): number {
  let n = 0;
  while (line.charCodeAt(n) === 0x20) n++;
  return n;
}

/** A key without quotes that no reader takes for anything but a text, its colon, and what ends it. */
const KEY = /^(?!(?:null|true|false|__proto__):)([A-Za-z_][\w./+*-]{0,100}):(?: |$)/i;

function keyEnd(text: string): number {
  const key = KEY.exec(text)?.[1];
  if (key === undefined) throw OTHERWISE;
  return key.length;
}

function value(text: string): unknown {
  const first = text.charAt(0);
  if (first === '[' || first === '{') {
    const flow = new Flow(text);
    const collection = flow.value(0);
    if (!flow.isDone) throw OTHERWISE;
    return collection;
  }
  if (first === "'" || first === '"') return quoted(text);
  if (text.includes(': ') || text.includes(' #') || text.endsWith(':')) throw OTHERWISE;
  return plain(text);
}

function quoted(text: string): string {
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  if (/^'(?:[^']|'')*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  throw OTHERWISE;
}

/** How a text without quotes may begin here; those that begin like a number are texts if they hold what no number does. */
const WORD = /^[A-Za-z_/]/;
const NO_NUMBER = /^[\d.](?=.*[g-mp-wyzG-MP-WYZ/:, ])/;
const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
const OTHER_CASE = /^(?:null|true|false)$/i;

function plain(text: string): unknown {
  if (WHOLE_NUMBER.test(text)) return Number(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  if ((WORD.test(text) && !OTHER_CASE.test(text)) || NO_NUMBER.test(text)) return text;
  throw OTHERWISE;
}

/** A collection in brackets, on one line. */
class Flow {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isDone(): boolean {
    return this.#at === this.#text.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw OTHERWISE;
    const first = this.#text[this.#at];
    if (first === '[') return this.#list(depth);
    if (first === '{') return this.#mapping(depth);
    if (first === "'" || first === '"') return quoted(this.#take(first === "'" ? SINGLE : DOUBLE));
    return plain(this.#take(IN_FLOW).trimEnd());
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#take(OPEN);
    while (!this.#closes(']')) {
      items.push(this.value(depth + 1));
      this.#separate(']');
    }
    return items;
  }

  #mapping(depth: number): Record<string, unknown> {
    const mapping: Record<string, unknown> = {};
    this.#take(OPEN);
    while (!this.#closes('}')) {
      const key = this.#take(FLOW_KEY);
      const name = key.slice(0, keyEnd(key));
      if (Object.hasOwn(mapping, name)) throw OTHERWISE;
      mapping[name] = this.value(depth + 1);
      this.#separate('}');
    }
    return mapping;
  }

  #closes(bracket: string): boolean {
    if (this.#text[this.#at] !== bracket) return false;
    this.#at++;
    return true;
  }

  /** Between two values, or before the bracket that ends them. */
  #separate(bracket: string): void {
    this.#take(SPACES);
    if (this.#text[this.#at] !== bracket) this.#take(COMMA);
  }

  #take(what: RegExp): string {
    what.lastIndex = this.#at;
    const [found] = what.exec(this.#text) ?? [];
    if (found === undefined) throw OTHERWISE;
    this.#at += found.length;
    return found;
  }
}

const OPEN = /[[{] */y;
const SPACES = / */y;
const COMMA = /, +(?![\]}])/y;
const SINGLE = /'(?:[^']|'')*'(?= *[,\]}])/y;
const DOUBLE = /"[^"\\]*"(?= *[,\]}])/y;
const FLOW_KEY = /[A-Za-z_][\w./+*-]{0,100}: (?! )/y;
/** A scalar without quotes in brackets; a colon only within it. */
const IN_FLOW = /(?:[^,[\]{}#:]|:(?=[\w/.-]))+(?=[,\]}])/y;
