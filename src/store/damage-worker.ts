// The thread that looks through a database, and saves what can be saved of a damaged one: both read all of it. Started by
// damage.ts with an order; it gives one answer and ends.
import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { quickCheck } from './quick-check.ts';
import { salvage } from './salvage.ts';

const Order = z.discriminatedUnion('what', [
  z.object({ what: z.literal('check'), file: z.string() }),
  z.object({ what: z.literal('salvage'), from: z.string(), to: z.string() }),
]);

const order = Order.parse(workerData);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
parentPort?.postMessage(order.what === 'check' ? quickCheck(order.file) : save(order));

function save({ from, to }: { from: string; to: string }): ReturnType<typeof salvage> {
  const database = new DatabaseSync(to);
  try {
    return salvage(database, from);
  } finally {
    database.close();
  }
}
