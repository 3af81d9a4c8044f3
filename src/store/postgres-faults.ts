// What of a PostgreSQL database keeps a store from it: its version, its encoding, the rights of its role; and what it means when
// it fails.
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import { isDiskFull, writeFailure } from '../core/disk-full.ts';
import { errorText } from '../core/errors.ts';
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
  return { version, faults };
}

/** Of connections that cannot be made or broke, a server that ends or begins, a statement that took too long. */
const AWAY = /^(?:08...|57P0.|57014|E[A-Z]+)$/;
/** What `pg` says of the same without a code. */
const AWAY_WORDS = /timeout|terminated|not queryable/i;

/** Why a database failed, for people; `name` is its address, `meanwhile` what follows from it while it does not answer. */
export function explainPostgres(error: unknown, name: string, meanwhile?: string): string {
  if (isDiskFull(error)) return writeFailure(error, name);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const isAway = code === undefined ? AWAY_WORDS.test(errorText(error)) : AWAY.test(code);
  if (!isAway) return errorText(error);
  const cause = error instanceof AggregateError ? code : errorText(error);
  const then = meanwhile === undefined ? '' : `; ${meanwhile}`;
  return `the database ${name} does not answer (${cause}): look at PostgreSQL${then}`;
}
