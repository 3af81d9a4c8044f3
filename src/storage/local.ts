// Logs in a directory of our own, which the bridge serves itself. A file is there whole or it is not there; old ones go by
// age, and the oldest go first when all together are too large.
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeFailure } from '../core/disk-full.ts';
import { errorText, TemporaryError } from '../core/errors.ts';
import { DAY } from '../core/time.ts';
import { checkLogPath, contentTypeOf, isLogPath, type LogStore } from './log-store.ts';

export interface LocalStoreOptions {
  directory: string;
  /** What readers put before `/logs/…`. */
  publicUrl: string;
}

/** How long files are kept (ms), and how large they may be together (bytes). */
interface Kept {
  maxAgeMs: number;
  maxBytes: number;
}

/** A file that is open for reading; whoever got it reads it to the end of a stream, or closes it. */
export interface StoredFile {
  /** Its bytes from `start` to `end`, both included; all of them if they are not there. To be called once. */
  read: (part?: { start: number; end: number }) => Readable;
  close: () => Promise<void>;
  /** Bytes. */
  size: number;
  contentType: string;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
}

interface Sweep {
  removedFiles: number;
  removedBytes: number;
  keptBytes: number;
}

export interface LocalLogStore extends LogStore {
  /** undefined: there is no such file, or the path is none. */
  open: (path: string) => Promise<StoredFile | undefined>;
  /** Removes what is too old or too much, as of `now` (milliseconds since the epoch). */
  sweep: (now: number, kept: Kept) => Promise<Sweep>;
}

// Begins with a dot, as no log's path does.
const UNFINISHED = '.unfinished';

export function createLocalStore(options: LocalStoreOptions): LocalLogStore {
  const { directory } = options;
  const publicUrl = options.publicUrl.replace(/\/+$/, '');

  async function write(path: string, content: Uint8Array | Readable): Promise<void> {
    const target = join(directory, path);
    const unfinished = join(directory, UNFINISHED, randomUUID());
    try {
      await mkdir(dirname(unfinished), { recursive: true });
      const source = content instanceof Readable ? content : Readable.from([content]);
      await pipeline(source, createWriteStream(unfinished, { flags: 'wx', flush: true }));
      await moveInto(unfinished, target);
      await syncDirectory(dirname(target));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw new TemporaryError(
        'storage_failed',
        `${path} can't be kept in ${directory}: ${writeFailure(error, directory)}`,
      );
    }
  }

  async function sweep(now: number, { maxAgeMs, maxBytes }: Kept): Promise<Sweep> {
    const files = (await listFiles(directory)).toSorted((a, b) => a.modifiedAt - b.modifiedAt);
    let keptBytes = files.reduce((sum, { size }) => sum + size, 0);
    const result = { removedFiles: 0, removedBytes: 0 };
    for (const { path, size, modifiedAt, unfinished } of files) {
      const age = now - modifiedAt;
      // What is being written is young; what a crash left is not.
      const goes = unfinished ? age > DAY : age > maxAgeMs || keptBytes > maxBytes;
      if (!goes) continue;
      await rm(path, { force: true });
      if (!unfinished) await removeEmpty(dirname(path), directory);
      result.removedFiles++;
      result.removedBytes += size;
      keptBytes -= size;
    }
    return { ...result, keptBytes };
  }

  return {
    put: async (path, content) => {
      checkLogPath(path);
      await write(path, content);
      return `${publicUrl}/logs/${path}`;
    },
    open: async (path) =>
      isLogPath(path) ? openFile(join(directory, path), contentTypeOf(path)) : undefined,
    sweep,
  };
}

const TRIES = 3;

// A sweep may remove the directory, just made and still empty, before the file is in it.
async function moveInto(from: string, to: string): Promise<void> {
  for (let i = 1; ; i++) {
    await mkdir(dirname(to), { recursive: true });
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || i === TRIES) throw error;
    }
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, contentType: string): Promise<StoredFile | undefined> {
  let handle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw new TemporaryError('storage_failed', `${path} can't be read: ${errorText(error)}`);
  }
  const found = await handle.stat();
  if (!found.isFile()) {
    await handle.close();
    return undefined;
  }
  return {
    read: (part = { start: 0, end: Infinity }) => handle.createReadStream(part),
    close: () => handle.close(),
    size: found.size,
    contentType,
    modifiedAt: found.mtimeMs,
  };
}

interface Listed {
  path: string;
  size: number;
  modifiedAt: number;
  unfinished: boolean;
}

async function listFiles(directory: string): Promise<Listed[]> {
  const files: Listed[] = [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    },
  );
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    const unfinished = relative(directory, entry.parentPath) === UNFINISHED;
    files.push({ path, size: found.size, modifiedAt: found.mtimeMs, unfinished });
  }
  return files;
}

async function removeEmpty(from: string, root: string): Promise<void> {
  for (
    let directory = from;
    directory !== root && directory.startsWith(root);
    directory = dirname(directory)
  ) {
    try {
      await rmdir(directory);
    } catch {
      return; // Not empty, or gone already.
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
