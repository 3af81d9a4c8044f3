// A backup: the whole state of an installation in one file, taken while the daemon runs. The file is an SQLite database that
// holds the store and the files next to it in pieces, each file with its checksum.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isDiskFull } from '../core/disk-full.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { programVersion } from '../core/version.ts';

/** Where an installation keeps its state. */
export interface StatePlaces {
  /** The database file. */
  database: string;
  /** The folders of files, by their names in a backup. */
  folders: Readonly<Record<string, string>>;
}

/** What a backup holds. */
export interface BackupSummary {
  /** ms. */
  madeAt: number;
  /** The version of the program that made it, and of its store. */
  version: string;
  schema: number;
  files: number;
  /** Of all files as they lie in the state folder. */
  bytes: number;
}

/** The first word of a backup. */
export const FORMAT = 'lava-bridge backup 1';
/** The store's name in a backup. */
export const DATABASE = 'lava-bridge.db';
const PART = 1024 * 1024;
/** What is being written has such a name, and is left out. */
export const UNFINISHED = /\.new$|(^|\/)\.unfinished\//;

/**
 * Writes the state as it is at one moment to `file`, which must not be there yet. The daemon may run meanwhile. Throws
 * BridgeError `backup`; nothing is left then.
 */
export async function makeBackup(places: StatePlaces, file: string, now: number): Promise<BackupSummary> {
  if (existsSync(file)) throw new BridgeError('backup', `${file} is there already; give another name`);
  if (!existsSync(places.database)) throw new BridgeError('backup', `there is no store ${places.database}`);
  const partial = `${file}.part`;
  const snapshot = `${file}.snapshot`;
  try {
    for (const path of [partial, snapshot]) await rm(path, { force: true });
    const schema = snapshotOf(places.database, snapshot);
    await (await open(partial, 'wx', 0o600)).close();
    const archive = createArchive(partial);
    await archive.add(DATABASE, snapshot);
    for (const [name, folder] of Object.entries(places.folders)) await addFolder(archive, name, folder);
    const summary = archive.finish({ madeAt: now, version: programVersion(), schema });
    await syncFile(partial);
    await rename(partial, file);
    await syncFile(dirname(file));
    return summary;
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof BridgeError
      ? error
      : new BridgeError('backup', `${file} cannot be written: ${whyNot(error, file)}`, { cause: error });
  } finally {
    await rm(snapshot, { force: true });
  }
}

function whyNot(error: unknown, file: string): string {
  return isDiskFull(error)
    ? `the disk of ${dirname(file)} is full; a backup needs room for itself and for a copy of the database`
    : errorText(error);
}

/**
 * A copy of the database as it is now, whoever writes to it meanwhile; gives the version of its schema. What the daemon
 * worked on in that moment is no suspect for whoever starts from the copy.
 */
function snapshotOf(database: string, to: string): number {
  copyDatabase(database, to);
  const copy = new DatabaseSync(to);
  try {
    copy.exec('UPDATE under_way SET running = 0');
    return checkedSchema(copy);
  } finally {
    copy.close();
  }
}

function copyDatabase(from: string, to: string): void {
  // Not for reading only: such a connection leaves its helper files behind.
  const source = new DatabaseSync(from);
  try {
    source.exec('PRAGMA busy_timeout = 5000');
    source.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
  } finally {
    source.close();
  }
}

/** The version of a store's schema. Throws BridgeError `backup` if the store is damaged. */
export function checkedSchema(database: DatabaseSync): number {
  const [found] = database.prepare('PRAGMA quick_check').all();
  const word = String(found?.['quick_check']);
  if (word !== 'ok') throw new BridgeError('backup', `the store is damaged: ${word}`);
  return Number(database.prepare("SELECT value FROM meta WHERE key = 'schema'").get()?.['value']);
}

type Archive = ReturnType<typeof createArchive>;

function createArchive(file: string) {
  const database = new DatabaseSync(file);
  // It is synced as a whole when it is complete.
  database.exec(`PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE files (name TEXT PRIMARY KEY, gzipped INTEGER NOT NULL, modified_at INTEGER NOT NULL, sha256 TEXT NOT NULL);
    CREATE TABLE parts (name TEXT NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, n));
    BEGIN`);
  const addPart = database.prepare('INSERT INTO parts (name, n, data) VALUES (?, ?, ?)');
  const addFile = database.prepare(
    'INSERT INTO files (name, gzipped, modified_at, sha256) VALUES (?, ?, ?, ?)',
  );
  const addWord = database.prepare('INSERT INTO about (key, value) VALUES (?, ?)');
  let files = 0;
  let bytes = 0;
  return {
    /** Throws ENOENT if there is no such file. */
    async add(name: string, path: string): Promise<void> {
      const { mtimeMs, size } = await stat(path);
      const gzipped = !name.endsWith('.gz');
      const hash = createHash('sha256');
      let n = 0;
      const store = async (source: AsyncIterable<Buffer>): Promise<void> => {
        for await (const chunk of source) {
          hash.update(chunk);
          addPart.run(name, n++, chunk);
        }
      };
      const read = createReadStream(path, { highWaterMark: PART });
      await (gzipped ? pipeline(read, createGzip({ chunkSize: PART }), store) : pipeline(read, store));
      addFile.run(name, gzipped ? 1 : 0, Math.round(mtimeMs), hash.digest('hex'));
      files += 1;
      bytes += size;
    },
    finish(about: Pick<BackupSummary, 'madeAt' | 'version' | 'schema'>): BackupSummary {
      const summary = { ...about, files, bytes };
      for (const [key, value] of Object.entries({ format: FORMAT, ...summary }))
        addWord.run(key, String(value));
      database.exec('COMMIT');
      database.close();
      return summary;
    },
  };
}

/** Adds all files of a folder; those that get another name meanwhile, by that one. */
async function addFolder(archive: Archive, name: string, folder: string): Promise<void> {
  const added = new Set<string>();
  for (;;) {
    const fresh = (await filesIn(folder)).filter((path) => !added.has(path) && !UNFINISHED.test(path));
    if (fresh.length === 0) return;
    for (const path of fresh) {
      added.add(path);
      try {
        await archive.add(`${name}/${path}`, join(folder, path));
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
  }
}

/** The paths of all files below a folder; none if it is not there. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** What was written to a file or folder is on the disk after this. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
