// A full disk, in words: whichever way it shows (SQLite, PostgreSQL, a file that is written), and what to do.
import { errorText } from './errors.ts';

const SQLITE_FULL = 13;
/** Of the file system, and of PostgreSQL (`disk_full`). */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', '53100']);

/** Whether something could not be written because there is no room for it. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number') return (error.errcode & 0xff) === SQLITE_FULL;
  return 'code' in error && typeof error.code === 'string' && NO_ROOM.has(error.code);
}

/** What is said of a failure to write below a folder, or to a database. */
export function writeFailure(error: unknown, place: string): string {
  if (!isDiskFull(error)) return errorText(error);
  return `the disk of ${place} is full: make room there, or keep less (retention in the configuration); what is to be stored waits, and goes on by itself`;
}
