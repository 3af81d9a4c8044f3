// A database that is damaged, or its write-ahead log: found at the start and once a day, set aside under a name with its date, and
// replaced by a new one with all that could be read of it. What is lost is found again in Maestro and LAVA (lifecycle/earlier-runs.ts).
import { existsSync, statSync } from 'node:fs';
import { copyFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { isDiskFull } from '../core/disk-full.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { MINUTE, rfc3339, sleep } from '../core/time.ts';
import { syncFile } from './backup.ts';
import { keptInstance, newInstance } from './instance.ts';
import { quickCheck } from './quick-check.ts';
import type { Salvaged } from './salvage.ts';
import { settingKey } from './settings.ts';
import { lostInLog, type LostInLog } from './wal.ts';

/** A database that was set aside; or its write-ahead log alone (`lost`), of which a copy was. */
export interface Damage {
  /** Where it is now. */
  file: string;
  /** What of the log SQLite dropped; the database itself is sound. */
  lost?: LostInLog;
  /** What SQLite says of it. */
  found: readonly string[];
  /** What the new one has of it; undefined: nothing could be read. */
  saved: Salvaged | undefined;
}

/** The meta key of the moment (ms) before which the store may have lost jobs. */
export const LOST_BEFORE = settingKey('lost', 'before');
/** The end of the name of a new store that takes a damaged one's place, while it is made. */
const MENDED = '.mended';
/** What stands in the names of stores that were set aside. */
const ASIDE = '.damaged-';
/** A start waits no longer for the check of a large store; it goes on, and the check is made again meanwhile. */
const START_WITHIN = MINUTE;
/** A store up to this size (bytes) has been read, in the start's own thread, before another thread would have begun. */
const SMALL = 8 * 1024 * 1024;

const Findings = z.array(z.string());
const SavedAnswer = z.object({
  jobs: z.number(),
  lostRows: z.number(),
  lostTables: z.array(z.string()),
}) satisfies z.ZodType<Salvaged>;

/** What is wrong with the database in this file, which may be in use; nothing if it is sound. All of it is read, in a thread. */
export async function checkDatabase(file: string, signal?: AbortSignal): Promise<string[]> {
  if (file === ':memory:') return [];
  return Findings.parse(await inThread({ what: 'check', file }, signal));
}

/** Stores that were set aside and are still there, the newest first. */
export async function storesSetAside(file: string): Promise<string[]> {
  const begin = basename(file) + ASIDE;
  const names = await readdir(dirname(file)).catch(() => []);
  return names
    .filter((name) => name.startsWith(begin) && !/-(wal|shm)$/.test(name))
    .toSorted()
    .toReversed()
    .map((name) => join(dirname(file), name));
}

/**
 * Sets the database in this file aside if it is damaged, and puts a new one in its place; undefined: it is sound, or not
 * there. `make` makes an empty store of that schema's version (undefined: of this program's) in a file. Throws BridgeError
 * `store` if there is no room for the new one; then nothing is changed.
 */
export async function mendDatabase(
  file: string,
  now: number,
  make: (file: string, schema: number | undefined) => Promise<void>,
): Promise<Damage | undefined> {
  await finishMending(file);
  if (!existsSync(file)) return undefined;
  const lost = await lostInLog(file);
  const date = rfc3339(now).replaceAll(/[:.]/g, '-');
  const log = `${file}-wal${ASIDE}${date}`;
  // Before SQLite opens it, and writes over what it does not read.
  if (lost !== undefined) await copyFile(`${file}-wal`, log);
  const found = await findingsAtStart(file);
  if (lost !== undefined && found.length === 0) {
    // Its very first transactions may have been there.
    if (metaOf(file, 'schema') === undefined) found.push('its write-ahead log is damaged from the beginning');
    else {
      await noteLoss(file, file, now);
      return { file: log, lost, found: [], saved: undefined };
    }
  }
  if (found.length === 0) return undefined;
  const fresh = file + MENDED;
  let saved: Salvaged | undefined;
  try {
    saved = await saveInto(fresh, file, make);
    await noteLoss(fresh, file, now);
    await syncFile(fresh);
  } catch (error) {
    await removeDatabase(fresh);
    throw new BridgeError(
      'store',
      `the store ${file} is damaged (${found[0] ?? ''}), and no new one can be made next to it: ${errorText(error)}`,
      { cause: error },
    );
  }
  const aside = `${file}${ASIDE}${date}`;
  for (const end of ['-shm', '-wal']) {
    if (existsSync(file + end)) await rename(file + end, aside + end);
  }
  await rename(file, aside);
  await finishMending(file);
  return { file: aside, found, saved };
}

/** The last step, also after a power cut in the midst of it: the new store takes the place of the one that is gone. */
async function finishMending(file: string): Promise<void> {
  const fresh = file + MENDED;
  if (!existsSync(fresh)) return;
  if (existsSync(file)) return removeDatabase(fresh);
  for (const end of ['-wal', '-shm']) await rm(file + end, { force: true });
  await rename(fresh, file);
  await syncFile(dirname(file));
}

async function removeDatabase(file: string): Promise<void> {
  for (const end of ['-wal', '-shm', '']) await rm(file + end, { force: true });
}

async function findingsAtStart(file: string): Promise<string[]> {
  // SQLite takes an empty file for a new database.
  if (statSync(file).size === 0 && !existsSync(`${file}-wal`)) return ['the file is empty'];
  const limit = new AbortController();
  try {
    if (statSync(file).size <= SMALL) return quickCheck(file);
    const within = sleep(START_WITHIN, limit.signal).then(() => []);
    return await Promise.race([checkDatabase(file, limit.signal), within]);
  } catch (error) {
    throw new BridgeError('store', `the store ${file} cannot be opened: ${errorText(error)}`, {
      cause: error,
    });
  } finally {
    limit.abort();
  }
}

async function saveInto(
  fresh: string,
  damaged: string,
  make: (file: string, schema: number | undefined) => Promise<void>,
): Promise<Salvaged | undefined> {
  const schema = schemaOf(damaged);
  await removeDatabase(fresh);
  await make(fresh, schema);
  if (schema === undefined) return undefined;
  try {
    return SavedAnswer.parse(await inThread({ what: 'salvage', from: damaged, to: fresh }));
  } catch (error) {
    if (isDiskFull(error)) throw error;
    await removeDatabase(fresh);
    await make(fresh, undefined);
    return undefined;
  }
}

/** The version of a damaged store's schema; undefined: it cannot be read. */
function schemaOf(file: string): number | undefined {
  const value = metaOf(file, 'schema');
  return value !== undefined && /^[1-9]\d*$/.test(value) ? Number(value) : undefined;
}

function metaOf(file: string, key: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
    return row === undefined ? undefined : String(row['value']);
  } catch {
    return undefined; // What cannot be read is lost.
  } finally {
    database?.close();
  }
}

/** The new store says from when on nothing is missing, and is the same instance: by its id our marks are known again. */
async function noteLoss(fresh: string, damaged: string, now: number): Promise<void> {
  const instance =
    metaOf(fresh, 'instance') ??
    metaOf(damaged, 'instance') ??
    (await keptInstance(damaged)) ??
    newInstance();
  const database = new DatabaseSync(fresh);
  try {
    const put = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
    put.run('instance', instance);
    put.run(LOST_BEFORE, String(now));
  } finally {
    database.close();
  }
}

/** Runs an order of damage-worker.ts; it ends with the signal, without an answer. */
function inThread(order: object, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`./damage-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: order,
      // What the tests load before each file is nothing to it.
      execArgv: [],
    });
    const end = (): void => void worker.terminate();
    signal?.addEventListener('abort', end, { once: true });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      signal?.removeEventListener('abort', end);
      reject(new BridgeError('store', 'the check of the store was ended'));
    });
  });
}
