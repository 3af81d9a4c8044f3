// Folders for tests; what a test made there goes when it ends. They lie in memory where there is room: the store syncs each
// step to the disk, and on a busy one that takes most of the tests' time. What a power cut leaves, no test here looks at.
import { statfsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd, atEndOfFile } from './at-end.ts';

const MEMORY = '/dev/shm';
const ROOM = 1024 ** 3;
const base = hasRoom(MEMORY) ? MEMORY : tmpdir();

/** A new folder that is removed when the test ends, or all tests of its file have. */
export async function newFolder(until: 'test' | 'file' = 'test'): Promise<string> {
  const folder = await mkdtemp(join(base, 'lava-bridge-test-'));
  // Not before what the test started in it was stopped: that still writes there.
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  if (until === 'test') atEnd(remove);
  else atEndOfFile(remove);
  return folder;
}

/** A new folder with these files, by their relative paths. It stays until all tests of the file have ended. */
export async function makeFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await newFolder('file');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM;
  } catch {
    return false; // not on Linux
  }
}
