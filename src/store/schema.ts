// The schema, and its history from the first release on: a migration that has been released is never changed; a new one
// is added at the end. Each index says which questions it is for.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from './database.ts';
import { makeFiles } from './schema-files.ts';
import { makeJudged } from './schema-judged.ts';
import { makeShared } from './schema-shared.ts';
import type { Tables } from './tables.ts';

type Migration = (db: Kysely<Tables>, types: ColumnTypes) => Promise<void>;

export const MIGRATIONS: readonly Migration[] = [first, makeShared, countDeliveriesByIndex];

/**
 * The oldest schema whose program can go on with the newest one, so that old and new daemons can work side by side on one
 * database. What takes something away comes in two steps: a version that no longer uses it, and a later one whose migration
 * takes it away. A migration that cannot wait so long puts its own number here.
 */
export const COMPATIBLE_WITH = 2;

async function first({ schema }: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  await makeJobs(schema, types);
  await makeAttempts(schema, types);
  await makeHistory(schema, types);
  await makeDeliveries(schema, types);
  await makeJudged(schema, types);
  await makeDeviceSpans(schema, types);
  await makeFiles(schema, types);
  await schema
    .createTable('drains')
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('board', types.id, (c) => c.notNull())
    .addColumn('device', types.id, (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addColumn('until_healthy', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('drains_pk', ['lab', 'board', 'device'])
    .execute();
  await schema
    .createTable('under_way')
    .addColumn('item', types.id, (c) => c.primaryKey())
    .addColumn('running', 'integer', (c) => c.notNull())
    .addColumn('crashes', 'integer', (c) => c.notNull())
    .execute();
  await schema.createIndex('under_way_running').on('under_way').columns(['running']).execute();
}

type Schema = Kysely<Tables>['schema'];

/** What lists of jobs are asked for by. */
const LISTED_BY = [
  'lab',
  'board',
  'stage',
  'done',
  'node_id',
  'tree',
  'commit_hash',
  'build',
  'device',
  'lava_id',
  'result',
  'rule',
  'layer',
];

async function makeJobs(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('jobs')
    .addColumn('id', types.id, (c) => c.primaryKey())
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('node_id', types.id, (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('board', types.id, (c) => c.notNull())
    .addColumn('stage', types.id, (c) => c.notNull())
    .addColumn('done', 'integer', (c) => c.notNull())
    .addColumn('set_aside', 'integer', (c) => c.notNull())
    .addColumn('ending', 'text')
    .addColumn('reason_code', types.id)
    .addColumn('reason', 'text')
    .addColumn('cancel', 'text')
    .addColumn('superseded_by', 'text')
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('rev', 'integer', (c) => c.notNull())
    .addColumn('claimed_at', 'bigint')
    .addColumn('node_seen_at', 'bigint')
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('stage_at', 'bigint', (c) => c.notNull())
    .addColumn('tree', types.id)
    .addColumn('branch', types.id)
    .addColumn('commit_hash', types.id)
    .addColumn('build', types.id)
    .addColumn('series', types.id)
    .addColumn('built_at', 'bigint')
    .addColumn('device', types.id)
    .addColumn('lava_id', 'bigint')
    .addColumn('result', types.id)
    .addColumn('rule', types.id)
    .addColumn('layer', types.id)
    .addColumn('verdict', 'text')
    .addUniqueConstraint('jobs_once', ['lab', 'node_id'])
    .execute();
  const index = (name: string, columns: string[]): Promise<void> =>
    schema.createIndex(`jobs_${name}`).on('jobs').columns(columns).execute();
  // The work loops: what is due in a lab, and when something will be.
  await index('due', ['done', 'set_aside', 'lab', 'next_at', 'received_at']);
  // Admission: who is next for a board; and how many open jobs there are where.
  await index('queue', ['done', 'lab', 'board', 'stage', 'set_aside', 'priority desc', 'received_at', 'id']);
  // Superseding: the open jobs that a newer one may replace.
  await index('series', ['done', 'lab', 'board', 'series']);
  // What is old goes.
  await index('ended', ['done', 'updated_at']);
  // The flow: how many wait where, since when and why.
  await index('flow', ['done', 'lab', 'stage', 'set_aside', 'stage_at']);
  await index('reasons', ['done', 'reason_code', 'lab', 'board', 'received_at']);
  // Lists, by what they are asked for, the newest first.
  await index('recent', ['received_at', 'id']);
  for (const column of LISTED_BY) await index(`recent_by_${column}`, [column, 'received_at', 'id']);
  await schema
    .createTable('requests')
    .addColumn('job_id', types.id, (c) => c.primaryKey().references('jobs.id').onDelete('cascade'))
    .addColumn('request', 'text', (c) => c.notNull())
    .execute();
}

async function makeAttempts(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('attempts')
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('submission_key', types.id, (c) => c.notNull().unique())
    .addColumn('has_key', 'integer', (c) => c.notNull())
    .addColumn('device_type', 'text', (c) => c.notNull())
    .addColumn('job_timeout', 'bigint', (c) => c.notNull())
    .addColumn('queue_timeout', 'bigint', (c) => c.notNull())
    .addColumn('since_id', 'bigint')
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
    .addColumn('log', 'text')
    .addColumn('evidence', 'text')
    .addColumn('outcome', 'text')
    .addPrimaryKeyConstraint('attempts_pk', ['job_id', 'n'])
    .execute();
  // Whose LAVA job an event is about. Not unique: a lab that is set up again counts from 1 again.
  await schema.createIndex('attempts_lava').on('attempts').columns(['lab', 'lava_id']).execute();
  await schema
    .createTable('attempt_documents')
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('definition', 'text', (c) => c.notNull())
    .addColumn('expected_tests', 'text', (c) => c.notNull())
    .addColumn('lava_job', 'text')
    .addPrimaryKeyConstraint('attempt_documents_pk', ['job_id', 'n'])
    .execute();
}

async function makeDeviceSpans(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('device_spans')
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('device', types.id, (c) => c.notNull())
    .addColumn('from_at', 'bigint', (c) => c.notNull())
    .addColumn('to_at', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('device_spans_pk', ['lab', 'device', 'from_at'])
    .execute();
  // The last ones of a device; those that the next look goes on with, and those that are too old.
  await schema
    .createIndex('device_spans_recent')
    .on('device_spans')
    .columns(['lab', 'device', 'to_at'])
    .execute();
  await schema.createIndex('device_spans_last').on('device_spans').columns(['to_at', 'lab']).execute();
}

async function makeHistory(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('timeline')
    .addColumn('id', types.counter.type, types.counter.as)
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('kind', types.id, (c) => c.notNull())
    .addColumn('code', 'text')
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('timeline_job').on('timeline').columns(['job_id', 'id']).execute();
  await schema
    .createTable('callbacks')
    .addColumn('id', types.counter.type, types.counter.as)
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('lava_id', 'bigint', (c) => c.notNull())
    .addColumn('state', types.id, (c) => c.notNull())
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addColumn('log', 'text')
    .addColumn('body', types.bytes, (c) => c.notNull())
    .execute();
  await schema.createIndex('callbacks_job').on('callbacks').columns(['job_id', 'id']).execute();
}

async function makeDeliveries(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('deliveries')
    .addColumn('id', types.counter.type, types.counter.as)
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('destination', types.id, (c) => c.notNull())
    .addColumn('kind', types.id, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('required', 'integer', (c) => c.notNull())
    .addColumn('state', types.id, (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('receipt', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('done_at', 'bigint')
    .addUniqueConstraint('deliveries_once', ['job_id', 'destination', 'kind'])
    .execute();
  await schema.createIndex('deliveries_job').on('deliveries').columns(['job_id', 'id']).execute();
  await schema
    .createIndex('deliveries_due')
    .on('deliveries')
    .columns(['destination', 'state', 'next_at'])
    .execute();
  // What is open, after the clock was set.
  await schema.createIndex('deliveries_state').on('deliveries').columns(['state', 'next_at']).execute();
  // Not used since the third migration; a later version takes it away, once no older one is at work beside it.
  await schema
    .createTable('delivery_counts')
    .addColumn('destination', types.id, (c) => c.notNull())
    .addColumn('state', types.id, (c) => c.notNull())
    .addColumn('count', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('delivery_counts_pk', ['state', 'destination'])
    .execute();
}

/** How many deliveries are open, by destination; and what is open, after the clock was set. */
async function countDeliveriesByIndex({ schema }: Kysely<Tables>): Promise<void> {
  await schema
    .createIndex('deliveries_open')
    .on('deliveries')
    .columns(['state', 'destination', 'next_at'])
    .execute();
  await schema.dropIndex('deliveries_state').execute();
}
