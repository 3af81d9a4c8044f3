// What of a PostgreSQL database keeps a store from it: its version, its encoding, the rights of its role; and what it means when
// it fails.
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import { isDiskFull, writeFailure } from '../core/disk-full.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { MOST_CONNECTIONS } from './postgres-session.ts';
import type { Look } from './state.ts';
import type { Tables } from './tables.ts';

/** The oldest that is tried; below it is none that its makers still look after. */
const OLDEST = 13;

const Facts = z.object({
  number: z.coerce.number(),
  version: z.string(),
  encoding: z.string(),
  role: z.string(),
  schema: z.string().nullable(),
  mayCreate: z.boolean().nullable(),
  readOnly: z.string(),
  recovering: z.boolean(),
});

/** Of what version it is, and what is wrong with it, each with what to do. Throws if the database does not answer. */
export async function lookAtPostgres(db: Kysely<Tables>): Promise<Look> {
  const { rows } = await sql`
    SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding, current_user::text AS role, current_schema()::text AS schema,
      has_schema_privilege(current_schema(), 'CREATE') AS may_create,
      current_setting('default_transaction_read_only') AS read_only, pg_is_in_recovery() AS recovering`.execute(
    db,
  );
  const facts = Facts.parse(rows[0]);
  const { number, version, encoding, role, schema } = facts;
  const faults: string[] = [];
  if (number < OLDEST * 10_000) faults.push(`PostgreSQL ${version} is too old; ${OLDEST} or newer is needed`);
  if (encoding !== 'UTF8')
    faults.push(
      `its encoding is ${encoding}, which cannot hold every text; make it with createdb --encoding=UTF8 --template=template0`,
    );
  if (schema === null || facts.mayCreate !== true)
    faults.push(
      `the role ${role} may make no tables in it; make it the owner: ALTER DATABASE … OWNER TO "${role}"`,
    );
  if (facts.recovering || facts.readOnly === 'on')
    faults.push('it takes no writes: it is a standby, or set to read only; name the primary');
  if (await changesSessions(db))
    faults.push(
      'a pooler gives it another session for each transaction; name the database itself, or have the pooler keep a session (pgbouncer: pool_mode = session)',
    );
  return { version, faults };
}

/**
 * Whether what is between uses the same session for several connections: locks and settings of a session, and what is heard in
 * it (LISTEN), are lost then.
 */
async function changesSessions(db: Kysely<Tables>): Promise<boolean> {
  const session = async (one: Kysely<Tables>): Promise<unknown> =>
    (await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(one)).rows[0]?.pid;
  return db.connection().execute(async (one) => {
    const before = await session(one);
    const others = await db.connection().execute(session);
    return others === before || (await session(one)) !== before;
  });
}

/** Throws BridgeError `store` with what keeps the database from being used; `meanwhile`: as explainPostgres has it. */
export async function refuseFaulty(db: Kysely<Tables>, name: string, meanwhile?: string): Promise<void> {
  const { faults } = await lookAtPostgres(db).catch((error: unknown) => {
    throw new BridgeError('store', explainPostgres(error, name, meanwhile), { cause: error });
  });
  if (faults.length > 0)
    throw new BridgeError('store', `the database ${name} cannot be used: ${faults.join('; ')}`);
}

/** Why a database fails, by PostgreSQL's or Node's code, or by the driver's words where it gives none; and what to do then. */
const CAUSES: readonly { code?: RegExp; words?: RegExp; what: string; todo: string }[] = [
  {
    words: /password must be a string/,
    what: 'asks for a password, and its address has none',
    todo: 'put it there (store.postgres): postgres://USER:PASSWORD@…',
  },
  {
    code: /^28...$/,
    words: /^SASL/,
    what: 'does not let lava-bridge in',
    todo: 'look at user and password in its address (store.postgres), at the role, and at pg_hba.conf; a new password is read at the next start',
  },
  {
    code: /^3D000$/,
    what: 'is not there',
    todo: 'make it with createdb, or mend its name in store.postgres',
  },
  {
    code: /^42501$/,
    what: 'does not let its role do that',
    todo: 'make the role the owner of the database and of its tables',
  },
  {
    code: /^25006$/,
    what: 'takes no writes',
    todo: 'it is a standby, or set to read only; have store.postgres name the primary',
  },
  {
    code: /^53300$/,
    what: 'has no connection left',
    todo: `a daemon has up to ${MOST_CONNECTIONS}; raise max_connections, or the CONNECTION LIMIT of its role or database, or end what else has them`,
  },
  {
    code: /^55P03$/,
    what: 'has its tables locked by somebody else',
    todo: 'pg_stat_activity and pg_blocking_pids() show whom; end that transaction',
  },
  {
    code: /^(?:42P01|3F000)$/,
    what: 'lacks tables of lava-bridge',
    todo: 'put them back from a dump (docs/postgresql.md); a start makes empty ones where there are none',
  },
  {
    code: /^(?:ERR_TLS.*|ERR_SSL.*|ERR_OSSL.*|CERT_.*|UNABLE_TO_.*|\w*SELF_SIGNED\w*|\w*CERT_\w*|HOSTNAME_MISMATCH)$/,
    words: /SSL/,
    what: 'cannot be reached by TLS as its address asks for it',
    todo: 'in the address, sslrootcert=FILE names the certificate of whoever signed the server’s, and sslmode=no-verify checks none; the name of the host must be the certificate’s; a server without TLS needs ssl = on',
  },
  // Of connections that cannot be made or broke, a server that ends or begins, a statement that took too long.
  {
    code: /^(?:08...|57P0.|57014|53...|E[A-Z]+)$/,
    words: /timeout|terminated|not queryable/i,
    what: 'does not answer',
    todo: 'look at PostgreSQL',
  },
];

/** Why a database failed, for people; `name` is its address, `meanwhile` what follows from it while it does not answer. */
export function explainPostgres(error: unknown, name: string, meanwhile?: string): string {
  if (isDiskFull(error)) return writeFailure(error, name);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const text = errorText(error);
  if (isFileOfAddress(error))
    return `a file that the address of the database ${name} names cannot be read: ${text}`;
  const cause = CAUSES.find((one) => (code === undefined ? one.words : one.code)?.test(code ?? text));
  if (cause === undefined) return `the database ${name}: ${text}`;
  const why = error instanceof AggregateError ? code : text;
  const then = meanwhile === undefined ? '' : `; ${meanwhile}`;
  return `the database ${name} ${cause.what} (${why}): ${cause.todo}${then}`;
}

/** Of a certificate or key, which the driver reads for each connection. */
function isFileOfAddress(error: unknown): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    (error.syscall === 'open' || error.syscall === 'read') &&
    'path' in error
  );
}
