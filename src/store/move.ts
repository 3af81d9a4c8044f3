// Moves a state from SQLite to an empty PostgreSQL database (`lava-bridge store migrate`). Until all of it is there and was
// compared, a mark in the database keeps every daemon from it; a run that was broken off is begun again, without the files that it
// had copied. What is moved from is not changed.
import { DatabaseSync } from 'node:sqlite';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { postgresName } from '../config/postgres-url.ts';
import { BridgeError } from '../core/errors.ts';
import { MINUTE } from '../core/time.ts';
import { checkDatabase } from './damage.ts';
import { createFileTable } from './file-table.ts';
import { compareFiles, copyFiles, type FileProgress, type FileSum, type MovedFolder } from './move-files.ts';
import {
  compareSums,
  copyTable,
  setCounters,
  sumTable,
  tablesOf,
  type RowProgress,
  type TableSum,
} from './move-tables.ts';
import { openConnection } from './postgres.ts';
import { refuseFaulty } from './postgres-faults.ts';
import type { PoolUse } from './postgres-session.ts';
import { MOVING } from './meta.ts';
import { makeTables, openStore } from './store.ts';

/** A statement may go over a whole table. */
const MOVE_USE: PoolUse = { connections: 4, statementMs: 30 * MINUTE };

/** What is to be moved. */
export interface MovedState {
  database: string;
  /** The folders of files next to it, by area: those in it that are somewhere else are left out. */
  folders: { evidence: string; logs?: string; files: string };
}

/** What was moved. */
export interface MoveSummary {
  tables: number;
  rows: number;
  jobs: number;
  files: number;
  /** Bytes of the files, unpacked. */
  bytes: number;
  /** Files that cannot be read, and were left out. */
  damaged: string[];
}

/** Says how far it is: a table or a folder. `check`: it is compared. */
export type MoveProgress = (step: 'copy' | 'check', what: string, done: number, of: number) => void;

/**
 * Moves it; the daemon must not run. Throws BridgeError `store` (one of the two cannot be used), `database_not_empty` (the database holds
 * something else) or `not_moved` (the two differ in the end).
 */
export async function moveState(
  from: MovedState,
  url: string,
  onProgress: MoveProgress,
): Promise<MoveSummary> {
  await readySource(from.database);
  const { pool, db, connection, close } = openConnection(url, MOVE_USE);
  const source = new DatabaseSync(from.database, { readOnly: true });
  try {
    await refuseFaulty(db, postgresName(url));
    const client = await pool.connect();
    try {
      await begin(client, url, instanceOf(source));
      await makeTables(url);
      const area = (name: 'evidence' | 'logs' | 'files', folder: string): MovedFolder => ({
        folder,
        isPacked: name === 'evidence',
        table: createFileTable(connection, name, Date.now),
      });
      const { evidence, logs, files } = from.folders;
      const folders = [
        area('evidence', evidence),
        ...(logs === undefined ? [] : [area('logs', logs)]),
        area('files', files),
      ];
      const sums = await moveTables(source, client, onProgress);
      const moved = await moveFiles(folders, onProgress);
      await finish(source, client);
      return summaryOf(sums, moved);
    } finally {
      client.release();
    }
  } finally {
    source.close();
    await close();
  }
}

/** Upgrades its schema to this program's. Throws BridgeError `store` if it is damaged. */
async function readySource(database: string): Promise<void> {
  if (!existsSync(database)) throw new BridgeError('store', `there is no store ${database}`);
  const [damage] = await checkDatabase(database);
  if (damage !== undefined) {
    const text = `the store ${database} is damaged (${damage}); start the daemon once, which saves what can be saved of it`;
    throw new BridgeError('store', text);
  }
  await (await openStore({ sqlite: database })).close();
}

function instanceOf(source: DatabaseSync): string {
  return String(source.prepare("SELECT value FROM meta WHERE key = 'instance'").get()?.['value']);
}

/** Marks an empty database as this state's, or empties the tables of what a run for it has left. */
async function begin(client: pg.ClientBase, url: string, instance: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
  );
  const names = rows.map(({ name }) => name);
  if (names.length === 0) {
    await client.query('BEGIN');
    await client.query('CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)');
    await client.query('INSERT INTO meta (key, value) VALUES ($1, $2)', [MOVING, instance]);
    await client.query('COMMIT');
    return;
  }
  const marks = names.includes('meta') ? await marksIn(client) : new Map<string, string>();
  if (marks.get(MOVING) !== instance) throw notEmpty(url, marks, instance);
  const own = names.filter((name) => !['meta', 'files', 'file_parts'].includes(name));
  if (own.length > 0) await client.query(`TRUNCATE ${own.map((name) => `"${name}"`).join(', ')}`);
}

function notEmpty(url: string, marks: ReadonlyMap<string, string>, instance: string): BridgeError {
  const said = (what: string): BridgeError =>
    new BridgeError('database_not_empty', `the database ${postgresName(url)} ${what}`);
  if (!marks.has(MOVING) && marks.get('instance') === instance)
    return said(
      "holds this bridge's state already, and may be the newer one: set store.postgres, and start the daemon",
    );
  const what = marks.has(MOVING)
    ? 'holds a migration of another bridge that was not finished'
    : 'is not empty';
  return said(`${what}; give an empty one, or empty it (dropdb, createdb)`);
}

/** What says in a database whose it is; nothing if its table `meta` is another program's. */
async function marksIn(client: pg.ClientBase): Promise<Map<string, string>> {
  const { rows } = await client.query<{ key: string; value: string }>(
    `SELECT of->>'key' AS key, of->>'value' AS value FROM (SELECT to_jsonb(meta) AS of FROM meta) AS all_of
     WHERE of->>'key' IN ($1, 'instance')`,
    [MOVING],
  );
  return new Map(rows.map(({ key, value }) => [key, value]));
}

async function moveTables(
  source: DatabaseSync,
  client: pg.ClientBase,
  onProgress: MoveProgress,
): Promise<Map<string, TableSum>> {
  const copied: RowProgress = (table, rows, of) => onProgress('copy', table, rows, of);
  const tables = tablesOf(source);
  const sums = new Map<string, TableSum>();
  for (const table of tables) sums.set(table.name, await copyTable(source, client, table, copied));
  await setCounters(client, tables);
  // New tables have no statistics, and a planner without them reads all of a table.
  await client.query('ANALYZE');
  for (const [i, table] of tables.entries()) {
    const sum = sums.get(table.name);
    if (sum !== undefined) compareSums(table.name, sum, await sumTable(client, table));
    onProgress('check', 'tables', i + 1, tables.length);
  }
  return sums;
}

async function moveFiles(folders: readonly MovedFolder[], onProgress: MoveProgress): Promise<FileSum> {
  const all: FileSum = { files: 0, bytes: 0, damaged: [] };
  const say =
    (step: 'copy' | 'check'): FileProgress =>
    (folder, files, of) =>
      onProgress(step, folder, files, of);
  for (const moved of folders) {
    const sum = await copyFiles(moved, say('copy'));
    await compareFiles(moved, sum, say('check'));
    all.files += sum.files;
    all.bytes += sum.bytes;
    all.damaged.push(...sum.damaged.map((name) => join(moved.folder, name)));
  }
  return all;
}

/** From here on it is a store. */
async function finish(source: DatabaseSync, client: pg.ClientBase): Promise<void> {
  await client.query('BEGIN');
  for (const row of source.prepare("SELECT key, value FROM meta WHERE key <> 'schema'").iterate()) {
    await client.query(
      'INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      [String(row['key']), String(row['value'])],
    );
  }
  await client.query('DELETE FROM meta WHERE key = $1', [MOVING]);
  await client.query('COMMIT');
}

function summaryOf(sums: ReadonlyMap<string, TableSum>, moved: FileSum): MoveSummary {
  const rows = [...sums.values()].reduce((all, sum) => all + sum.rows, 0);
  return { tables: sums.size, rows, jobs: sums.get('jobs')?.rows ?? 0, ...moved };
}
