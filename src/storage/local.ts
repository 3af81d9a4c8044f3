// Logs of our own, which the bridge serves itself: in a folder, or in the database. Old ones go by age, and the oldest go
// first when all together are too large.
import { Readable } from 'node:stream';
import { TemporaryError } from '../core/errors.ts';
import { DAY } from '../core/time.ts';
import type { KeptFiles, OpenFile } from './kept-files.ts';
import { checkLogPath, contentTypeOf, isLogPath, type LogStore } from './log-store.ts';

export interface LocalStoreOptions {
  files: KeptFiles;
  /** What readers put before `/logs/…`. */
  publicUrl: string;
}

/** How long files are kept (ms), and how large they may be together (bytes). */
interface Kept {
  maxAgeMs: number;
  maxBytes: number;
}

/** A file that is open for reading, as in OpenFile. */
export interface StoredFile extends OpenFile {
  contentType: string;
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

export function createLocalStore(options: LocalStoreOptions): LocalLogStore {
  const { files } = options;
  const publicUrl = options.publicUrl.replace(/\/+$/, '');

  async function sweep(now: number, { maxAgeMs, maxBytes }: Kept): Promise<Sweep> {
    const listed = (await files.list()).toSorted((a, b) => a.modifiedAt - b.modifiedAt);
    let keptBytes = listed.reduce((sum, { size }) => sum + size, 0);
    const result = { removedFiles: 0, removedBytes: 0 };
    for (const file of listed) {
      const age = now - file.modifiedAt;
      // What is being written is young; what a crash left is not.
      const goes = file.unfinished ? age > DAY : age > maxAgeMs || keptBytes > maxBytes;
      if (!goes) continue;
      await files.remove(file);
      result.removedFiles++;
      result.removedBytes += file.size;
      keptBytes -= file.size;
    }
    return { ...result, keptBytes };
  }

  return {
    async put(path, content) {
      checkLogPath(path);
      try {
        await files.write(path, content instanceof Readable ? content : Readable.from([content]));
      } catch (error) {
        throw new TemporaryError(
          'storage_failed',
          `${path} can't be kept in ${files.place}: ${files.explain(error)}`,
          { cause: error },
        );
      }
      return `${publicUrl}/logs/${path}`;
    },
    async open(path) {
      if (!isLogPath(path)) return undefined;
      try {
        const file = await files.open(path);
        return file && { ...file, contentType: contentTypeOf(path) };
      } catch (error) {
        throw new TemporaryError(
          'storage_failed',
          `${path} can't be read in ${files.place}: ${files.explain(error)}`,
          { cause: error },
        );
      }
    },
    sweep,
  };
}
