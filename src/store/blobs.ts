// LAVA's logs and other large things of jobs, next to an SQLite database (PostgreSQL's are in it: database-blobs.ts): gzipped, one file
// each. A file is complete or it is not there: it is written under another name, synced, and renamed before the record that names it
// is stored.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, constants } from 'node:zlib';
import { isDiskFull, writeFailure } from '../core/disk-full.ts';
import { BridgeError, TemporaryError } from '../core/errors.ts';

export interface Blobs {
  /** Stores the bytes under `name` (a relative path), gzipped; replaces what was there. */
  put(
    name: string,
    source: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  ): Promise<void>;
  /** The bytes as they were put. Throws ENOENT through the stream if there is no such blob. */
  read(name: string): Readable;
  /** As it lies on the disk, gzipped. */
  readGzip(name: string): Readable;
  has(name: string): Promise<boolean>;
  /** Gives a blob another name. False if there is none, unless it has that name already. */
  move(from: string, to: string): Promise<boolean>;
  /** All files, the unfinished ones among them. */
  list(): Promise<StoredBlob[]>;
  /** Removes a blob or all below a folder; no error if there is none. */
  remove(name: string): Promise<void>;
}

/** A file as it lies on the disk. */
interface StoredBlob {
  /** The job that it belongs to. */
  jobId: string;
  /** Bytes. */
  size: number;
  /** When it was written (ms). */
  modifiedAt: number;
}

/** Blobs below `root`, which is made with the first one. Throws on names that lead out of it. */
export function openBlobs(root: string): Blobs {
  const base = resolve(root);

  function pathOf(name: string): string {
    const path = resolve(base, name);
    if (!path.startsWith(base + sep))
      throw new BridgeError('blob', `${JSON.stringify(name)} is no blob's name`);
    return path;
  }

  const has = (name: string): Promise<boolean> =>
    stat(pathOf(name)).then(
      () => true,
      () => false,
    );

  return {
    async put(name, source) {
      const path = pathOf(name);
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      const temporary = `${path}.new`;
      try {
        await pipeline(
          Readable.from(source, { objectMode: true }),
          createGzip({ level: constants.Z_BEST_SPEED }),
          createWriteStream(temporary, { flush: true, mode: 0o640 }),
        );
      } catch (error) {
        await rm(temporary, { force: true });
        if (!isDiskFull(error)) throw error;
        throw new TemporaryError('disk_full', writeFailure(error, base), { cause: error });
      }
      await rename(temporary, path);
      await syncFolder(dirname(path));
    },
    read(name) {
      const unzip = createGunzip();
      const file = createReadStream(pathOf(name));
      file.on('error', (error) => unzip.destroy(error));
      return file.pipe(unzip);
    },
    readGzip: (name) => createReadStream(pathOf(name)),
    has,
    async move(from, to) {
      if (!(await has(from))) return has(to);
      const path = pathOf(to);
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      await rename(pathOf(from), path);
      await syncFolder(dirname(path));
      return true;
    },
    list: () => listFiles(base),
    remove: (name) => rm(pathOf(name), { recursive: true, force: true }),
  };
}

/** Whether a blob could not be read because it is gone, or damaged. */
export function isBlobLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR';
}

/** Where all blobs of a job lie. */
export function blobFolder(jobId: string): string {
  return jobId.replace(':', '/');
}

/** The job that a blob belongs to; undefined: its name is not that of a job's. */
export function jobOfBlob(name: string): string | undefined {
  const [lab, node, ...rest] = name.split('/');
  return node === undefined || rest.length === 0 ? undefined : `${lab}:${node}`;
}

async function listFiles(base: string): Promise<StoredBlob[]> {
  const files: StoredBlob[] = [];
  const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const jobId = jobOfBlob(relative(base, path).split(sep).join('/'));
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || jobId === undefined) continue;
    files.push({ jobId, size: found.size, modifiedAt: found.mtimeMs });
  }
  return files;
}

/** A rename is only as durable as its folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Where an installation with this store keeps its files. */
export function stateFolder(store: { sqlite: string }): string {
  return dirname(store.sqlite);
}

/** Where it keeps the evidence of its jobs. */
export function evidenceFolder(state: string): string {
  return join(state, 'evidence');
}
