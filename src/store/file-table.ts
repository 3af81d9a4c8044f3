// Files in the database, for PostgreSQL: in parts that are packed each by itself, so that none is held in memory as a whole
// and reading may begin anywhere. A file is written under another area, part by part, and gets its name with the last one:
// it is complete or it is not there. No transaction waits for where the bytes come from.
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { TemporaryError } from '../core/errors.ts';
import { DAY, type Clock } from '../core/time.ts';
import type { Connection } from './connection.ts';

/** Of what kind files are: LAVA's logs and what waits to be uploaded, logs for people, files for tests. */
export type FileTableArea = 'evidence' | 'logs' | 'files';

/** Where a file is while it is written. What is older than a day was left by a death. */
const UNFINISHED = 'unfinished';
const UNFINISHED_FOR = DAY;

/** Bytes of one part, unpacked: of a log some tens of KiB, packed. */
const PART = 256 * 1024;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** What a file is made of. */
type Content = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** A file that is there. */
export interface TableFile {
  name: string;
  /** Bytes, unpacked. */
  length: number;
  /** Bytes, as they are stored. */
  size: number;
  /** ms. */
  modifiedAt: number;
  /** Its bytes from `start` to `end`, both included; all of them if they are not there. A part that is gone ends it with ENOENT. */
  read: (part?: { start: number; end: number }) => Readable;
  /** All of it as it is stored: gzip. */
  readPacked: () => Readable;
}

/** The files of one area. */
export interface FileTable {
  /**
   * Stores a file, or replaces it; `modifiedAt` (ms): of a copy. Throws TemporaryError if it was taken for one that a death
   * had left.
   */
  put: (name: string, content: Content, modifiedAt?: number) => Promise<void>;
  find: (name: string) => Promise<TableFile | undefined>;
  /** Gives a file another name. False if there is none, unless it has that name already. */
  move: (from: string, to: string) => Promise<boolean>;
  list: () => Promise<Pick<TableFile, 'name' | 'size' | 'modifiedAt'>[]>;
  /** Removes a file, or all below a folder; no error if there is none. */
  remove: (name: string) => Promise<void>;
}

/** Files of this area; none is read or written before it is asked for. */
export function createFileTable(
  { read, write, jot }: Connection,
  area: FileTableArea,
  now: Clock,
): FileTable {
  const find: FileTable['find'] = (name) =>
    read(async (db) => {
      const row = await db
        .selectFrom('files')
        .select(['id', 'length', 'size', 'partLength', 'modifiedAt'])
        .where('area', '=', area)
        .where('name', '=', name)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { id, partLength, ...facts } = row;
      const all = { start: 0, end: row.length - 1 };
      return {
        name,
        ...facts,
        read: (part = all) => Readable.from(piecesOf(id, partLength, part), { objectMode: false }),
        readPacked: () => Readable.from(packedParts(id, 0, lastPart(row)), { objectMode: false }),
      };
    });

  async function* packedParts(id: number, first: number, last: number): AsyncGenerator<Uint8Array> {
    for (let n = first; n <= last; n++) {
      const row = await read((db) =>
        db
          .selectFrom('fileParts')
          .select('data')
          .where('fileId', '=', id)
          .where('n', '=', n)
          .executeTakeFirst(),
      );
      if (row === undefined) throw new MissingFileError('a file of the store was removed while it was read');
      yield row.data;
    }
  }

  async function* piecesOf(
    id: number,
    partLength: number,
    { start, end }: { start: number; end: number },
  ): AsyncGenerator<Uint8Array> {
    const first = Math.floor(start / partLength);
    let at = first * partLength;
    for await (const data of packedParts(id, first, Math.floor(end / partLength))) {
      const bytes = await unzip(data, { maxOutputLength: partLength });
      yield bytes.subarray(Math.max(0, start - at), end + 1 - at);
      at += partLength;
    }
  }

  return {
    find,
    put: (name, content, modifiedAt) => putFile({ write, jot }, { area, name, content, modifiedAt, now }),
    move: (from, to) =>
      write(async (tx) => {
        const found = async (name: string): Promise<boolean> =>
          (await tx
            .selectFrom('files')
            .select('id')
            .where('area', '=', area)
            .where('name', '=', name)
            .executeTakeFirst()) !== undefined;
        if (!(await found(from))) return found(to);
        if (from === to) return true;
        await tx.deleteFrom('files').where('area', '=', area).where('name', '=', to).execute();
        await tx
          .updateTable('files')
          .set({ name: to })
          .where('area', '=', area)
          .where('name', '=', from)
          .execute();
        return true;
      }),
    list: () =>
      read((db) =>
        db
          .selectFrom('files')
          .select(['name', 'size', 'modifiedAt'])
          .where('area', '=', area)
          .orderBy('modifiedAt')
          .execute(),
      ),
    remove: (name) =>
      write(async (tx) => {
        const own = tx.deleteFrom('files').where('area', '=', area);
        await own.where('name', '=', name).execute();
        // What is below a folder comes right after it: `0` follows `/`.
        await own.where('name', '>=', `${name}/`).where('name', '<', `${name}0`).execute();
      }),
  };
}

interface NewFile {
  area: FileTableArea;
  name: string;
  content: Content;
  modifiedAt: number | undefined;
  now: Clock;
}

/** Writes a file under another area, and gives it its own with the last part. */
async function putFile(
  connection: Pick<Connection, 'write' | 'jot'>,
  { area, name, content, modifiedAt, now }: NewFile,
): Promise<void> {
  const { write, jot } = connection;
  // One that breaks before it is read is heard of when it is read; without a listener the process would end.
  if (content instanceof Readable) content.on('error', () => undefined);
  const id = await beginFile(connection, now);
  let length = 0;
  let size = 0;
  let n = 0;
  try {
    for await (const bytes of piecesIn(content, PART)) {
      const data = await zip(bytes, { level: constants.Z_BEST_SPEED });
      const part = { fileId: id, n: n++, data };
      // The last write of the file syncs this one as well.
      await jot(async (db) => {
        await db.insertInto('fileParts').values(part).execute();
      });
      length += bytes.length;
      size += data.length;
    }
    await write(async (tx) => {
      await tx.deleteFrom('files').where('area', '=', area).where('name', '=', name).execute();
      const { numUpdatedRows } = await tx
        .updateTable('files')
        .set({ area, name, length, size, modifiedAt: modifiedAt ?? now() })
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n)
        throw new TemporaryError('storage_failed', `${name} took too long to be written`);
    });
  } catch (error) {
    // If this fails as well, it goes with what deaths leave.
    await write(async (tx) => {
      await tx.deleteFrom('files').where('id', '=', id).where('area', '=', UNFINISHED).execute();
    }).catch(() => undefined);
    throw error;
  }
}

/** A row for what is to be written; what deaths left goes on that occasion. */
async function beginFile({ write }: Pick<Connection, 'write'>, now: Clock): Promise<number> {
  return write(async (tx) => {
    await tx
      .deleteFrom('files')
      .where('area', '=', UNFINISHED)
      .where('modifiedAt', '<', now() - UNFINISHED_FOR)
      .execute();
    const { id } = await tx
      .insertInto('files')
      .values({
        area: UNFINISHED,
        name: randomUUID(),
        length: 0,
        size: 0,
        partLength: PART,
        modifiedAt: now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  });
}

/** A file that is not there, or not all of it: as a file system says so. */
export class MissingFileError extends Error {
  readonly code = 'ENOENT';
}

function lastPart({ length, partLength }: { length: number; partLength: number }): number {
  return Math.max(1, Math.ceil(length / partLength)) - 1;
}

/** The bytes of a content, so many at a time; one piece at least, be it empty. */
async function* piecesIn(content: Content, size: number): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  let isEmpty = true;
  for await (const chunk of content) {
    let bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    isEmpty &&= bytes.length === 0;
    while (length + bytes.length >= size) {
      const head = bytes.subarray(0, size - length);
      yield Buffer.concat([...waiting, head]);
      bytes = bytes.subarray(head.length);
      waiting = [];
      length = 0;
    }
    if (bytes.length === 0) continue;
    waiting.push(bytes);
    length += bytes.length;
  }
  if (length > 0 || isEmpty) yield Buffer.concat(waiting);
}
