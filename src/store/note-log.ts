// What is under way, in a file next to SQLite's database: a line for each note, added in some microseconds, and the whole written
// again when it has grown. Nothing of it is synced to the disk: what a process has written is there after its death, and a
// power cut is no fault of the work. A line that was cut short counts for nothing.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';

/** What happens to an item of work: it begins, waits for others, goes on, ends. */
const WORDS = ['begins', 'waits', 'goes-on', 'ends'] as const;
export type NoteWord = (typeof WORDS)[number];

export interface NoteLog {
  /** Another one for each `begin`. */
  id: () => string;
  /** Notes it; throws if the disk does not take it. */
  add: (word: NoteWord, item: string) => void;
  /** What was begun and has not ended; `false`: it waits. */
  items: () => ReadonlyMap<string, boolean>;
  /** Forgets all, under another id. */
  begin: () => void;
  close: () => void;
}

/** The file is written again when it has this size (bytes). */
const LARGE = 1024 * 1024;

/** The log in this file, which is read at the first use and made with the first note; without a file it is kept in memory. */
export function openNoteLog(path: string | undefined): NoteLog {
  let known: { id: string; items: Map<string, boolean> } | undefined;
  let file: number | undefined;
  let size = 0;

  function log(): NonNullable<typeof known> {
    known ??= path === undefined ? emptyLog() : readLog(path);
    return known;
  }

  /** Written under another name and renamed, so that there is always a whole one. */
  function write(): void {
    if (path === undefined) return;
    const { id, items } = log();
    const lines = [...items].flatMap(([item, runs]) => [
      line('begins', item),
      ...(runs ? [] : [line('waits', item)]),
    ]);
    const fresh = openSync(`${path}.new`, 'w', 0o640);
    try {
      size = writeSync(fresh, [`id ${id}`, ...lines].join(''));
      renameSync(`${path}.new`, path);
    } catch (error) {
      closeSync(fresh);
      throw error;
    }
    close();
    file = fresh;
  }

  function close(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  return {
    id: () => log().id,
    items: () => log().items,
    add(word, item) {
      apply(log().items, word, item);
      if (path === undefined) return;
      if (file === undefined || size > LARGE) write();
      else size += writeSync(file, line(word, item));
    },
    begin() {
      known = emptyLog();
      write();
    },
    close,
  };
}

function emptyLog(): { id: string; items: Map<string, boolean> } {
  return { id: randomUUID(), items: new Map() };
}

/** It begins with the end of the line before: one that was cut short must not take this one with it. */
function line(word: NoteWord, item: string): string {
  return `\n${word} ${JSON.stringify(item)}`;
}

function apply(items: Map<string, boolean>, word: NoteWord, item: string): void {
  if (word === 'begins') items.set(item, true);
  else if (word === 'ends') items.delete(item);
  else if (items.has(item)) items.set(item, word === 'goes-on');
}

function readLog(path: string): { id: string; items: Map<string, boolean> } {
  const log = emptyLog();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return log;
    throw error;
  }
  const [first = '', ...lines] = text.split('\n');
  for (const each of lines) {
    const [, said, quoted] = /^([a-z-]+) (".*")$/.exec(each) ?? [];
    const word = WORDS.find((one) => one === said);
    if (word !== undefined && quoted !== undefined) apply(log.items, word, unquoted(quoted));
  }
  return { ...log, id: first.replace(/^id /, '') };
}

function unquoted(quoted: string): string {
  const item = tryJson(quoted, PARSE_LIMITS.file);
  return typeof item === 'string' ? item : quoted;
}
