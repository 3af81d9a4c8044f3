// The reader on a connection: each of its questions, answered.
import type { Kysely } from 'kysely';
import { createAttemptStore } from './attempts.ts';
import type { Connection } from './connection.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createHistoryStore } from './history.ts';
import { createJobStore } from './jobs.ts';
import type { Reader } from './reader.ts';
import { readFlow, readWaiting } from './reads-flow.ts';
import {
  compareBuilds,
  compareJobs,
  readFoundIssues,
  readIssue,
  readIssues,
  readSightings,
} from './reads-issues.ts';
import { findJobs, readJobs, readLastBuilds } from './reads-jobs.ts';
import { readFirstFailures, readHours, readLastRuns, readRuns, readTests, readTotals } from './reads-runs.ts';
import type { Tables } from './tables.ts';

/** Answers on this connection. */
export function createReads(connection: Connection): Omit<Reader, 'close'> {
  const { job, request, openCounts } = createJobStore(connection, Date.now);
  const { attempts, definition, lavaJob } = createAttemptStore(connection);
  const { timeline } = createHistoryStore(connection, Date.now);
  const { deliveries, deliveryBody, deliveryCounts } = createDeliveryStore(connection, Date.now);
  const on =
    <A extends unknown[], T>(read: (db: Kysely<Tables>, ...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      connection.read((db) => read(db, ...args));
  return {
    job,
    request,
    openCounts,
    attempts,
    definition,
    lavaJob,
    timeline,
    deliveries,
    deliveryBody,
    deliveryCounts,
    drains: on((db) => db.selectFrom('drains').selectAll().execute()),
    jobs: on(readJobs),
    find: on(findJobs),
    tests: on(readTests),
    firstFailures: on(readFirstFailures),
    foundIssues: on(readFoundIssues),
    runs: on(readRuns),
    lastRuns: on(readLastRuns),
    totals: on(readTotals),
    hours: on(readHours),
    issues: on(readIssues),
    issue: on(readIssue),
    sightings: on(readSightings),
    waiting: on(readWaiting),
    flow: on(readFlow),
    compareJobs: on(compareJobs),
    compareBuilds: on(compareBuilds),
    lastBuilds: on(readLastBuilds),
  };
}
