// Files from an admin's disk for a test of their own: LAVA fetches them from us. Each lies under a name that cannot be
// guessed, because LAVA has no password for it, and for a week.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { PermanentError } from '../core/errors.ts';
import { DAY } from '../core/time.ts';
import type { KeptFiles } from './kept-files.ts';
import { createLocalStore, type StoredFile } from './local.ts';

/** The largest file that is taken (bytes): a kernel with debug symbols, or its modules. */
export const LARGEST_FILE = 2 * 1024 ** 3;
const KEPT = { maxAgeMs: 7 * DAY, maxBytes: 20 * 1024 ** 3 };

/** What keeps such files. */
export interface OwnFiles {
  /**
   * Keeps a file under its name; gives the path that it is served at. Throws PermanentError (`bad_path` for a name with
   * other characters than letters, digits and `. _ -`; `storage_refused` for one that is too large) and TemporaryError.
   */
  put: (name: string, content: Readable) => Promise<string>;
  /** By what follows `/files/`; undefined: there is no such file. */
  open: (path: string) => Promise<StoredFile | undefined>;
  /** Removes what is too old or too much, as of `now` (ms). */
  sweep: (now: number) => Promise<unknown>;
}

/** Keeps them among these files. `largest`: for tests (bytes). */
export function openOwnFiles(kept: KeptFiles, largest = LARGEST_FILE): OwnFiles {
  const store = createLocalStore({ files: kept, publicUrl: '' });
  return {
    async put(name, content) {
      // A name is one segment of a path.
      if (name.includes('/')) throw new PermanentError('bad_path', `${JSON.stringify(name)} is no file name`);
      const path = `${randomBytes(16).toString('hex')}/${name}`;
      const count = { bytes: 0 };
      content.on('error', () => undefined); // whoever reads it hears of it
      try {
        const limited = Readable.from(upTo(largest, content, count), { objectMode: false });
        await store.put(path, limited, 'application/octet-stream');
      } catch (error) {
        if (count.bytes <= largest) throw error;
        throw new PermanentError('storage_refused', `${name} is larger than ${largest} bytes`);
      }
      return `/files/${path}`;
    },
    open: store.open,
    sweep: (now) => store.sweep(now, KEPT),
  };
}

/** The content; throws once it is more than so many bytes. Nothing is read before somebody reads it. */
async function* upTo(most: number, content: Readable, count: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    const piece = z.instanceof(Buffer).parse(chunk);
    count.bytes += piece.length;
    if (count.bytes > most) throw new Error('too large');
    yield piece;
  }
}
