// What tells one PostgreSQL database from another that holds the same: one that was restored or copied, or a standby that took over,
// lacks what was stored since.
import type pg from 'pg';
import { z } from 'zod';
import { otherDatabase } from './other-database.ts';

/** Answers a statement. */
type Query = (text: string) => Promise<{ rows: unknown[] }>;

/** What any server tells. */
const OWN = `d.oid AS database, to_regclass('meta')::oid AS meta, pg_is_in_recovery() AS recovering,
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`;
const HERE = 'd.datname = current_database()';

/**
 * No table that is made again has the number (oid) of an older one, as after pg_restore; that of the database tells a copy, and the
 * timeline a standby that took over, or a recovery to an earlier moment. By the log that is written now: what pg_control_checkpoint()
 * says is that of the last checkpoint, which comes later. How far the log is written never goes back, but in a server of which an
 * older copy was put in its place.
 */
const FACTS = `
  SELECT system_identifier::text AS system, ${OWN},
    CASE WHEN NOT pg_is_in_recovery() THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
    CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::float8 END AS written
  FROM pg_control_system(), pg_database d WHERE ${HERE}`;
/** Of a server that keeps its log to itself, as some that are a provider's do; no standby with a log of its own takes over there. */
const FEWER_FACTS = `SELECT ${OWN} FROM pg_database d WHERE ${HERE}`;
/** Not there, not for this role, or not with this server. */
const KEPT_TO_ITSELF = new Set(['42883', '42501', '0A000', '55000']);

const Facts = z.object({
  system: z.string().default(''),
  database: z.number(),
  meta: z.number().nullable(),
  recovering: z.boolean(),
  now: z.number(),
  timeline: z.number().nullable().default(null),
  written: z.number().nullable().default(null),
});

async function factsOf(query: Query): Promise<z.infer<typeof Facts>> {
  const { rows } = await query(FACTS).catch((error: unknown) => {
    if (isKeptToItself(error)) return query(FEWER_FACTS);
    throw error;
  });
  return Facts.parse(rows[0]);
}

function isKeptToItself(error: unknown): boolean {
  return error instanceof Error && 'code' in error && KEPT_TO_ITSELF.has(String(error.code));
}

/** The text that only this database has, and its time (ms). */
export async function originOf(query: Query): Promise<{ text: string; now: number }> {
  const { system, timeline, database, meta, now } = await factsOf(query);
  return { text: [system, timeline, database, meta].join(' '), now: Math.floor(now) };
}

/** A connection to a server that takes no writes yet, as PostgreSQL would say it: once it took over, the connection would write. */
class StandbyError extends Error {
  readonly code = '25006';
}

/** For new connections: throws BridgeError `other_database` for one that leads to another database than the first did. */
export function onlyTheFirst(): (client: pg.ClientBase) => Promise<void> {
  let first: string | undefined;
  let written = 0;
  return async (client) => {
    const before = written;
    const facts = await factsOf((text) => client.query(text));
    if (facts.recovering) throw new StandbyError('it is a standby');
    const place = [facts.system, facts.timeline, facts.database].join(' ');
    first ??= place;
    if (place !== first || (facts.written ?? before) < before) throw otherDatabase();
    written = Math.max(written, facts.written ?? 0);
  };
}
