// Where an installation has its state, and what the two kinds of databases do in different ways besides statements: which kind
// it is is asked here, and nowhere else.
import type { FileKeeper } from '../storage/kept-files.ts';
import type { Clock } from '../core/time.ts';
import type { Blobs } from './blobs.ts';
import type { Claim } from './alone.ts';
import type { Reader } from './reader.ts';
import { sqliteState } from './state-sqlite.ts';
import type { StorePlace } from './store.ts';

/** What was found of a database elsewhere: of what version it is, and what is wrong with it. */
export interface Look {
  version: string;
  faults: string[];
}

/** The state of an installation. Nothing is opened before it is used. */
export interface State extends FileKeeper {
  /** For people: the database's file, or its address without what is secret. */
  name: string;
  /** Where its files are; undefined: all of it is in a database elsewhere. */
  folder: string | undefined;
  /** Keeps a second daemon out where one alone may be. Throws BridgeError `in_use`. */
  claim: () => Claim;
  /** For those who only look. The store must have been opened before: that makes its tables. */
  openReader: () => Reader;
  /** LAVA's logs, and what waits to be uploaded. */
  blobs: Blobs;
  /** What has to be done all the time to keep the database in shape, besides what it does itself. */
  startUpkeep: (log: UpkeepLog) => { stop: () => Promise<void> };
  /** Reads all of the database; what is wrong with it. Nothing where it looks to that itself. */
  findDamage: (signal: AbortSignal) => Promise<string[]>;
  /** Damaged databases that were set aside and are still there, the newest first. */
  setAside: () => Promise<string[]>;
  /** Why it failed, for people. */
  explain: (error: unknown) => string;
  /** Whether a database elsewhere can be used; nothing where it is a file. Throws if it does not answer. */
  look: () => Promise<Look | undefined>;
  /** How much the database takes (bytes); undefined: that cannot be known now. */
  used: () => Promise<number | undefined>;
  /** Ends what was opened for files. */
  close: () => Promise<void>;
}

/** Where upkeep says what went wrong. */
interface UpkeepLog {
  warn: (facts: object, text: string) => void;
}

/** The state at a place. */
export async function openState(place: StorePlace, now: Clock = Date.now): Promise<State> {
  if ('sqlite' in place) return sqliteState(place.sqlite);
  // Loaded where it is used.
  const { postgresState } = await import('./state-postgres.ts');
  return postgresState(place.postgres, now);
}
