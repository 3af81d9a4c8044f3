// Copies next to the store's file: what a restore has not put in its place yet, and the store from before an upgrade.
import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { BridgeError, errorText } from '../core/errors.ts';
import type { Tables } from './tables.ts';

/** The end of the names of what a restore unpacks, before it takes the place of what was there. */
export const BEING_RESTORED = '.restoring';

/** Throws BridgeError `store` if a restore into this file was cut off. */
export function refuseHalfRestored(file: string): void {
  if (!existsSync(file + BEING_RESTORED)) return;
  throw new BridgeError(
    'store',
    `a restore into ${file} was not finished; run \`lava-bridge restore\` again`,
  );
}

/** Keeps the store as it is before its schema is upgraded from `version`; the copy of an earlier upgrade goes. */
export async function keepCopy(db: Kysely<Tables>, file: string, version: number): Promise<void> {
  const folder = dirname(file);
  const begin = `${basename(file)}.schema-`;
  const old = (await readdir(folder)).filter((name) => name.startsWith(begin));
  const copy = join(folder, `${begin}${version}`);
  const partial = `${copy}.new`;
  try {
    await rm(partial, { force: true });
    await sql`VACUUM INTO ${partial}`.execute(db);
    for (const name of old) await rm(join(folder, name), { force: true });
    await rename(partial, copy);
  } catch (error) {
    await rm(partial, { force: true });
    throw new BridgeError(
      'store',
      `the store ${file} cannot be copied before its upgrade: ${errorText(error)}`,
      { cause: error },
    );
  }
}
