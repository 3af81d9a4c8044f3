// The embedded database: node:sqlite behind kysely. What has been answered "stored" survives a power cut: it is in the write-ahead
// log, and that is synced, by a thread of Node's pool and not by SQLite (synchronous=FULL), which would keep this one waiting.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely, sql, SqliteDialect, SqliteQueryCompiler, type SqliteDatabase } from 'kysely';
import { writeFailure } from '../core/disk-full.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { createSingleConnection } from './connection.ts';
import type { Database } from './database.ts';
import { camelCase, snakeCase } from './names.ts';
import { openNoteLog } from './note-log.ts';
import type { Tables } from './tables.ts';
import { createNotesInFile } from './under-way.ts';

/** Pages in the write-ahead log, 64 MiB, with which a write moves them itself: where the thread for it (checkpoints.ts) cannot. */
const OWN_CHECKPOINT = 16_384;
/** When the log begins again, its file is cut to this (bytes). */
const LOG_KEPT = 1024 * 1024;

/** Opens (and makes, with its folder) the database file; `:memory:` for one that is forgotten. */
export function openSqlite(path: string): Database {
  let database: DatabaseSync;
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    database = new DatabaseSync(path);
    database.exec(
      // First of all, before there is a table: so that what is removed later can be given back to the disk, piece by piece.
      `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
      PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT}; PRAGMA journal_size_limit = ${LOG_KEPT}`,
    );
    // Another journal, where the file system allows no such log, is SQLite's to sync.
    database.exec(`PRAGMA synchronous = ${hasLog(database) ? 'NORMAL' : 'FULL'}`);
  } catch (error) {
    throw new BridgeError('store', `the store ${path} cannot be opened: ${errorText(error)}`);
  }
  const db = kyselyOf(database);
  const log = hasLog(database) ? logOf(path) : NO_LOG;
  const connection = createSingleConnection(db, log.sync);
  const notes = openNoteLog(path === ':memory:' ? undefined : `${path}-under-way`);
  return {
    db,
    connection,
    notes: createNotesInFile(connection, notes),
    types: {
      counter: { type: 'integer', as: (c) => c.primaryKey().autoIncrement() },
      id: 'text',
      bytes: sql`blob`,
    },
    // SQLite's own lock: one daemon alone has the file.
    async migrateAlone(work) {
      const result = await work();
      await log.sync();
      return result;
    },
    size: async () => sizeOf(database),
    async shrink() {
      const { free, pageSize } = sizeOf(database);
      if (free < SLACK) return false;
      database.exec(`PRAGMA incremental_vacuum(${Math.ceil(PIECE / pageSize)})`);
      return sizeOf(database).free < free;
    },
    explain: (error) => writeFailure(error, dirname(path)),
    async close() {
      await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
      await db.destroy();
      await log.close();
      notes.close();
    },
  };
}

function hasLog(database: DatabaseSync): boolean {
  return database.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal';
}

/** What is done for the durability of what SQLite has written. */
interface Log {
  sync: () => Promise<void>;
  close: () => Promise<void>;
}

const NO_LOG: Log = { sync: async () => undefined, close: async () => undefined };

/** The write-ahead log of this database: the same file for as long as a connection is open. */
function logOf(path: string): Log {
  let opened: Promise<FileHandle> | undefined;
  return {
    async sync() {
      opened ??= open(`${path}-wal`, 'r').catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      await (await opened).datasync();
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** Opens the database file without the right to write. It must be there, with its tables. */
export function openSqliteToRead(path: string): Kysely<Tables> {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536');
  return kyselyOf(database);
}

function kyselyOf(database: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new Dialect({ database: adapt(database) }) });
}

class Dialect extends SqliteDialect {
  override createQueryCompiler(): Compiler {
    return new Compiler();
  }
}

class Compiler extends SqliteQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(snakeCase(identifier));
  }
}

/** kysely speaks better-sqlite3's dialect of the same interface. Statements are prepared once per text. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return {
    close: () => database.close(),
    prepare(text) {
      const known = prepared.get(text);
      if (known) return known;
      const statement = database.prepare(text);
      const names = statement.columns().map(({ name }) => camelCase(name));
      // With names SQLite's values take twice the time, and would then get others.
      statement.setReturnArrays(true);
      const run = (parameters: readonly unknown[]) => statement.run(...parameters.map(bindable));
      const made = {
        reader: names.length > 0,
        all: (parameters: readonly unknown[]) =>
          statement.all(...parameters.map(bindable)).map((row) => named(names, row)),
        // On a full disk SQLite has rolled back by itself; a refused rollback would hide the cause.
        run: text === 'rollback' ? () => (database.isTransaction ? run([]) : NOTHING_DONE) : run,
        *iterate(parameters: readonly unknown[]) {
          for (const row of statement.iterate(...parameters.map(bindable))) yield named(names, row);
        },
      };
      if (prepared.size < MAX_PREPARED) prepared.set(text, made);
      return made;
    },
  };
}

type Row = Record<string, SQLOutputValue>;

/** A row by the names of its columns. `values` is the array that setReturnArrays makes of it, whatever its type says. */
function named(names: readonly string[], values: Row): Row {
  const row: Row = {};
  for (let i = 0; i < names.length; i++) row[names[i] ?? ''] = values[i] ?? null;
  return row;
}

/** So much of the file may stay free, for what comes next (bytes). */
const SLACK = 16 * 1024 * 1024;
/** So much is given back in one piece (bytes): some milliseconds, in which nothing else is stored. */
const PIECE = 1024 * 1024;

function sizeOf(database: DatabaseSync): { used: number; free: number; pageSize: number } {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  const pageSize = pragma('page_size');
  const free = pragma('freelist_count') * pageSize;
  return { used: pragma('page_count') * pageSize - free, free, pageSize };
}

const NOTHING_DONE = { changes: 0, lastInsertRowid: 0 };
const MAX_PREPARED = 500;

function bindable(value: unknown): SQLInputValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Uint8Array
  ) {
    return value;
  }
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
