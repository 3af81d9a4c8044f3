// Logs that are not kept in files: LAVA servers with a database behind (`LAVA_LOG_BACKEND` MongoDB, Elasticsearch,
// Firestore) dump block-style YAML or JSON (LAVA, lava_scheduler_app/logutils.py). Such a log is cut into records
// as it comes in, each of bounded size, and only then parsed; slower than LAVA's own lines, and as bounded.
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import { resolveScalar } from './log-flow.ts';

/** Cuts a log into records. Records longer than the limit are cut short and come out as they are. */
export interface RecordSplitter {
  /** The records that the next piece completes: block style takes lines without line breaks, JSON any text. */
  push: (piece: string) => string[];
  /** What is left when the log ends. */
  end: () => string[];
}

/** Block style: a record begins at every `- ` in the first column. `limit` in characters. */
export function blockSplitter(limit: number): RecordSplitter {
  let parts: string[] = [];
  let size = 0;
  const flush = (): string[] => {
    const record = parts.join('\n');
    parts = [];
    size = 0;
    return record.trim() === '' ? [] : [record];
  };
  return {
    push: (line) => {
      const done = line.startsWith('- ') || line === '-' ? flush() : [];
      if (line === '---' || line === '...') return done;
      if (size < limit) {
        parts.push(line.slice(0, limit - size));
        size += line.length + 1;
      }
      return done;
    },
    end: flush,
  };
}

/** JSON: an array of objects, or objects one after the other, with or without line breaks inside. */
export function jsonSplitter(limit: number): RecordSplitter {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let record = '';
  const take = (piece: string): void => {
    if (record.length < limit) record += piece.slice(0, limit - record.length);
  };
  const push = (text: string): string[] => {
    const done: string[] = [];
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i);
      if (escaped) escaped = false;
      else if (inString) {
        if (char === BACKSLASH) escaped = true;
        else if (char === QUOTE) inString = false;
      } else if (char === QUOTE) inString = true;
      else if (char === OPEN) {
        if (depth === 0) from = i;
        depth++;
      } else if (char === CLOSE && depth > 0) {
        depth--;
        if (depth === 0) {
          take(text.slice(from, i + 1));
          done.push(record);
          record = '';
          from = i + 1;
        }
      }
    }
    if (depth > 0) take(text.slice(from));
    return done;
  };
  return { push, end: () => (record.trim() === '' ? [] : [record]) };
}

/** The value of one record, or undefined if it is not readable. */
export function parseRecord(record: string): unknown {
  const text = record.startsWith('-') ? ` ${record.slice(1)}` : record;
  try {
    if (text.startsWith('{')) return JSON.parse(text) as unknown;
  } catch {
    // Not JSON after all: YAML's flow style begins alike.
  }
  try {
    const doc = parseDocument(text, { schema: 'failsafe', prettyErrors: false, strict: false });
    return doc.errors.length > 0 ? undefined : toValue(doc.contents, new Map(), 0);
  } catch {
    // Nested too deep for the library or for us: the caller keeps the record as unreadable text.
    return undefined;
  }
}

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MAX_DEPTH = 64;

// By hand, so that a plain scalar has the type that PyYAML, which wrote it, gives it, and an alias costs nothing.
function toValue(node: unknown, anchors: Map<string, unknown>, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
  const inner = (child: unknown): unknown => toValue(child, anchors, depth + 1);
  if (isAlias(node)) return anchors.get(node.source) ?? null;
  let value: unknown = null;
  if (isSeq(node)) value = node.items.map(inner);
  else if (isMap(node)) {
    value = Object.fromEntries(node.items.map((pair) => [text(inner(pair.key)), inner(pair.value)]));
  } else if (isScalar(node)) {
    value = node.type === 'PLAIN' ? resolveScalar(text(node.value)) : text(node.value);
  }
  if (isNode(node) && 'anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, value);
  return value;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
