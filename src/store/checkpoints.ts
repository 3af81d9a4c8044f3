// Keeps the write-ahead log small from a thread of its own, so that no callback and no page waits while it is moved into the
// database. The thread is there while there is much to move. Without it the connection that writes does so itself, but rarely.
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '../core/errors.ts';
import { MINUTE, SECOND } from '../core/time.ts';

/** How often the log is looked at (ms). */
const EVERY = SECOND;
/** A log that is smaller is left alone (bytes). */
const FROM = 4 * 1024 * 1024;
/** How long a thread that has nothing to move stays (ms). */
const UNUSED = MINUTE;

/** Works until it is stopped; the store in this file must have been opened before. The times (ms) are shorter in tests. */
export function startCheckpoints(
  file: string,
  log: { warn: (facts: object, text: string) => void },
  { every = EVERY, unused = UNUSED } = {},
): { stop: () => Promise<void> } {
  let worker: Worker | undefined;
  let movedAt = 0;
  let isStopped = false;
  let ending: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(new URL(`./checkpoint-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: file,
      // What the tests load before each file is nothing to it.
      execArgv: [],
    });
    started.unref();
    started.on('error', goWithout);
    return started;
  }

  function goWithout(error: unknown): void {
    clearInterval(looking);
    log.warn(
      { error: errorText(error) },
      'the thread of the store’s checkpoints died; they are made without it',
    );
  }

  async function end(): Promise<void> {
    clearTimeout(ending);
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  async function look(): Promise<void> {
    // There is no log yet, or none any more: nothing to do.
    const { size, mtimeMs } = await stat(`${file}-wal`).catch(() => ({ size: 0, mtimeMs: 0 }));
    if (isStopped || size < FROM || mtimeMs === movedAt) return;
    movedAt = mtimeMs;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    (worker ??= start()).postMessage('move');
    clearTimeout(ending);
    ending = setTimeout(() => void end(), unused).unref();
  }

  const looking = setInterval(() => void look().catch(goWithout), every).unref();
  return {
    async stop() {
      isStopped = true;
      clearInterval(looking);
      await end();
    },
  };
}
