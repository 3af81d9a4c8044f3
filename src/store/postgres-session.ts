// What connections to PostgreSQL are used for, and the settings that each of them is given.
import type pg from 'pg';
import { SECOND } from '../core/time.ts';
import { LEASE_TTL } from './lease-contract.ts';

/** What connections are used for: how many at most, and how long a statement may take (ms); then the database hangs. */
export interface PoolUse {
  connections: number;
  statementMs: number;
  /** How long a transaction may be without a statement (ms); no limit if it is not there. */
  idleInTransactionMs?: number;
  /** They cannot write. */
  readOnly?: true;
  /** A commit is answered before it is on the disk. */
  unsynced?: true;
}

/** Those of a daemon. */
export const USES = {
  store: {
    connections: 10,
    statementMs: 30 * SECOND,
    // A process that is stopped within a transaction holds no lock for longer: it is over before its leases are.
    idleInTransactionMs: LEASE_TTL / 2,
  },
  /** A question that takes longer is given up: it may be in a query without end. */
  reader: { connections: 4, statementMs: 15 * SECOND, readOnly: true },
  files: { connections: 4, statementMs: 30 * SECOND },
} as const satisfies Record<string, PoolUse>;

/** Connections more for each that writes, for what need not outlive a power cut. */
export const UNSYNCED_CONNECTIONS = 2;

/** So many connections a daemon has at most: one of them to hear what the others store. */
export const MOST_CONNECTIONS = Object.values<PoolUse>(USES).reduce(
  (all, { connections, readOnly }) => all + connections + (readOnly === true ? 0 : UNSYNCED_CONNECTIONS),
  1,
);

/** The longest wait for what somebody else has locked (ms): daemons hold nothing for so long. */
const LOCK_WITHIN = 10 * SECOND;

/**
 * What a connection's session is set to, whatever the server, the database or the role have as their defaults. Settings that an older
 * PostgreSQL does not know are left out there.
 */
export function settingsFor({
  statementMs,
  idleInTransactionMs = 0,
  readOnly,
  unsynced,
}: PoolUse): string[][] {
  return Object.entries({
    statement_timeout: String(statementMs),
    lock_timeout: String(Math.min(LOCK_WITHIN, statementMs)),
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
    transaction_timeout: '0',
    // Connections that are not used are closed by this side, which then knows it.
    idle_session_timeout: '0',
    // What waits for another's change goes on with it.
    default_transaction_isolation: 'read committed',
    // A statement takes some milliseconds: to start more processes for it takes longer.
    max_parallel_workers_per_gather: '0',
    ...(readOnly === true ? { default_transaction_read_only: 'on' } : {}),
    ...(unsynced === true ? { synchronous_commit: 'off' } : {}),
  });
}

/** Sets a new connection's session. By a statement: a pooler such as pgbouncer refuses settings among the first words. */
export async function setSession(client: pg.ClientBase, settings: readonly string[][]): Promise<void> {
  await client.query(
    `SELECT set_config(known.name, given.value, false)
     FROM unnest($1::text[], $2::text[]) AS given (name, value) JOIN pg_settings AS known ON known.name = given.name`,
    [settings.map(([name]) => name), settings.map(([, value]) => value)],
  );
}
