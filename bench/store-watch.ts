// Loaded before the daemon: counts what it asks of SQLite and of the disk, on the main thread and through Node's pool. With
// STORE_WATCH=FILE each statement's count and time (ms) is written there at the end.
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';

/** What was counted since the start. */
export const counts = { statements: 0, transactions: 0, syncs: 0 };

const byText = new Map<string, { count: number; ms: number }>();

if (isMainThread) {
  watchStatements();
  await watchSyncs();
  const file = process.env['STORE_WATCH'];
  if (file !== undefined) process.on('exit', () => fs.writeFileSync(file, JSON.stringify([...byText])));
}

function watchStatements(): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the database as `this`
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function (text, ...rest) {
    const statement = prepare.call(this, text, ...rest);
    for (const name of ['all', 'run'] as const) {
      const own = statement[name];
      Reflect.set(statement, name, (...args: unknown[]) =>
        timed(text, () => Reflect.apply(own, statement, args) as unknown),
      );
    }
    return statement;
  };
}

function timed<T>(text: string, work: () => T): T {
  const began = performance.now();
  try {
    return work();
  } finally {
    counts.statements++;
    if (text === 'commit') counts.transactions++;
    const known = byText.get(text) ?? { count: 0, ms: 0 };
    byText.set(text, { count: known.count + 1, ms: known.ms + performance.now() - began });
  }
}

async function watchSyncs(): Promise<void> {
  const { fsync } = fs;
  Reflect.set(fs, 'fsync', (...args: Parameters<typeof fsync>) => {
    counts.syncs++;
    fsync(...args);
  });
  const handle = await open('/dev/null');
  const prototype: unknown = Object.getPrototypeOf(handle);
  await handle.close();
  if (typeof prototype !== 'object' || prototype === null) return;
  for (const name of ['sync', 'datasync']) {
    const own: unknown = Reflect.get(prototype, name);
    if (typeof own !== 'function') continue;
    Reflect.set(prototype, name, function (this: unknown): unknown {
      counts.syncs++;
      return Reflect.apply(own, this, []);
    });
  }
}
