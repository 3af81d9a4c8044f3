// Opens the reader: the thread is started with the first question, and again with the next one if it died or was ended because
// nobody had asked for a while: it takes memory.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { isErrorCode } from '../core/error-codes.ts';
import { BridgeError } from '../core/errors.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Reader } from './reader.ts';

/** A question that takes longer is given up, and the thread with it: it may be in a query without end. */
const LONGEST = 15 * SECOND;
/** How long a thread without a question stays (ms). */
const UNUSED = MINUTE;
/** Of the thread's memory, what is kept for new objects (MiB). */
const YOUNG = 4;
/** More questions than that are not kept waiting. */
const MOST_WAITING = 2000;

const Answer = z.object({
  id: z.number(),
  value: z.unknown().optional(),
  error: z.object({ code: z.string(), text: z.string() }).optional(),
});

type Name = Exclude<keyof Reader, 'close'>;
interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Reads the store in this file, which must have been opened before: that makes its tables. `unused` is shorter in tests. */
export function openReader(file: string, unused = UNUSED): Reader {
  let thread: { worker: Worker; waiting: Map<number, Waiting> } | undefined;
  let ids = 0;
  let isClosed = false;
  let ending: NodeJS.Timeout | undefined;

  function start(): NonNullable<typeof thread> {
    const waiting = new Map<number, Waiting>();
    const worker = new Worker(new URL(`./reader-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: file,
      // What the tests load before each file is nothing to it.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
    });
    const started = { worker, waiting };
    worker.unref();
    worker.on('message', (message) => {
      const { id, value, error } = Answer.parse(message);
      const asked = waiting.get(id);
      if (asked === undefined) return;
      settle(id, asked);
      if (error === undefined) asked.resolve(value);
      else asked.reject(new BridgeError(isErrorCode(error.code) ? error.code : 'internal', error.text));
    });
    worker.on('error', (error) => fail(started, `the reader of the store died: ${error.message}`));
    worker.on('exit', () => fail(started, 'the reader of the store ended'));
    return started;

    function settle(id: number, { timer }: Waiting): void {
      clearTimeout(timer);
      waiting.delete(id);
      if (waiting.size > 0) return;
      clearTimeout(ending);
      ending = setTimeout(() => end(started), unused).unref();
    }
  }

  function end(unusedThread: NonNullable<typeof thread>): void {
    if (thread !== unusedThread || unusedThread.waiting.size > 0) return;
    thread = undefined;
    void unusedThread.worker.terminate();
  }

  function fail(failed: NonNullable<typeof thread>, why: string): void {
    if (thread === failed) thread = undefined;
    for (const [id, { reject, timer }] of failed.waiting) {
      failed.waiting.delete(id);
      clearTimeout(timer);
      reject(new BridgeError('store', why));
    }
  }

  function ask<K extends Name>(name: K, args: Parameters<Reader[K]>): ReturnType<Reader[K]>;
  function ask(name: Name, args: unknown[]): Promise<unknown> {
    if (isClosed) return Promise.reject(new BridgeError('store', 'the store is closed'));
    clearTimeout(ending);
    const { worker, waiting } = (thread ??= start());
    const asked = thread;
    if (waiting.size >= MOST_WAITING)
      return Promise.reject(new BridgeError('busy', 'too many questions to the store at once'));
    const id = ++ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void worker.terminate();
        fail(asked, `the store did not answer ${name} within ${LONGEST / SECOND} s`);
      }, LONGEST);
      waiting.set(id, { resolve, reject, timer });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ id, name, args });
    });
  }

  return {
    job: (...args) => ask('job', args),
    request: (...args) => ask('request', args),
    openCounts: (...args) => ask('openCounts', args),
    attempts: (...args) => ask('attempts', args),
    definition: (...args) => ask('definition', args),
    lavaJob: (...args) => ask('lavaJob', args),
    timeline: (...args) => ask('timeline', args),
    deliveries: (...args) => ask('deliveries', args),
    deliveryBody: (...args) => ask('deliveryBody', args),
    deliveryCounts: (...args) => ask('deliveryCounts', args),
    drains: (...args) => ask('drains', args),
    jobs: (...args) => ask('jobs', args),
    find: (...args) => ask('find', args),
    tests: (...args) => ask('tests', args),
    testGroups: (...args) => ask('testGroups', args),
    firstFailures: (...args) => ask('firstFailures', args),
    foundIssues: (...args) => ask('foundIssues', args),
    runs: (...args) => ask('runs', args),
    lastRuns: (...args) => ask('lastRuns', args),
    deviceSpans: (...args) => ask('deviceSpans', args),
    totals: (...args) => ask('totals', args),
    hours: (...args) => ask('hours', args),
    issues: (...args) => ask('issues', args),
    issue: (...args) => ask('issue', args),
    issuesOfDevice: (...args) => ask('issuesOfDevice', args),
    sightings: (...args) => ask('sightings', args),
    waiting: (...args) => ask('waiting', args),
    flow: (...args) => ask('flow', args),
    compareJobs: (...args) => ask('compareJobs', args),
    compareBuilds: (...args) => ask('compareBuilds', args),
    lastBuilds: (...args) => ask('lastBuilds', args),
    async close() {
      isClosed = true;
      clearTimeout(ending);
      await thread?.worker.terminate();
    },
  };
}
