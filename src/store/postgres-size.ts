// How large what is stored in PostgreSQL is. Its files do not get smaller when rows go: their room is used again. So the share of
// each table that is in use is estimated, from a sample of its pages.
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import type { Tables } from './tables.ts';

/** About so many pages of each table are looked at. */
const SAMPLE = 500;
/** Bytes of a page, and of what a row has besides its columns. */
const PAGE = 8192;
const ROW = 28;
/** What retention measures by itself. */
const FILE_TABLES = ['files', 'file_parts'];

const TableSize = z.object({
  name: z.string(),
  /** Its pages; with what large values lie in; with its indexes (bytes). */
  heap: z.number(),
  whole: z.number(),
  total: z.number(),
  columns: z.array(z.string()),
});

/** What is in use of the tables and their indexes, without the files (bytes); an estimate. */
export async function sizeInUse(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql`
    SELECT c.relname AS name, pg_relation_size(c.oid) AS heap, pg_table_size(c.oid) AS whole,
      pg_total_relation_size(c.oid) AS total, array_agg(a.attname::text) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' GROUP BY c.oid`.execute(db);
  let used = 0;
  for (const { name, heap, whole, total, columns } of TableSize.array().parse(rows)) {
    if (heap === 0 || FILE_TABLES.includes(name)) continue;
    const percent = Math.min(100, (100 * SAMPLE * PAGE) / heap);
    const widths = columns.map((column) => sql`coalesce(pg_column_size(${sql.ref(column)}), 0)`);
    const found = await sql<{ bytes: number }>`
      SELECT coalesce(sum(${ROW}::bigint + ${sql.join(widths, sql` + `)}), 0)::bigint AS bytes
      FROM ${sql.table(name)} TABLESAMPLE SYSTEM (${percent})`.execute(db);
    const inUse = ((found.rows[0]?.bytes ?? 0) * 100) / percent;
    used += total * Math.min(1, inUse / whole);
  }
  return Math.round(used);
}
