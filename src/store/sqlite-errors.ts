// What SQLite's errors mean: a file that is damaged, or no database at all.

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** The database's file is damaged, or is no database. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** SQLite's code of an error, without what more it says. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}
