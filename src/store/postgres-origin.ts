// What tells one PostgreSQL database from another that holds the same: one that was restored or copied, or a standby that took over,
// lacks what was stored since.
import type pg from 'pg';
import { z } from 'zod';
import { otherDatabase } from './other-database.ts';

/** Answers a statement. */
type Query = (text: string) => Promise<{ rows: unknown[] }>;

/**
 * No table that is made again has the number (oid) of an older one, as after pg_restore; that of the database tells a copy, and the
 * timeline a standby that took over, or a recovery to an earlier moment. By the log that is written now: what pg_control_checkpoint()
 * says is that of the last checkpoint, which comes later.
 */
const FACTS = `
  SELECT system_identifier::text AS system, d.oid AS database, to_regclass('meta')::oid AS meta,
    CASE WHEN pg_is_in_recovery() THEN NULL
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline
  FROM pg_control_system(), pg_database d
  WHERE d.datname = current_database()`;

const Facts = z.object({
  system: z.string(),
  database: z.number(),
  meta: z.number().nullable(),
  timeline: z.number().nullable(),
});

async function factsOf(query: Query): Promise<z.infer<typeof Facts>> {
  const { rows } = await query(FACTS);
  return Facts.parse(rows[0]);
}

/** The text that only this database has. */
export async function originOf(query: Query): Promise<string> {
  const { system, timeline, database, meta } = await factsOf(query);
  return [system, timeline, database, meta].join(' ');
}

/** For new connections: throws BridgeError `other_database` for one that leads to another database than the first did. */
export function onlyTheFirst(): (client: pg.ClientBase) => Promise<void> {
  let first: string | undefined;
  return async (client) => {
    const { system, timeline, database } = await factsOf((text) => client.query(text));
    // A standby refuses what is to be stored by itself.
    if (timeline === null) return;
    const found = [system, timeline, database].join(' ');
    first ??= found;
    if (found !== first) throw otherDatabase();
  };
}
