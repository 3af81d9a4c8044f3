// The state of an installation with SQLite: a file, and folders next to it. One daemon alone has them.
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFailure } from '../core/disk-full.ts';
import { folderFiles } from '../storage/folder.ts';
import { claimFolder } from './alone.ts';
import { evidenceFolder, openBlobs, stateFolder } from './blobs.ts';
import { startCheckpoints } from './checkpoints.ts';
import { checkDatabase, storesSetAside } from './damage.ts';
import { openReader } from './open-reader.ts';
import type { State } from './state.ts';

export function sqliteState(file: string): State {
  const folder = stateFolder({ sqlite: file });
  return {
    name: file,
    folder,
    claim: () => claimFolder(folder),
    openReader: () => openReader(file),
    blobs: openBlobs(evidenceFolder(folder)),
    files: (area) => folderFiles(join(folder, area)),
    startUpkeep: (log) => startCheckpoints(file, log),
    findDamage: (signal) => checkDatabase(file, signal),
    setAside: () => storesSetAside(file),
    explain: (error) => writeFailure(error, dirname(file)),
    look: async () => undefined,
    used: () => usedBy(file),
    close: async () => undefined,
  };
}

/** The database with its write-ahead log. */
async function usedBy(file: string): Promise<number> {
  const sizes = await Promise.all(
    [file, `${file}-wal`].map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
