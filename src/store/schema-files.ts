// The tables of files that are kept in the database (file-table.ts): PostgreSQL's alone have rows.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from './database.ts';
import type { Tables } from './tables.ts';

export async function makeFiles(schema: Kysely<Tables>['schema'], types: ColumnTypes): Promise<void> {
  await schema
    .createTable('files')
    .addColumn('id', types.counter.type, types.counter.as)
    .addColumn('area', types.id, (c) => c.notNull())
    .addColumn('name', types.id, (c) => c.notNull())
    .addColumn('length', 'bigint', (c) => c.notNull())
    .addColumn('size', 'bigint', (c) => c.notNull())
    .addColumn('part_length', 'integer', (c) => c.notNull())
    .addColumn('modified_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('files_once', ['area', 'name'])
    .execute();
  // What is old of an area.
  await schema.createIndex('files_age').on('files').columns(['area', 'modified_at']).execute();
  await schema
    .createTable('file_parts')
    .addColumn('file_id', 'bigint', (c) => c.notNull().references('files.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('data', types.bytes, (c) => c.notNull())
    .addPrimaryKeyConstraint('file_parts_pk', ['file_id', 'n'])
    .execute();
}
