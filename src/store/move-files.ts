// Copies the files next to an SQLite store into PostgreSQL, and compares each of them, byte by byte by its hash. What an earlier run
// has copied stays.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BridgeError } from '../core/errors.ts';
import { filesIn, UNFINISHED } from './backup.ts';
import { isBlobLost } from './blobs.ts';
import type { FileTable } from './file-table.ts';

/** A folder of files, and where they are to be. */
export interface MovedFolder {
  folder: string;
  /** Each file in it is a gzip of what is to be kept. */
  isPacked: boolean;
  table: FileTable;
}

/** What was copied. */
export interface FileSum {
  files: number;
  /** Bytes, unpacked. */
  bytes: number;
  /** Files that cannot be read, and were left out. */
  damaged: string[];
}

/** Is called after each file. */
export type FileProgress = (folder: string, files: number, of: number) => void;

/** Copies what is not there yet, and removes there what is no longer here. */
export async function copyFiles(moved: MovedFolder, onProgress: FileProgress): Promise<FileSum> {
  const { folder, table } = moved;
  const names = await namesIn(folder);
  const known = new Set(names);
  for (const { name } of await table.list()) if (!known.has(name)) await table.remove(name);
  const sum: FileSum = { files: 0, bytes: 0, damaged: [] };
  for (const name of names) {
    const modifiedAt = Math.round((await stat(join(folder, name))).mtimeMs);
    const before = await table.find(name);
    try {
      if (before?.modifiedAt !== modifiedAt) await table.put(name, contentOf(moved, name), modifiedAt);
      const { length = 0 } = (await table.find(name)) ?? {};
      sum.files += 1;
      sum.bytes += length;
    } catch (error) {
      if (!isBlobLost(error)) throw error;
      sum.damaged.push(name);
    }
    onProgress(folder, sum.files + sum.damaged.length, names.length);
  }
  return sum;
}

/** Throws BridgeError `not_moved` for the first file that is not the same in both places. */
export async function compareFiles(
  moved: MovedFolder,
  { damaged, files }: FileSum,
  onProgress: FileProgress,
): Promise<void> {
  const { folder, table } = moved;
  const left = new Set(damaged);
  const names = (await namesIn(folder)).filter((name) => !left.has(name));
  const there = (await table.list()).length;
  if (there !== names.length)
    throw new BridgeError(
      'not_moved',
      `${folder} has ${names.length} files, and PostgreSQL ${there} of them`,
    );
  for (const [i, name] of names.entries()) {
    const file = await table.find(name);
    const [here, copied] = await Promise.all([
      hashOf(contentOf(moved, name)),
      file === undefined ? undefined : hashOf(file.read()),
    ]);
    if (here !== copied)
      throw new BridgeError('not_moved', `${join(folder, name)} is not the same in PostgreSQL`);
    onProgress(folder, i + 1, files);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await filesIn(folder)).filter((name) => !UNFINISHED.test(name));
}

function contentOf({ folder, isPacked }: MovedFolder, name: string): Readable {
  const file = createReadStream(join(folder, name));
  if (!isPacked) return file;
  const unzip = createGunzip();
  file.on('error', (error) => unzip.destroy(error));
  return file.pipe(unzip);
}

/** SHA-256, and how much it was. */
async function hashOf(content: Readable): Promise<string> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) continue;
    hash.update(chunk);
    length += chunk.length;
  }
  return `${length} ${hash.digest('hex')}`;
}
