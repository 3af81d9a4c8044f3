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
import { driverUrl, postgresName } from '../config/postgres-url.ts';
import { SECOND } from '../core/time.ts';
import { answeringPool } from './answering-pool.ts';
import type { Connection } from './connection.ts';
import type { Database } from './database.ts';
import { openNotices } from './notices.ts';
import { explainPostgres, refuseFaulty } from './postgres-faults.ts';
import { onlyTheFirst, originOf } from './postgres-origin.ts';
import { setSession, settingsFor, UNSYNCED_CONNECTIONS, USES, type PoolUse } from './postgres-session.ts';
import { sizeInUse } from './postgres-size.ts';
import { snakeCase } from './names.ts';
import { Slot } from './statement.ts';
import type { Tables } from './tables.ts';

const CONNECT_WITHIN = 10 * SECOND;
const IDLE_FOR = 60 * SECOND;
/** Then a connection is made anew: where its address leads now is known before a search begins for what was submitted elsewhere. */
const CONNECTED_FOR = 30 * SECOND;

/** What follows where the database cannot be used when the daemon starts. */
const STARTED_AGAIN = 'systemd starts the daemon again until it works';

/** The lock of whoever migrates, of PostgreSQL's advisory ones. */
const MIGRATION_LOCK = 0x1a7a_b61d;

/** Opens the database of a URL (`postgres://user:password@host/name`). Throws BridgeError `store`. */
export async function openPostgres(url: string): Promise<Database> {
  const { pool, db, connection, close } = openConnection(url, USES.store, onlyTheFirst());
  const name = postgresName(url);
  try {
    await refuseFaulty(db, name, STARTED_AGAIN);
  } catch (error) {
    await close();
    throw error;
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
    origin: () => originOf((text) => sql.raw(text).execute(db)),
    migrateAlone: (work) => migrateAlone(pool, work),
    size: async () => ({ used: await sizeInUse(db), free: 0 }),
    // What is free is used again.
    shrink: async () => false,
    explain: (error) => explainPostgres(error, name, STARTED_AGAIN),
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

/** A connection of the store to the database of a URL. `admit` as openPool has it. */
export function openConnection(url: string, use: PoolUse, admit?: Admit): OpenConnection {
  const { pool, db } = openPool(url, use, admit);
  // They have it as a setting: a transaction that begins with it takes three statements more.
  const unsyncedUse = { ...use, connections: UNSYNCED_CONNECTIONS, unsynced: true } as const;
  const { db: unsynced } = openPool(url, unsyncedUse, admit);
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

/** The pool waits for what is done with a new connection. */
type PoolOptions = Omit<pg.PoolConfig, 'onConnect'> & { onConnect: (client: pg.ClientBase) => Promise<void> };

/** Throws if a new connection is not to be used. */
type Admit = (client: pg.ClientBase) => Promise<void>;

/** Connections to the database of a URL, made when they are needed. */
export function openPool(url: string, use: PoolUse, admit?: Admit): { pool: pg.Pool; db: Kysely<Tables> } {
  const settings = settingsFor(use);
  const options: PoolOptions = {
    connectionString: driverUrl(url),
    max: use.connections,
    connectionTimeoutMillis: CONNECT_WITHIN,
    idleTimeoutMillis: IDLE_FOR,
    maxLifetimeSeconds: CONNECTED_FOR / SECOND,
    query_timeout: use.statementMs + 5 * SECOND,
    application_name: 'lava-bridge',
    keepAlive: true,
    types: numbersAsNumbers(),
    async onConnect(client) {
      await setSession(client, settings);
      await admit?.(client);
    },
  };
  const pool = new pg.Pool(options);
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
