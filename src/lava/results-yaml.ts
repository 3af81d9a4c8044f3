// LAVA's results are YAML that PyYAML wrote in block style, where every scalar is text to us (a failsafe reading: YAML
// 1.1 leaves names such as 1e3 unquoted, and a newer reader would make numbers of them). A YAML library takes seconds
// for a few thousand cases, so what is written in the regular shape is read here directly, and each list item that is
// written in any other way (folded text, tags, block scalars) by the library.
import { parseYaml, valueOf } from './yaml-value.ts';

/** A scalar is a string; mappings and lists nest. */
export type YamlText = string | YamlText[] | { [key: string]: YamlText };

/** Reads a YAML list of anything; throws Error with the reason if it is none. Linear in the text's length. */
export function parseYamlList(text: string): YamlText[] {
  const items = splitItems(text);
  // An anchor may be named from any other item: such a text is read as a whole.
  if (items === undefined || /(?:^|[\s-])[&*]id\d+/m.test(text)) return readList(text);
  return items.flatMap((lines) => {
    const item = readRegular(lines);
    return item === undefined ? readList(`${lines.join('\n')}\n`) : [item];
  });
}

/** The lines of each item of a block list, or undefined if the text does not begin as one. */
function splitItems(text: string): string[][] | undefined {
  const items: string[][] = [];
  for (const line of text.trimEnd().split('\n')) {
    const item = items.at(-1);
    if (line.startsWith('- ')) items.push([line]);
    else if (item) item.push(line);
    else if (line !== '') return undefined;
  }
  return items;
}

function readList(text: string): YamlText[] {
  const document = parseYaml(text, { schema: 'failsafe', uniqueKeys: false });
  const value = valueOf(document, (scalar) => scalar.value);
  if (value === null || value === undefined || value === '') return [];
  if (!Array.isArray(value)) throw new Error('not a YAML list');
  return value.map(asText);
}

/** The library gives null for an empty node; in this schema every other scalar is text. */
function asText(value: unknown): YamlText {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, asText(v)]));
  }
  return '';
}

interface Cursor {
  lines: string[];
  at: number;
}

/** Anything that the regular shape does not have; the library reads the item then. */
class Irregular extends Error {}

function readRegular(lines: string[]): YamlText | undefined {
  const cursor: Cursor = { lines: [`  ${(lines[0] ?? '').slice(2)}`, ...lines.slice(1)], at: 0 };
  try {
    const value = readMapping(cursor, 2);
    return cursor.at === cursor.lines.length ? value : undefined;
  } catch (error) {
    if (error instanceof Irregular) return undefined;
    throw error;
  }
}

const KEY = /^[A-Za-z0-9_./][A-Za-z0-9_./ ()-]*$/;
// The keys of LAVA's records, over and over.
const USUAL_KEYS = new Set(
  (
    'id job level log_end_line log_start_line logged measurement metadata name result suite unit url ' +
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

function readMapping(cursor: Cursor, indent: number): YamlText {
  const mapping: Record<string, YamlText> = {};
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? '';
    const depth = indentOf(line);
    if (depth < indent) break;
    if (depth > indent) throw new Irregular();
    if (line.startsWith('- ', indent)) break;
    const end = keyEnd(line, indent);
    const key = line.slice(indent, end);
    if (end < 0 || key === '__proto__') throw new Irregular();
    cursor.at++;
    mapping[key] = end + 1 === line.length ? readBelow(cursor, indent) : readScalar(line.slice(end + 2));
  }
  return mapping;
}

/** What stands below a key that has nothing behind its colon. A list may stand as deep as its key. */
function readBelow(cursor: Cursor, indent: number): YamlText {
  const next = cursor.lines[cursor.at];
  if (next === undefined) return '';
  const depth = indentOf(next);
  if (depth >= indent && next.startsWith('- ', depth)) return readSequence(cursor, depth);
  return depth > indent ? readMapping(cursor, depth) : '';
}

function readSequence(cursor: Cursor, indent: number): YamlText {
  const items: YamlText[] = [];
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? '';
    if (indentOf(line) !== indent || !line.startsWith('- ', indent)) break;
    if (keyEnd(line, indent + 2) >= 0) {
      cursor.lines[cursor.at] = `${' '.repeat(indent + 2)}${line.slice(indent + 2)}`;
      items.push(readMapping(cursor, indent + 2));
    } else {
      cursor.at++;
      items.push(readScalar(line.slice(indent + 2)));
    }
  }
  return items;
}

/** A scalar that ends on its line. What would go on on the next line is noticed there, by its depth. */
function readScalar(text: string): YamlText {
  const quote = text[0];
  if (quote === "'" || quote === '"') {
    const body = text.slice(1, -1);
    const simple = text.length > 1 && text.endsWith(quote) && !/['"\\]/.test(body);
    if (simple) return body;
    // In single quotes a doubled one stands for one; what is escaped in double quotes is the library's.
    if (quote === "'" && /^'(?:[^']|'')*'$/.test(text)) return body.replaceAll("''", "'");
    throw new Irregular();
  }
  if (PLAIN.test(text) && !UNPLAIN.test(text)) return text;
  if (text === '[]') return [];
  if (text === '{}') return {};
  throw new Irregular();
}

const PLAIN = /^(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s])/;
const UNPLAIN = /: |:$| #|\s$|\t/;
const SPACE = 0x20;

function indentOf(line: string): number {
  let n = 0;
  while (line.charCodeAt(n) === SPACE) n++;
  return n;
}
