// The schema's history. A migration that has been released is never changed; a new one is added at the end.
import { sql, type Kysely } from 'kysely';
import type { Tables } from './tables.ts';

type Migration = (db: Kysely<Tables>) => Promise<void>;

export const MIGRATIONS: readonly Migration[] = [first, second];

async function first(db: Kysely<Tables>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('jobs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('lab', 'text', (c) => c.notNull())
    .addColumn('node_id', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('board', 'text', (c) => c.notNull())
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('stage', 'text', (c) => c.notNull())
    .addColumn('done', 'integer', (c) => c.notNull())
    .addColumn('ending', 'text')
    .addColumn('reason', 'text')
    .addColumn('cancel', 'text')
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('rev', 'integer', (c) => c.notNull())
    .addColumn('claimed_at', 'bigint')
    .addColumn('node_seen_at', 'bigint')
    .addColumn('verdict', 'text')
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('jobs_once', ['lab', 'node_id'])
    .execute();
  await schema.createIndex('jobs_due').on('jobs').columns(['lab', 'done', 'next_at']).execute();
  await schema.createIndex('jobs_open').on('jobs').columns(['done', 'lab', 'board', 'stage']).execute();
  await schema.createIndex('jobs_recent').on('jobs').columns(['received_at']).execute();
  await attempts(schema).addUniqueConstraint('attempts_lava', ['lab', 'lava_id']).execute();
  await schema
    .createTable('timeline')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('timeline_job').on('timeline').columns(['job_id', 'id']).execute();
  await schema
    .createTable('callbacks')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('lava_id', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addColumn('body', sql`blob`, (c) => c.notNull())
    .execute();
  await schema.createIndex('callbacks_job').on('callbacks').columns(['job_id']).execute();
  await schema
    .createTable('deliveries')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('destination', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('receipt', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('done_at', 'bigint')
    .addUniqueConstraint('deliveries_once', ['job_id', 'destination', 'kind'])
    .execute();
  await schema
    .createIndex('deliveries_due')
    .on('deliveries')
    .columns(['destination', 'state', 'next_at'])
    .execute();
  await schema
    .createTable('drains')
    .addColumn('lab', 'text', (c) => c.notNull())
    .addColumn('board', 'text', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('drains_pk', ['lab', 'board'])
    .execute();
}

const TWO_DAYS = 172_800_000;

/** LAVA's numbers are no longer unique in a lab, because one that is set up anew counts from 1 again. */
async function second(db: Kysely<Tables>): Promise<void> {
  const { schema } = db;
  // SQLite can't drop a constraint: the table is made anew, with the columns of the old one in their order.
  await schema.alterTable('attempts').renameTo('attempts_before').execute();
  await attempts(schema)
    // What those that are there already have is LAVA's to know; the bridge's own default does for them.
    .addColumn('queue_timeout', 'bigint', (c) => c.notNull().defaultTo(TWO_DAYS))
    .addColumn('since_id', 'bigint')
    .execute();
  await sql`insert into attempts select *, ${sql.lit(TWO_DAYS)}, null from attempts_before`.execute(db);
  await schema.dropTable('attempts_before').execute();
  await schema.createIndex('attempts_lava').on('attempts').columns(['lab', 'lava_id']).execute();
  await schema.createIndex('jobs_changed').on('jobs').columns(['updated_at']).execute();
  await schema.alterTable('callbacks').addColumn('log', 'text').execute();
}

/** The table as the first schema had it, but for its constraint on LAVA's numbers. */
function attempts(schema: Kysely<Tables>['schema']) {
  return schema
    .createTable('attempts')
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('lab', 'text', (c) => c.notNull())
    .addColumn('mark', 'text', (c) => c.notNull().unique())
    .addColumn('definition', 'text', (c) => c.notNull())
    .addColumn('ask', 'text', (c) => c.notNull())
    .addColumn('device_type', 'text', (c) => c.notNull())
    .addColumn('job_timeout', 'bigint', (c) => c.notNull())
    .addColumn('intent_at', 'bigint')
    .addColumn('sent_at', 'bigint')
    .addColumn('lava_id', 'bigint')
    .addColumn('submitted_at', 'bigint')
    .addColumn('lava_state', 'text')
    .addColumn('device', 'text')
    .addColumn('running_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .addColumn('cancel_at', 'bigint')
    .addColumn('missing_at', 'bigint')
    .addColumn('lava_job', 'text')
    .addColumn('log', 'text')
    .addColumn('evidence', 'text')
    .addColumn('outcome', 'text')
    .addPrimaryKeyConstraint('attempts_pk', ['job_id', 'n']);
}
