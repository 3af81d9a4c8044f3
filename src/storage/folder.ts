// Files in a folder. What is being written lies under another name, and gets its own when all of it is on the disk.
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeFailure } from '../core/disk-full.ts';
import type { KeptFiles, ListedFile, OpenFile } from './kept-files.ts';

// Begins with a dot, as no log's path does.
const UNFINISHED = '.unfinished';

/** Files below this folder, which is made with the first one. */
export function folderFiles(directory: string): KeptFiles {
  return {
    place: directory,
    async write(path, content) {
      const target = join(directory, path);
      const unfinished = join(directory, UNFINISHED, randomUUID());
      try {
        await mkdir(dirname(unfinished), { recursive: true });
        await pipeline(content, createWriteStream(unfinished, { flags: 'wx', flush: true }));
        await moveInto(unfinished, target);
        await syncDirectory(dirname(target));
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => undefined);
        throw error;
      }
    },
    open: (path) => openFile(join(directory, path)),
    list: () => listFiles(directory),
    async remove({ path, unfinished }) {
      const file = join(directory, path);
      await rm(file, { force: true });
      if (!unfinished) await removeEmpty(dirname(file), directory);
    },
    explain: (error) => writeFailure(error, directory),
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

async function openFile(path: string): Promise<OpenFile | undefined> {
  let handle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
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
    modifiedAt: found.mtimeMs,
  };
}

async function listFiles(directory: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    },
  );
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const found = await stat(file).catch(() => undefined);
    if (found === undefined) continue;
    const path = relative(directory, file);
    const unfinished = path.split(sep)[0] === UNFINISHED;
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
