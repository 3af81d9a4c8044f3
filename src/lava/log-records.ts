// Logs that are not kept in files: LAVA servers with a database behind (`LAVA_LOG_BACKEND` MongoDB, Elasticsearch,
// Firestore) dump block-style YAML or JSON (LAVA, lava_scheduler_app/logutils.py). Such a log is cut into records
// as it comes in, each of bounded size, and only then parsed; slower than LAVA's own lines, and as bounded.
import { tryJson } from '../core/parse/json.ts';
import { ParseError, PARSE_LIMITS } from '../core/parse/limits.ts';
import { readBlockItem } from './yaml/block.ts';
import { libraryReader } from './yaml/library.ts';

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

/** Records of one log, parsed one by one. */
export interface RecordParser {
  /** The value of a record, or undefined if it is not readable, or nothing is left to read it with. */
  parse: (record: string) => unknown;
}

export function recordParser(): RecordParser {
  const library = libraryReader('typed');
  return {
    parse(record) {
      const json = record.startsWith('{') ? tryJson(record, PARSE_LIMITS.logRecord) : undefined;
      if (json !== undefined) return json;
      const block = readBlockItem(record, 'typed');
      if (block !== undefined) return block;
      try {
        return library(record.startsWith('-') ? ` ${record.slice(1)}` : record);
      } catch (error) {
        // The caller keeps it as unreadable text.
        if (error instanceof ParseError) return undefined;
        throw error;
      }
    },
  };
}

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;
