// The tables by which several daemons on one database share the work. Where one daemon has the database alone (SQLite) they stay
// empty.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from './database.ts';
import type { Tables } from './tables.ts';

/** Adds what several daemons need to a store that one had alone. */
export async function makeShared({ schema }: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('processes')
    .addColumn('id', types.id, (c) => c.primaryKey())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('pid', 'integer', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('names', 'text', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('in_time_since', 'bigint', (c) => c.notNull())
    .addColumn('until', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createTable('leases')
    .addColumn('name', types.id, (c) => c.primaryKey())
    // A process that is removed holds nothing from that moment on.
    .addColumn('holder', types.id, (c) => c.references('processes.id').onDelete('set null'))
    .addColumn('fence', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('leases_holder').on('leases').columns(['holder']).execute();
  await schema
    .createTable('known_states')
    .addColumn('name', types.id, (c) => c.primaryKey())
    .addColumn('process', types.id, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema
    .alterTable('under_way')
    .addColumn('process', types.id, (c) => c.notNull().defaultTo(''))
    .execute();
}
