// Keeps the write-ahead log small from a thread of its own, so that no callback and no page waits while it is moved into the
// database. Without it the connection that writes does so itself, but rarely.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SECOND } from '../core/time.ts';

/** Until then a write does it: a daemon that has just begun has better to do than to start threads (ms). */
const FIRST = 5 * SECOND;

/** Works until it is stopped; the store in this file must have been opened before. */
export function startCheckpoints(
  file: string,
  log: { warn: (facts: object, text: string) => void },
): { stop: () => Promise<void> } {
  let worker: Worker | undefined;
  const begin = setTimeout(() => {
    worker = new Worker(new URL(`./checkpoint-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: file,
      // What the tests load before each file is nothing to it.
      execArgv: [],
    });
    worker.unref();
    worker.on('error', (error) =>
      log.warn(
        { error: error.message },
        'the thread of the store’s checkpoints died; they are made without it',
      ),
    );
  }, FIRST);
  begin.unref();
  return {
    async stop() {
      clearTimeout(begin);
      await worker?.terminate();
    },
  };
}
