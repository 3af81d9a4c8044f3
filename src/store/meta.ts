// What the store keeps by a name: small things of its own, and the settings of those who use it.
import { sql, type Kysely } from 'kysely';
import type { Connection } from './connection.ts';
import type { StoreParts } from './contract.ts';
import { settingKey, type SettingKey, type SettingKind } from './settings.ts';
import type { Tables } from './tables.ts';

/** The mark of a database that a state is being moved to (move.ts): the instance that it will be. */
export const MOVING = 'moving';

/**
 * What the store keeps for itself. `counted`: the log of notes (note-log.ts) whose death was counted last; `origin`: in
 * PostgreSQL, what tells this database from one that was restored (store.ts).
 */
type OwnKey = 'schema' | 'compatible' | 'instance' | 'probe' | 'counted' | 'origin' | typeof MOVING;

/** What is kept under a name. */
export async function getMeta(db: Kysely<Tables>, key: OwnKey | SettingKey): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

/** Keeps it, in the place of what was kept under the name. */
export async function setMeta(db: Kysely<Tables>, key: OwnKey | SettingKey, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

/** The names of the settings of a kind that begin so, without the kind. */
export async function settingNames(
  db: Kysely<Tables>,
  kind: SettingKind,
  beginning: string,
): Promise<string[]> {
  const prefix = settingKey(kind, beginning);
  const rows = await db
    .selectFrom('meta')
    .select('key')
    .where('key', '>=', prefix)
    .where('key', '<', `${prefix}\u{10ffff}`)
    .execute();
  return rows.map(({ key }) => key.slice(settingKey(kind, '').length));
}

export function createSettingStore({
  read,
  write,
}: Connection): Pick<StoreParts, 'setting' | 'saveSetting' | 'dropSettings'> {
  return {
    setting: (key) => read((db) => getMeta(db, key)),
    saveSetting: (key, value) => write((tx) => setMeta(tx, key, value)),
    dropSettings: (kind, before) =>
      write(async (tx) => {
        const prefix = settingKey(kind, '');
        await tx
          .deleteFrom('meta')
          .where('key', '>=', prefix)
          .where('key', '<', `${prefix}\u{10ffff}`)
          .where(sql<number>`CAST(value AS bigint)`, '<', before)
          .execute();
      }),
  };
}
