// The state of an installation with PostgreSQL: all of it is in the database, so that each daemon reaches all. Pages and large
// things have few connections of their own: neither keeps the work from the others.
import { sql } from 'kysely';
import { postgresName } from '../config/postgres-url.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import type { KeptFiles } from '../storage/kept-files.ts';
import { createFileTable, type FileTable } from './file-table.ts';
import { databaseBlobs } from './database-blobs.ts';
import { openConnection, openPool } from './postgres.ts';
import { explainPostgres, lookAtPostgres } from './postgres-faults.ts';
import { onlyTheFirst } from './postgres-origin.ts';
import { USES } from './postgres-session.ts';
import type { Reader } from './reader.ts';
import { createReads } from './reads.ts';
import type { State } from './state.ts';

/** More questions than that are not kept waiting. */
const MOST_WAITING = 2000;

export function postgresState(url: string, now: Clock): State {
  const name = postgresName(url);
  const { db, connection, close } = openConnection(url, USES.files, onlyTheFirst());
  const explain = (error: unknown): string =>
    explainPostgres(error, name, 'what is to be stored waits, and goes on by itself');
  return {
    name,
    folder: undefined,
    claim: () => ({ release: () => undefined }),
    openReader: () => openPooledReader(url, name),
    blobs: databaseBlobs(createFileTable(connection, 'evidence', now), explain),
    files: (area) => keptFiles(createFileTable(connection, area, now), `${name} (${area})`, explain),
    startUpkeep: () => ({ stop: async () => undefined }),
    findDamage: async () => [],
    setAside: async () => [],
    explain,
    look: () =>
      lookAtPostgres(db).catch((error: unknown) => {
        throw new BridgeError('store', explainPostgres(error, name), { cause: error });
      }),
    async used() {
      const found = await sql<{ bytes: number }>`SELECT pg_database_size(current_database()) AS bytes`
        .execute(db)
        .catch(() => undefined);
      return found?.rows[0]?.bytes;
    },
    close,
  };
}

function openPooledReader(url: string, name: string): Reader {
  const { pool, db } = openPool(url, USES.reader);
  const refuse = (): never => {
    throw new BridgeError('internal', 'the reader does not write');
  };
  const reads = createReads({
    read: async (work) => {
      if (pool.waitingCount >= MOST_WAITING)
        throw new BridgeError('busy', 'too many questions to the store at once');
      try {
        return await work(db);
      } catch (error) {
        if (error instanceof BridgeError) throw error;
        throw new BridgeError('store', explainPostgres(error, name), { cause: error });
      }
    },
    write: refuse,
    jot: refuse,
  });
  return { ...reads, close: () => db.destroy() };
}

function keptFiles(table: FileTable, place: string, explain: (error: unknown) => string): KeptFiles {
  return {
    place,
    write: (path, content) => table.put(path, content),
    async open(path) {
      const file = await table.find(path);
      return (
        file && {
          read: file.read,
          close: async () => undefined,
          size: file.length,
          modifiedAt: file.modifiedAt,
        }
      );
    },
    list: async () =>
      (await table.list()).map(({ name, ...facts }) => ({ path: name, ...facts, unfinished: false })),
    remove: ({ path }) => table.remove(path),
    explain,
  };
}
