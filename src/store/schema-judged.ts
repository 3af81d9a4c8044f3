// The tables of what judging made of jobs: read by lists, pages, statistics and by rejudging. The last three outlive the
// jobs that they count.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from './database.ts';
import type { Tables } from './tables.ts';

type Schema = Kysely<Tables>['schema'];

export async function makeJudged(schema: Schema, types: ColumnTypes): Promise<void> {
  await makeRuns(schema, types);
  await makeTests(schema, types);
  await makeFoundIssues(schema, types);
  await makeRollUps(schema, types);
}

async function makeRuns(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('runs')
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('counts', 'integer', (c) => c.notNull())
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('board', types.id, (c) => c.notNull())
    .addColumn('device', types.id, (c) => c.notNull())
    .addColumn('tree', types.id, (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('lava_id', 'bigint')
    .addColumn('result', types.id, (c) => c.notNull())
    .addColumn('rule', 'text', (c) => c.notNull())
    .addColumn('layer', types.id, (c) => c.notNull())
    .addColumn('queue_ms', 'bigint')
    .addColumn('run_ms', 'bigint')
    .addColumn('boot_ms', 'bigint')
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('runs_pk', ['job_id', 'n'])
    .execute();
  // The history of a device, and of a board.
  await schema
    .createIndex('runs_device')
    .on('runs')
    .columns(['lab', 'device', 'finished_at', 'job_id'])
    .execute();
  await schema
    .createIndex('runs_board')
    .on('runs')
    .columns(['lab', 'board', 'finished_at', 'job_id'])
    .execute();
  await schema.createIndex('runs_recent').on('runs').columns(['finished_at', 'job_id']).execute();
}

async function makeTests(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('tests')
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('pos', 'integer', (c) => c.notNull())
    .addColumn('root', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('ms', 'bigint')
    .addColumn('value', 'double precision')
    .addColumn('unit', 'text')
    .addColumn('start_line', 'bigint')
    .addColumn('end_line', 'bigint')
    .addColumn('reason', 'text')
    .addColumn('excerpt', 'text')
    .addPrimaryKeyConstraint('tests_pk', ['job_id', 'pos'])
    .execute();
}

async function makeFoundIssues(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('found_issues')
    .addColumn('job_id', types.id, (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('pos', 'integer', (c) => c.notNull())
    .addColumn('signature', types.id, (c) => c.notNull())
    .addColumn('test', 'text', (c) => c.notNull())
    .addColumn('layer', types.id, (c) => c.notNull())
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('line', 'bigint')
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('found_issues_pk', ['job_id', 'n', 'pos'])
    .execute();
  // The jobs of an issue, the newest first.
  await schema
    .createIndex('found_issues_of')
    .on('found_issues')
    .columns(['signature', 'at', 'job_id'])
    .execute();
}

async function makeRollUps(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('issues')
    .addColumn('signature', types.id, (c) => c.primaryKey())
    .addColumn('layer', types.id, (c) => c.notNull())
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('first_seen', 'bigint', (c) => c.notNull())
    .addColumn('last_seen', 'bigint', (c) => c.notNull())
    .addColumn('runs', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('issues_recent').on('issues').columns(['last_seen', 'signature']).execute();
  await schema
    .createIndex('issues_recent_of_layer')
    .on('issues')
    .columns(['layer', 'last_seen', 'signature'])
    .execute();
  await schema
    .createTable('issue_days')
    .addColumn('signature', types.id, (c) => c.notNull())
    .addColumn('day', types.id, (c) => c.notNull())
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('board', types.id, (c) => c.notNull())
    .addColumn('tree', types.id, (c) => c.notNull())
    .addColumn('runs', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('issue_days_pk', ['signature', 'day', 'lab', 'board', 'tree'])
    .execute();
  // What recurs in the last days.
  await schema.createIndex('issue_days_day').on('issue_days').columns(['day']).execute();
  await schema
    .createTable('days')
    .addColumn('day', types.id, (c) => c.notNull())
    .addColumn('lab', types.id, (c) => c.notNull())
    .addColumn('board', types.id, (c) => c.notNull())
    .addColumn('device', types.id, (c) => c.notNull())
    .addColumn('tree', types.id, (c) => c.notNull())
    .addColumn('layer', types.id, (c) => c.notNull())
    .addColumn('result', types.id, (c) => c.notNull())
    .addColumn('counts', 'integer', (c) => c.notNull())
    .addColumn('runs', 'bigint', (c) => c.notNull())
    .addColumn('queued', 'bigint', (c) => c.notNull())
    .addColumn('queue_ms', 'bigint', (c) => c.notNull())
    .addColumn('ran', 'bigint', (c) => c.notNull())
    .addColumn('run_ms', 'bigint', (c) => c.notNull())
    .addColumn('booted', 'bigint', (c) => c.notNull())
    .addColumn('boot_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('days_pk', [
      'day',
      'lab',
      'board',
      'device',
      'tree',
      'layer',
      'result',
      'counts',
    ])
    .execute();
  // The trends of a board and of a device.
  await schema.createIndex('days_board').on('days').columns(['lab', 'board', 'day']).execute();
  await schema.createIndex('days_device').on('days').columns(['lab', 'device', 'day']).execute();
}
