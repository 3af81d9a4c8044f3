// PostgreSQL behind kysely, for several daemons on one database. Commits are on its disk when they are answered
// (synchronous_commit is its own setting and stays as it is).
import { setTimeout as pause } from 'node:timers/promises';
import {
  CamelCasePlugin,
  Kysely,
  PostgresDialect,
  PostgresQueryCompiler,
  sql,
  type PluginTransformQueryArgs,
  type RootOperationNode,
} from 'kysely';
import pg from 'pg';
import { BridgeError } from '../core/errors.ts';
import { SECOND } from '../core/time.ts';
import { answeringPool } from './answering-pool.ts';
import type { Connection } from './connection.ts';
import type { Database } from './database.ts';
import { LEASE_TTL } from './lease-contract.ts';
import { openNotices } from './notices.ts';
import { explainPostgres } from './postgres-faults.ts';
import { sizeInUse } from './postgres-size.ts';
import { snakeCase } from './names.ts';
import { Slot } from './statement.ts';
import type { Tables } from './tables.ts';

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

const STORE_USE: PoolUse = {
  connections: 10,
  statementMs: 30 * SECOND,
  // A process that is stopped within a transaction holds no lock for longer: it is over before its leases are.
  idleInTransactionMs: LEASE_TTL / 2,
};
/** Connections for what need not outlive a power cut. */
const UNSYNCED = 2;
const CONNECT_WITHIN = 10 * SECOND;
const IDLE_FOR = 60 * SECOND;

/** The lock of whoever migrates, of PostgreSQL's advisory ones. */
const MIGRATION_LOCK = 0x1a7a_b61d;

/** Opens the database of a URL (`postgres://user:password@host/name`). Throws BridgeError `store`. */
export async function openPostgres(url: string): Promise<Database> {
  const { pool, db, connection, close } = openConnection(url, STORE_USE);
  try {
    await sql`SELECT 1`.execute(db);
  } catch (error) {
    await close();
    const name = postgresName(url);
    const why = explainPostgres(error, name, 'start again when it answers: systemd does that by itself');
    throw new BridgeError('store', `the store cannot be opened: ${why}`);
  }
  return {
    db,
    connection,
    notices: (from, onNotice) =>
      openNotices({
        url,
        from,
        onNotice,
        notify: (channel, text) => sql`SELECT pg_notify(${channel}, ${text})`.execute(db),
      }),
    types: {
      counter: { type: 'bigint', as: (c) => c.primaryKey().generatedByDefaultAsIdentity() },
      id: sql`text COLLATE "C"`,
      bytes: 'bytea',
    },
    migrateAlone: (work) => migrateAlone(pool, work),
    size: async () => ({ used: await sizeInUse(db), free: 0 }),
    // What is free is used again.
    shrink: async () => false,
    close,
  };
}

/** What is used of a database, with all its connections. */
export interface OpenConnection {
  pool: pg.Pool;
  db: Kysely<Tables>;
  connection: Connection;
  close: () => Promise<void>;
}

/** A connection of the store to the database of a URL. */
export function openConnection(url: string, use: PoolUse): OpenConnection {
  const { pool, db } = openPool(url, use);
  // They have it as a setting: a transaction that begins with it takes three statements more.
  const { db: unsynced } = openPool(url, { ...use, connections: UNSYNCED, unsynced: true });
  return {
    pool,
    db,
    connection: {
      read: (work) => work(db),
      write: (work) => untilNotChosen(() => db.transaction().execute(work)),
      jot: (work) => untilNotChosen(() => work(unsynced)),
    },
    async close() {
      await Promise.all([db.destroy(), unsynced.destroy()]);
    },
  };
}

/** Connections to the database of a URL, made when they are needed. */
export function openPool(
  url: string,
  { connections, statementMs, idleInTransactionMs, readOnly, unsynced }: PoolUse,
): { pool: pg.Pool; db: Kysely<Tables> } {
  const settings = [
    // A statement takes some milliseconds: to start more processes for it takes longer.
    'max_parallel_workers_per_gather=0',
    ...(readOnly === true ? ['default_transaction_read_only=on'] : []),
    ...(unsynced === true ? ['synchronous_commit=off'] : []),
  ];
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_WITHIN,
    idleTimeoutMillis: IDLE_FOR,
    statement_timeout: statementMs,
    query_timeout: statementMs + 5 * SECOND,
    ...(idleInTransactionMs === undefined
      ? {}
      : { idle_in_transaction_session_timeout: idleInTransactionMs }),
    application_name: 'lava-bridge',
    keepAlive: true,
    types: numbersAsNumbers(),
    options: settings.map((setting) => `-c ${setting}`).join(' '),
  });
  // A connection that breaks while it is not used: the next statement takes another one, and says why if that fails.
  pool.on('error', () => undefined);
  // One that breaks between two statements of a transaction: the next of them fails. Without a listener the process would end.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Tables>({
    dialect: new Dialect({ pool: answeringPool(pool) }),
    plugins: [new CamelCaseRows()],
  });
  return { pool, db };
}

/** The URL without what is secret in it. */
export function postgresName(url: string): string {
  if (!URL.canParse(url)) return 'postgres';
  const parsed = new URL(url);
  parsed.password = '';
  parsed.searchParams.delete('password');
  return parsed.href.replaceAll('%2F', '/');
}

/** Counts, times (ms) and ids fit a double: numbers, as SQLite gives them, not text. */
function numbersAsNumbers(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  return types;
}

class Dialect extends PostgresDialect {
  override createQueryCompiler(): Compiler {
    return new Compiler();
  }
}

class Compiler extends PostgresQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(snakeCase(identifier));
  }

  /** PostgreSQL refuses a NUL in a text, which SQLite keeps: it becomes the sign for what can't be shown. */
  protected override appendValue(value: unknown): void {
    super.appendValue(value instanceof Slot ? value.through(storable) : storable(value));
  }
}

/** The names of an answer's columns alone: the compiler writes those of a query. */
class CamelCaseRows extends CamelCasePlugin {
  override transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node;
  }
}

function storable(value: unknown): unknown {
  return typeof value === 'string' ? withoutNul(value) : value;
}

/** A text as PostgreSQL takes it. */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

/** Of those that wait for each other, PostgreSQL ends one: nothing of it is stored, and the others go on. */
const CHOSEN = new Set(['40P01', '40001']);
/** So often a transaction may be ended for others before that is an error. */
const MOST_CHOSEN = 5;

/** Runs work on the database again that was ended for another's sake: transactions that change many rows lock them in any order. */
async function untilNotChosen<T>(work: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || !CHOSEN.has(error.code ?? '')) throw error;
      if (times === MOST_CHOSEN) throw error;
      await pause(Math.random() * 50 * times);
    }
  }
}

/** The lock is the connection's: it goes with it, whatever happens to the process. */
async function migrateAlone<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
        MIGRATION_LOCK,
      ]);
      if (rows[0]?.locked === true) break;
      await pause(100);
    }
    try {
      return await work();
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    client.release();
  }
}
