// A disk of the daemon's own that can be filled up: a small file system in memory. Where none may be mounted, a limit on
// the size of the daemon's files does instead: its writes fail as well, with another error.
import { execFile } from 'node:child_process';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { sleep } from '../../src/core/time.ts';

const run = promisify(execFile);

export interface Disk {
  /** What it is, for people. */
  kind: string;
  /** Full until the returned function is called. */
  fill: () => Promise<() => Promise<void>>;
  /** Takes it away, with all that is on it. */
  remove: () => Promise<void>;
}

const SIZE = '512m';

/** `pid` is asked for when the disk is filled. Without `own`, it is the disk that the folder is on. */
export async function createDisk(folder: string, pid: () => number | undefined, own = true): Promise<Disk> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  if (!own) return limitedFiles(folder, pid);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0750`, 'lava-bridge-chaos', folder]);
  } catch {
    return limitedFiles(folder, pid);
  }
  return {
    kind: `tmpfs of ${SIZE}`,
    fill: () => fillUp(folder),
    remove: async () => {
      await run('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

/** Writes until nothing more fits, and takes what becomes free. */
async function fillUp(folder: string): Promise<() => Promise<void>> {
  const name = `${folder}/filler`;
  const file = await open(name, 'w');
  const over = new AbortController();
  async function topUp(): Promise<void> {
    const { bsize, bavail } = await statfs(folder);
    for (let left = bsize * bavail; left > 0;) {
      const { bytesWritten } = await file.write(Buffer.alloc(Math.min(left, CHUNK)));
      left -= bytesWritten;
    }
  }
  const filling = (async () => {
    while (!over.signal.aborted) {
      await topUp().catch(() => undefined); // "no space left" is what is wanted
      await sleep(50);
    }
  })();
  return async () => {
    over.abort();
    await filling;
    await file.close();
    await rm(name);
  };
}

const CHUNK = 4 * 1024 * 1024;

function limitedFiles(folder: string, pid: () => number | undefined): Disk {
  const limit = async (bytes: string): Promise<void> => {
    const now = pid();
    // A daemon that is started again meanwhile has no limit.
    if (now !== undefined)
      await run('prlimit', ['--pid', String(now), `--fsize=${bytes}`]).catch(() => undefined);
  };
  return {
    kind: 'limit on file sizes (nothing is mounted here)',
    fill: async () => {
      await limit('4096:unlimited');
      return () => limit('unlimited');
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
