// A database, whichever it is, as the store uses it: statements through kysely, a few words of its own, and locks that the
// two kinds take in different ways.
import type { ColumnBuilderCallback, ColumnDataType, Kysely, RawBuilder } from 'kysely';
import type { Connection } from './connection.ts';
import type { WorkNotes } from './contract.ts';
import type { Notice, Notices } from './notices.ts';
import type { Tables } from './tables.ts';

/** What a column's type is called in this database. */
export interface ColumnTypes {
  /** A primary key that the database counts up for each new row. */
  counter: { type: ColumnDataType | RawBuilder<unknown>; as: ColumnBuilderCallback };
  /** Text that is compared byte by byte. */
  id: ColumnDataType | RawBuilder<unknown>;
  bytes: ColumnDataType | RawBuilder<unknown>;
}

/** What tells a database from another one that was restored, copied or promoted, and its time (ms). */
interface Origin {
  text: string;
  now: number;
}

/** An open database. */
export interface Database {
  db: Kysely<Tables>;
  connection: Connection;
  types: ColumnTypes;
  /** Where several daemons may work on it at once: how the process `from` tells the others what changed, and hears them. */
  notices?: (from: string, onNotice: (notice: Notice) => void) => Notices;
  /** Where one daemon alone works on it: the notes of what is under way in it. */
  notes?: WorkNotes;
  /** Missing: its files are restored by our own command, which says so. */
  origin?: () => Promise<Origin>;
  /** Runs while no other process migrates this database. */
  migrateAlone: <T>(work: () => Promise<T>) => Promise<T>;
  /** How large what is stored is, and what of the file is free (bytes). */
  size: () => Promise<{ used: number; free: number }>;
  /** Gives a piece of what is free back to the disk; false: there is nothing more to give. */
  shrink: () => Promise<boolean>;
  /** Why it failed, for people. */
  explain: (error: unknown) => string;
  close: () => Promise<void>;
}
