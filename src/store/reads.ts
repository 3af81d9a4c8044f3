// The reader on a connection: each of its questions, answered.
import type { Kysely } from 'kysely';
import { createAttemptStore } from './attempts.ts';
import type { Connection } from './connection.ts';
import { createDeliveryStore } from './deliveries.ts';
import { readDeviceSpans } from './devices.ts';
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
  readIssuesOfDevice,
  readSightings,
} from './reads-issues.ts';
import { findJobs, readJobs, readLastBuilds } from './reads-jobs.ts';
import {
  readFirstFailures,
  readHours,
  readLastRuns,
  readRuns,
  readTestGroups,
  readTests,
  readTotals,
} from './reads-runs.ts';
import { readDrains } from './drains.ts';
import type { Tables } from './tables.ts';

/** Answers on this connection. */
export function createReads(connection: Connection): Omit<Reader, 'close'> {
  const jobs = createJobStore(connection, Date.now);
  const attempts = createAttemptStore(connection);
  const history = createHistoryStore(connection, Date.now);
  const outbox = createDeliveryStore(connection, Date.now);
  const on =
    <A extends unknown[], T>(read: (db: Kysely<Tables>, ...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      connection.read((db) => read(db, ...args));
  return {
    job: (id) => jobs.job(id),
    request: (id) => jobs.request(id),
    openCounts: () => jobs.openCounts(),
    attempts: (id) => attempts.attempts(id),
    definition: (id, n) => attempts.definition(id, n),
    lavaJob: (id, n) => attempts.lavaJob(id, n),
    timeline: (id) => history.timeline(id),
    deliveries: (id) => outbox.deliveries(id),
    deliveryBody: (id) => outbox.deliveryBody(id),
    deliveryCounts: () => outbox.deliveryCounts(),
    drains: on(readDrains),
    jobs: on(readJobs),
    find: on(findJobs),
    tests: on(readTests),
    testGroups: on(readTestGroups),
    firstFailures: on(readFirstFailures),
    foundIssues: on(readFoundIssues),
    runs: on(readRuns),
    lastRuns: on(readLastRuns),
    deviceSpans: on(readDeviceSpans),
    totals: on(readTotals),
    hours: on(readHours),
    issues: on(readIssues),
    issue: on(readIssue),
    issuesOfDevice: on(readIssuesOfDevice),
    sightings: on(readSightings),
    waiting: on(readWaiting),
    flow: on(readFlow),
    compareJobs: on(compareJobs),
    compareBuilds: on(compareBuilds),
    lastBuilds: on(readLastBuilds),
  };
}
