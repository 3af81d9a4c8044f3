// Large things in the database itself: LAVA's logs, and what waits to be uploaded.
import { PassThrough, type Readable } from 'node:stream';
import { isDiskFull } from '../core/disk-full.ts';
import { TemporaryError } from '../core/errors.ts';
import { jobOfBlob, type Blobs } from './blobs.ts';
import { MissingFileError, type FileTable, type TableFile } from './file-table.ts';

/** Blobs among the files of this table. `explain` puts a failure into words. */
export function databaseBlobs(table: FileTable, explain: (error: unknown) => string): Blobs {
  function stream(name: string, read: (file: TableFile) => Readable): Readable {
    const bytes = new PassThrough();
    table.find(name).then(
      (file) => {
        if (file === undefined) return bytes.destroy(new MissingFileError(`there is no ${name}`));
        const source = read(file);
        source.on('error', (error) => bytes.destroy(error));
        bytes.on('close', () => source.destroy());
        return source.pipe(bytes);
      },
      (error: Error) => bytes.destroy(error),
    );
    return bytes;
  }

  return {
    async put(name, source) {
      try {
        await table.put(name, source);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        throw new TemporaryError('disk_full', explain(error), { cause: error });
      }
    },
    read: (name) => stream(name, (file) => file.read()),
    readGzip: (name) => stream(name, (file) => file.readPacked()),
    has: async (name) => (await table.find(name)) !== undefined,
    move: (from, to) => table.move(from, to),
    list: async () =>
      (await table.list()).flatMap(({ name, size, modifiedAt }) => {
        const jobId = jobOfBlob(name);
        return jobId === undefined ? [] : [{ jobId, size, modifiedAt }];
      }),
    remove: (name) => table.remove(name),
  };
}
