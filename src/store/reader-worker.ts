// The thread of the reader: answers questions on a connection that cannot write. Started by open-reader.ts with the file's
// path; a question is { id, name, args }, an answer { id, value } or { id, error }.
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { BridgeError, errorText } from '../core/errors.ts';
import { createReads } from './reads.ts';
import { openSqliteToRead } from './sqlite.ts';

const Question = z.object({ id: z.number(), name: z.string(), args: z.array(z.unknown()) });

const db = openSqliteToRead(z.string().parse(workerData));
const refuse = (): never => {
  throw new BridgeError('internal', 'the reader does not write');
};
const reads = new Map<string, unknown>(
  Object.entries(createReads({ read: (work) => work(db), write: refuse, jot: refuse })),
);

parentPort?.on('message', (message) => {
  const { id, name, args } = Question.parse(message);
  answer(name, args).then(
    (value) => say({ id, value }),
    (error: unknown) =>
      say({
        id,
        error: { code: error instanceof BridgeError ? error.code : 'internal', text: errorText(error) },
      }),
  );
});

async function answer(name: string, args: readonly unknown[]): Promise<unknown> {
  const read = reads.get(name);
  if (typeof read !== 'function') throw new BridgeError('internal', `the reader has no question ${name}`);
  return Reflect.apply(read, undefined, args);
}

function say(message: unknown): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
  parentPort?.postMessage(message);
}
