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
import type { Connection, Tx } from './connection.ts';
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
}

const STORE_USE: PoolUse = {
  connections: 10,
  statementMs: 30 * SECOND,
  // A process that is stopped within a transaction holds no lock for longer: it is over before its leases are.
  idleInTransactionMs: LEASE_TTL / 2,
};
const CONNECT_WITHIN = 10 * SECOND;
const IDLE_FOR = 60 * SECOND;

/** The lock of whoever migrates, of PostgreSQL's advisory ones. */
const MIGRATION_LOCK = 0x1a7a_b61d;

/** Opens the database of a URL (`postgres://user:password@host/name`). Throws BridgeError `store`. */
export async function openPostgres(url: string): Promise<Database> {
  const { pool, db } = openPool(url, STORE_USE);
  try {
    await sql`SELECT 1`.execute(db);
  } catch (error) {
    await db.destroy();
    const name = postgresName(url);
    const why = explainPostgres(error, name, 'start again when it answers: systemd does that by itself');
    throw new BridgeError('store', `the store cannot be opened: ${why}`);
  }
  return {
    db,
    connection: createPooledConnection(db),
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
    close: () => db.destroy(),
  };
}

/** Connections to the database of a URL, made when they are needed. */
export function openPool(
  url: string,
  { connections, statementMs, idleInTransactionMs, readOnly }: PoolUse,
): { pool: pg.Pool; db: Kysely<Tables> } {
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
    // A statement takes some milliseconds: to start more processes for it takes longer.
    options: `-c max_parallel_workers_per_gather=0${readOnly === true ? ' -c default_transaction_read_only=on' : ''}`,
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

/** For PostgreSQL. */
export function createPooledConnection(db: Kysely<Tables>): Connection {
  const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    untilNotChosen(() => db.transaction().execute(work));
  return {
    read: (work) => work(db),
    write,
    jot: (work) =>
      write(async (tx) => {
        await sql`SET LOCAL synchronous_commit = off`.execute(tx);
        await work(tx);
      }),
  };
}

/** Of those that wait for each other, PostgreSQL ends one: nothing of it is stored, and the others go on. */
const CHOSEN = new Set(['40P01', '40001']);
/** So often a transaction may be ended for others before that is an error. */
const MOST_CHOSEN = 5;

/** Runs a transaction again that was ended for another's sake: transactions that change many rows lock them in any order. */
async function untilNotChosen<T>(transaction: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times++) {
    try {
      return await transaction();
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
