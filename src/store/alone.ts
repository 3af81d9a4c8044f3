// Keeps a second daemon from the same state: both would submit, follow and report the same jobs.
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { BridgeError, errorText } from '../core/errors.ts';

/** What keeps others out; it ends with the process, however that ends. */
export interface Claim {
  release: () => void;
}

/**
 * Claims a daemon's state folder (made if it is not there) for this process. SQLite holds the lock, because Node itself
 * can't lock a file. Throws BridgeError `in_use` if another process has it.
 */
export function claimFolder(folder: string): Claim {
  const file = `${folder}/daemon.lock`;
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    database = new DatabaseSync(file);
    // Without a journal on the disk nothing is written there, so that a full disk does not prevent a start.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    leaveToOwner(file, folder);
  } catch (error) {
    database?.close();
    if (isBusy(error)) {
      throw new BridgeError(
        'in_use',
        `another lava-bridge works with ${folder}; end it, or set another store`,
      );
    }
    throw new BridgeError('store', `${file} cannot be locked: ${errorText(error)}`);
  }
  const held = database;
  return { release: () => held.close() };
}

/** A command that root runs must not keep the daemon, which has another user, from the file later. */
function leaveToOwner(file: string, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  chownSync(file, uid, gid);
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
