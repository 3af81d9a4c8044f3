// Files that are kept for others to read, in a folder or in the database: what both can do.
import type { Readable } from 'node:stream';

/** Which files: logs for people, or files that an admin gave for a test. */
type FileArea = 'logs' | 'files';

/** A file that is open for reading; whoever got it reads it to the end of a stream, or closes it. */
export interface OpenFile {
  /** Its bytes from `start` to `end`, both included; all of them if they are not there. To be called once. */
  read: (part?: { start: number; end: number }) => Readable;
  close: () => Promise<void>;
  /** Bytes. */
  size: number;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
}

/** A file as it is kept. */
export interface ListedFile {
  path: string;
  /** Bytes, as it lies there. */
  size: number;
  modifiedAt: number;
  /** It is being written, or was when the program died. */
  unfinished: boolean;
}

/** Where they are kept. A file is there whole or not at all. */
export interface KeptFiles {
  /** For people. */
  place: string;
  /** Replaces what was there. */
  write: (path: string, content: Readable) => Promise<void>;
  /** undefined: there is no such file. */
  open: (path: string) => Promise<OpenFile | undefined>;
  list: () => Promise<ListedFile[]>;
  /** No error if it is gone. */
  remove: (file: ListedFile) => Promise<void>;
  /** Why something could not be written or read, for people. */
  explain: (error: unknown) => string;
}

/** What keeps files of each area. */
export interface FileKeeper {
  files: (area: FileArea) => KeptFiles;
}
