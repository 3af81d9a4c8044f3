// What SQLite itself finds wrong with a database.
import { DatabaseSync } from 'node:sqlite';
import { isDamage } from './sqlite-errors.ts';

/** More findings than that say nothing new. */
const MOST_FINDINGS = 10;

/**
 * What is wrong with the database in this file, which may be in use; nothing if it is sound. All of it is read, before this
 * returns. Throws what is no damage: a file that may not be read.
 */
export function quickCheck(file: string): string[] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const found = database.prepare(`PRAGMA quick_check(${MOST_FINDINGS})`).all();
    return found
      .flatMap((row) => String(row['quick_check']).split('\n'))
      .filter((text) => text !== 'ok' && !text.startsWith('***'));
  } catch (error) {
    if (isDamage(error) && error instanceof Error) return [error.message];
    throw error;
  } finally {
    database?.close();
  }
}
