// Reads a log's record in the shape that PyYAML dumps it in, block style: `- dt: …`, `  lvl: …`, `  msg: …`, with quoted,
// folded and nested values. The YAML library takes half a second for a megabyte of these. Whatever else YAML may
// be, anchors, block scalars, lists, comments, is left to it.
import { closingQuote, parseFlow, resolveScalar, unescape } from './log-flow.ts';

/** Deeper nesting is left to the library: LAVA's deepest records have about six levels. */
const MAX_DEPTH = 16;
const KEY = /^([A-Za-z][\w-]{0,100}):(?: (.*))?$/;
/** How a plain scalar may begin, of those that mean nothing else. */
const PLAIN = /^[A-Za-z0-9./+_~$^(;\\=]|^-[^\s-]/;

/** The record, or undefined if it has another shape. It begins with `- `; lines end with `\n`. */
export function readBlockRecord(record: string): Record<string, unknown> | undefined {
  if (!record.startsWith('- ')) return undefined;
  const lines = ` ${record.slice(1)}`.split('\n');
  const reader = { lines, at: 0 };
  const mapping = readMapping(reader, 2, 0);
  return reader.at === lines.length ? mapping : undefined;
}

interface Reader {
  lines: readonly string[];
  at: number;
}

function readMapping(reader: Reader, indent: number, depth: number): Record<string, unknown> | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const mapping: Record<string, unknown> = {};
  for (let line = reader.lines[reader.at]; line !== undefined; line = reader.lines[reader.at]) {
    const own = indentOf(line);
    if (own < indent) break;
    const [, key, first = ''] = own === indent ? (KEY.exec(line.slice(indent)) ?? []) : [];
    if (key === undefined) return undefined;
    reader.at += 1;
    const value =
      first === '' ? readNested(reader, indent, depth) : readScalar(first, folded(reader, indent));
    if (value === undefined) return undefined;
    mapping[key] = value;
  }
  return mapping;
}

function readNested(reader: Reader, indent: number, depth: number): unknown {
  const line = reader.lines[reader.at];
  const own = line === undefined ? 0 : indentOf(line);
  // A list may stand as far left as its key.
  if (own === indent && line?.startsWith('-', own)) return undefined;
  return own > indent ? readMapping(reader, own, depth + 1) : null;
}

/** The lines by which a value goes on: those that are farther right than its key. */
function folded(reader: Reader, indent: number): string[] {
  const more: string[] = [];
  for (let line = reader.lines[reader.at]; line !== undefined; line = reader.lines[reader.at]) {
    if (indentOf(line) <= indent) break;
    more.push(line.trim());
    reader.at += 1;
  }
  return more;
}

/** undefined: it is left to the library. */
function readScalar(first: string, more: readonly string[]): unknown {
  if (first.includes('\t') || first !== first.trimEnd()) return undefined;
  const quote = first.charAt(0);
  if (quote === '"') return readDouble([first, ...more]);
  const text = more.length === 0 ? first : [first, ...more].join(' ');
  if (quote === "'")
    return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : undefined;
  if (quote === '{' || quote === '[') return text.includes('\\') ? undefined : parseFlow(text, 0);
  const isPlain = PLAIN.test(text) && !text.includes(': ') && !text.includes(' #') && !text.endsWith(':');
  return isPlain ? resolveScalar(text) : undefined;
}

/** A line break stands for a space; after a backslash for nothing. */
function readDouble(lines: readonly string[]): string | undefined {
  let text = '';
  for (const [i, line] of lines.entries()) {
    const isLast = i === lines.length - 1;
    const slashes = /\\*$/.exec(line)?.[0].length ?? 0;
    if (isLast || slashes % 2 === 0) text += isLast ? line : `${line} `;
    else text += line.slice(0, -1);
  }
  return closingQuote(text, 1) === text.length - 1 ? unescape(text, 1, text.length - 1) : undefined;
}

function indentOf(line: string): number {
  let n = 0;
  while (line.charCodeAt(n) === SPACE) n++;
  return n;
}

const SPACE = 0x20;
