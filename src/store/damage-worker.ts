// The thread that looks through a database, and saves what can be saved of a damaged one: both read all of it. Started by
// damage.ts with an order; it gives one answer and ends.
import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { salvage } from './salvage.ts';
import { isDamage } from './sqlite-errors.ts';

const Order = z.discriminatedUnion('what', [
  z.object({ what: z.literal('check'), file: z.string() }),
  z.object({ what: z.literal('salvage'), from: z.string(), to: z.string() }),
]);

/** More findings than that say nothing new. */
const MOST_FINDINGS = 10;

const order = Order.parse(workerData);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
parentPort?.postMessage(order.what === 'check' ? check(order) : save(order));

/** What is wrong with it; nothing if it is sound. Throws what is no damage: a file that may not be read. */
function check({ file }: { file: string }): string[] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const found = database.prepare(`PRAGMA quick_check(${MOST_FINDINGS})`).all();
    return found
      .flatMap((row) => String(row['quick_check']).split('\n'))
      .filter((text) => text !== 'ok' && !text.startsWith('***'));
  } catch (error) {
    if (isDamage(error) && error instanceof Error) return [error.message];
    throw error;
  } finally {
    database?.close();
  }
}

function save({ from, to }: { from: string; to: string }): ReturnType<typeof salvage> {
  const database = new DatabaseSync(to);
  try {
    return salvage(database, from);
  } finally {
    database.close();
  }
}
