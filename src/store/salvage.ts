// Copies what can be read of a damaged database into a new one, row by row where a whole table cannot be read, and makes of it
// a store that work can go on from: what of a job is not complete any more goes as a whole, so that it comes in again, and
// what may have been lost with the reports of a job is made again.
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { codeOf, isDamage } from './sqlite-errors.ts';

/** What came over. */
export interface Salvaged {
  jobs: number;
  /** Rows of all tables that could not be read, as far as that is known. */
  lostRows: number;
  /** Tables of which nothing could be read. */
  lostTables: string[];
}

/** Notes of work that was under way, and counts that nothing reads any more. */
const LEFT_OUT = new Set(['under_way', 'delivery_counts']);
/** Of one table so many rows are looked for one by one. */
const MOST_LOST = 100_000;

/** `to` is a store of the same schema as the damaged one, and empty. The damaged file is only read. */
export function salvage(to: DatabaseSync, damaged: string): Salvaged {
  const from = new DatabaseSync(damaged, { readOnly: true });
  const salvaged: Salvaged = { jobs: 0, lostRows: 0, lostTables: [] };
  try {
    to.exec('PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN');
    for (const table of tablesOf(to)) {
      const lost = copyTable(from, to, table);
      if (lost === 'all') salvaged.lostTables.push(table);
      else salvaged.lostRows += lost;
    }
    makeWhole(to);
    to.exec('COMMIT');
  } finally {
    from.close();
  }
  salvaged.jobs = Number(to.prepare('SELECT count(*) AS n FROM jobs').get()?.['n']);
  to.exec('PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)');
  return salvaged;
}

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !LEFT_OUT.has(name));
}

/** How many rows could not be read; `all`: not even where they begin. */
function copyTable(from: DatabaseSync, to: DatabaseSync, table: string): number | 'all' {
  const columns = to
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map(({ name }) => String(name));
  const names = columns.map((name) => `"${name}"`).join(', ');
  const put = to.prepare(
    `INSERT OR REPLACE INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  let lost = 0;
  try {
    const read = from.prepare(
      `SELECT rowid AS salvaged_row, ${names} FROM "${table}" WHERE rowid BETWEEN ? AND ? ORDER BY rowid`,
    );
    // Numbers that no column has may be read of a damaged page.
    read.setReadBigInts(true);
    // By halves: behind what cannot be read, the rest is read in two parts, down to the single row.
    const range = (first: number, last: number): void => {
      if (first > last || lost > MOST_LOST) return;
      let next = first;
      try {
        for (const row of read.iterate(first, last)) {
          if (!store(put, columns, row)) lost += 1;
          next = Number(row['salvaged_row']) + 1;
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        if (next >= last) {
          lost += 1;
          return;
        }
        const middle = Math.floor((next + last) / 2);
        range(next, middle);
        range(middle + 1, last);
      }
    };
    range(1, lastRow(from, table));
    return lost;
  } catch (error) {
    if (!isDamage(error) && !isMissing(error)) throw error;
    return 'all';
  }
}

/** False for a row that is not as the table wants it: it is damaged, too. */
function store(put: StatementSync, columns: readonly string[], row: Record<string, SQLOutputValue>): boolean {
  try {
    put.run(...columns.map((name) => row[name] ?? null));
    return true;
  } catch (error) {
    if (codeOf(error) === SQLITE_CONSTRAINT || codeOf(error) === SQLITE_MISMATCH) return false;
    throw error;
  }
}

/** The number of the last row that can be found; if the end of the table is damaged, it is looked for from below. */
function lastRow(damaged: DatabaseSync, table: string): number {
  try {
    return Number(damaged.prepare(`SELECT max(rowid) AS n FROM "${table}"`).get()?.['n'] ?? 0);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const find = damaged.prepare(`SELECT rowid AS n FROM "${table}" WHERE rowid >= ? ORDER BY rowid LIMIT 1`);
  let last = 1;
  for (let step = 1; step < 2 ** 40; step *= 2) {
    try {
      const found = find.get(step)?.['n'];
      if (found === undefined) break;
      last = Math.max(last, Number(found));
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  // What lies behind it may be there as well, up to the next step.
  return last * 2;
}

/** The damaged database has no such table, or its list of tables cannot be read. */
function isMissing(error: unknown): boolean {
  return codeOf(error) === SQLITE_ERROR;
}

const SQLITE_ERROR = 1;
const SQLITE_CONSTRAINT = 19;
const SQLITE_MISMATCH = 20;

/** Every job has what it needs, or is not there: then it comes in again, and what LAVA ran for it is found by its mark. */
function makeWhole(database: DatabaseSync): void {
  database.exec(`
    DELETE FROM jobs WHERE id NOT IN (SELECT job_id FROM requests);
    DELETE FROM jobs
      WHERE done = 0 AND ending IS NULL
        AND stage IN ('rendered', 'submitted', 'running', 'finished', 'judged')
        AND id NOT IN (SELECT job_id FROM attempts JOIN attempt_documents USING (job_id, n));
    UPDATE attempts SET evidence = NULL, finished_at = NULL, log = NULL
      WHERE evidence IS NOT NULL AND outcome IS NULL AND job_id IN (SELECT id FROM jobs WHERE done = 0)
        AND (job_id, n) NOT IN (SELECT job_id, n FROM attempt_documents WHERE lava_job IS NOT NULL);
    UPDATE jobs SET stage = 'finished', next_at = 0 WHERE done = 0 AND stage = 'judged';
    UPDATE jobs SET stage = 'running', next_at = 0
      WHERE done = 0 AND stage = 'finished' AND ending IS NULL
        AND id IN (SELECT job_id FROM attempts WHERE evidence IS NULL AND outcome IS NULL);
  `);
  for (const table of CHILDREN) {
    database.exec(`DELETE FROM "${table}" WHERE job_id NOT IN (SELECT id FROM jobs)`);
  }
}

/** Tables whose rows belong to a job. */
const CHILDREN = [
  'requests',
  'attempts',
  'attempt_documents',
  'timeline',
  'callbacks',
  'deliveries',
  'runs',
  'tests',
  'found_issues',
];
