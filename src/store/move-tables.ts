// Copies the rows of all tables from SQLite to PostgreSQL, and compares what came of it: the number of rows of each table, and a
// checksum over all of their values that does not depend on their order.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type pg from 'pg';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { withoutNul } from './postgres.ts';

/** What a table holds. */
export interface TableSum {
  rows: number;
  /** Of all rows, whatever their order: the sum of their hashes. */
  checksum: bigint;
}

/** Is called after each batch. */
export type RowProgress = (table: string, rows: number, of: number) => void;

/** What is made by the new store itself, or stands elsewhere there (move-files.ts). */
const NOT_COPIED = new Set(['meta', 'files', 'file_parts']);
/** A batch ends with so many rows, values, or bytes: PostgreSQL takes 65,535 values in a statement. */
const MOST_ROWS = 1000;
const MOST_VALUES = 60_000;
const MOST_BYTES = 4 * 1024 * 1024;

type Value = string | number | bigint | Uint8Array | null;
const Value = z.union([z.string(), z.number(), z.bigint(), z.instanceof(Uint8Array), z.null()]);

interface Table {
  name: string;
  columns: string[];
}

/** The tables of the source, those that others refer to first. */
export function tablesOf(source: DatabaseSync): Table[] {
  const names = source
    .prepare(
      String.raw`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`,
    )
    .all()
    .map((row) => String(row['name']))
    .filter((name) => !NOT_COPIED.has(name));
  const refers = (name: string): boolean =>
    source.prepare(`PRAGMA foreign_key_list("${name}")`).all().length > 0;
  return [...names.filter((name) => !refers(name)), ...names.filter(refers)].map((name) => ({
    name,
    columns: source
      .prepare(`PRAGMA table_info("${name}")`)
      .all()
      .map((row) => String(row['name'])),
  }));
}

/** Copies a table, in batches; `target` has none of its rows. Gives what the source holds. */
export async function copyTable(
  source: DatabaseSync,
  target: pg.ClientBase,
  { name, columns }: Table,
  onProgress: RowProgress,
): Promise<TableSum> {
  const list = columns.map((column) => `"${column}"`).join(', ');
  const of = Number(source.prepare(`SELECT count(*) AS n FROM "${name}"`).get()?.['n']);
  const sum = newSum();
  let batch: Value[][] = [];
  let bytes = 0;

  async function send(): Promise<void> {
    if (batch.length === 0) return;
    const rows = batch.map((row, i) => `(${row.map((_, j) => `$${i * columns.length + j + 1}`).join(', ')})`);
    await target.query(`INSERT INTO "${name}" (${list}) VALUES ${rows.join(', ')}`, batch.flat());
    batch = [];
    bytes = 0;
    onProgress(name, sum.rows, of);
  }

  for (const row of source.prepare(`SELECT ${list} FROM "${name}"`).iterate()) {
    const values = columns.map((column) => {
      const value = Value.parse(row[column]);
      return typeof value === 'string' ? withoutNul(value) : value;
    });
    add(sum, values);
    batch.push(values);
    bytes += values.reduce<number>((all, value) => all + sizeOf(value), 0);
    if (batch.length >= MOST_ROWS || (batch.length + 1) * columns.length > MOST_VALUES || bytes >= MOST_BYTES)
      await send();
  }
  await send();
  return sum;
}

/** What the target holds. Rows come through a cursor, so many bytes at a time as far as their mean says. */
export async function sumTable(target: pg.ClientBase, { name, columns }: Table): Promise<TableSum> {
  const sum = newSum();
  const { rows: sizes } = await target.query<{ bytes: number; rows: number }>(
    `SELECT pg_table_size('"${name}"') AS bytes, (SELECT count(*) FROM "${name}") AS rows`,
  );
  const { bytes = 0, rows = 0 } = sizes[0] ?? {};
  const many = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (bytes / Math.max(1, rows) + 1))));
  const list = columns.map((column) => `"${column}"`).join(', ');
  await target.query('BEGIN');
  try {
    await target.query(`DECLARE all_rows NO SCROLL CURSOR FOR SELECT ${list} FROM "${name}"`);
    for (;;) {
      const found = await target.query<Record<string, unknown>>(`FETCH ${many} FROM all_rows`);
      if (found.rows.length === 0) return sum;
      for (const row of found.rows)
        add(
          sum,
          columns.map((column) => Value.parse(row[column])),
        );
    }
  } finally {
    await target.query('ROLLBACK');
  }
}

/** Columns that count up go on behind what was copied. */
export async function setCounters(target: pg.ClientBase, tables: readonly Table[]): Promise<void> {
  const { rows } = await target.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = current_schema() AND is_identity = 'YES'`,
  );
  for (const { table, column } of rows) {
    if (!tables.some(({ name }) => name === table)) continue;
    await target.query(
      `SELECT setval(pg_get_serial_sequence('"${table}"', '${column}'), coalesce(max("${column}"), 0) + 1, false) FROM "${table}"`,
    );
  }
}

/** Throws BridgeError `not_moved` if the two do not hold the same. */
export function compareSums(name: string, from: TableSum, to: TableSum): void {
  if (from.rows === to.rows && from.checksum === to.checksum) return;
  throw new BridgeError(
    'not_moved',
    from.rows === to.rows
      ? `the rows of ${name} are not the same in both databases`
      : `${name} has ${from.rows} rows in SQLite and ${to.rows} in PostgreSQL`,
  );
}

function newSum(): TableSum {
  return { rows: 0, checksum: 0n };
}

const MODULUS = 2n ** 128n;

function add(sum: TableSum, values: readonly Value[]): void {
  const hash = createHash('sha256');
  for (const value of values) hash.update(canonical(value));
  sum.rows += 1;
  sum.checksum = (sum.checksum + BigInt(`0x${hash.digest('hex').slice(0, 32)}`)) % MODULUS;
}

/** The same bytes for the same value, whichever database it came from; no two rows run together. */
function canonical(value: Value): Buffer {
  if (value === null) return Buffer.from('n;');
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.from(`i${value};`);
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  return Buffer.concat([Buffer.from(`${typeof value === 'string' ? 't' : 'b'}${bytes.length};`), bytes]);
}

function sizeOf(value: Value): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
}
