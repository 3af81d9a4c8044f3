// Opens the store: makes or upgrades its schema, and puts its parts together.
import { type Kysely, sql } from 'kysely';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import { forgetFuture } from './clock.ts';
import type { Store, StoreParts } from './contract.ts';
import { createAgeStore } from './ages.ts';
import { createAttemptStore } from './attempts.ts';
import { announced } from './feed.ts';
import { mendDatabase, type Damage } from './damage.ts';
import { keepInstance, newInstance } from './instance.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createDeviceStore } from './devices.ts';
import { createHistoryStore } from './history.ts';
import { createJobStore } from './jobs.ts';
import { MIGRATIONS } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import type { Database } from './database.ts';
import { openPostgres } from './postgres.ts';
import type { Tables } from './tables.ts';
import { keepCopy, refuseHalfRestored } from './store-copies.ts';
import { createWorkNotes } from './under-way.ts';
import { settingKey, type SettingKey } from './settings.ts';

/** Where the state lies: a file, or a PostgreSQL database by its URL. */
export type StorePlace = { sqlite: string } | { postgres: string };

/**
 * Opens the store of the configuration, making or upgrading its schema; a file is copied before an upgrade. With `onDamage` a
 * file is looked through first, and one that is damaged is replaced. Throws BridgeError `store`, or `newer_store` for one that
 * this program does not know yet.
 */
export async function openStore(
  place: StorePlace,
  now: Clock = Date.now,
  onDamage?: (damage: Damage) => void,
): Promise<Store> {
  if ('sqlite' in place) refuseHalfRestored(place.sqlite);
  if ('sqlite' in place && onDamage !== undefined) {
    const damage = await mendDatabase(place.sqlite, now(), makeEmpty);
    if (damage !== undefined) onDamage(damage);
  }
  const database = 'sqlite' in place ? openSqlite(place.sqlite) : await openPostgres(place.postgres);
  try {
    const instanceId = await database.migrateAlone(async () => {
      await migrate(database, place);
      return instance(database.db);
    });
    if ('sqlite' in place) await keepInstance(place.sqlite, instanceId);
    return createStore(database, instanceId, now);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** An empty store in a new file; `schema`: of an older version. */
async function makeEmpty(file: string, schema: number | undefined): Promise<void> {
  const database = openSqlite(file);
  try {
    await migrate(database, { sqlite: file }, schema);
  } finally {
    await database.close();
  }
}

async function migrate({ db, types }: Database, place: StorePlace, until = MIGRATIONS.length): Promise<void> {
  await db.schema
    .createTable('meta')
    .ifNotExists()
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'schema').executeTakeFirst();
  const version = row === undefined ? 0 : Number(row.value);
  if (version > MIGRATIONS.length) {
    throw new BridgeError(
      'newer_store',
      `the store was written by a newer lava-bridge (schema ${version}, this one knows ${MIGRATIONS.length}); upgrade again, or put back the copy from before the upgrade (docs/upgrade.md)`,
    );
  }
  if ('sqlite' in place && version > 0 && version < MIGRATIONS.length)
    await keepCopy(db, place.sqlite, version);
  for (const [i, migration] of MIGRATIONS.entries()) {
    if (i < version || i >= until) continue;
    await db.transaction().execute(async (tx) => {
      await migration(tx, types);
      await setMeta(tx, 'schema', String(i + 1));
    });
  }
}

async function instance(db: Kysely<Tables>): Promise<string> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'instance').executeTakeFirst();
  if (row) return row.value;
  const made = newInstance();
  await setMeta(db, 'instance', made);
  return made;
}

/** What the store keeps for itself. */
type OwnKey = 'schema' | 'instance' | 'probe';

async function setMeta(db: Kysely<Tables>, key: OwnKey | SettingKey, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

function createStore(
  { db, connection, size, shrink, close }: Database,
  instanceId: string,
  now: Clock,
): Store {
  const { read, write } = connection;
  return announced<StoreParts>({
    instanceId,
    ...createJobStore(connection, now),
    ...createAttemptStore(connection),
    ...createHistoryStore(connection, now),
    ...createWorkNotes(connection),
    ...createDeliveryStore(connection, now),
    ...createAgeStore(connection),
    ...createDeviceStore(connection),

    setting: (key) =>
      read(async () => {
        const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
        return row?.value;
      }),
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

    forgetFuture: (longest) => write((tx) => forgetFuture(tx, now(), longest)),

    drains: () => read(() => db.selectFrom('drains').selectAll().execute()),
    drain: (lab, board, why) =>
      write(async (tx) => {
        await tx
          .insertInto('drains')
          .values({ lab, board, why, since: now() })
          .onConflict((c) => c.columns(['lab', 'board']).doUpdateSet({ why }))
          .execute();
      }),
    resume: (lab, board) =>
      write(async (tx) => {
        const gone = await tx
          .deleteFrom('drains')
          .where('lab', '=', lab)
          .where('board', '=', board)
          .executeTakeFirst();
        return gone.numDeletedRows > 0n;
      }),

    size: () => read(size),
    shrink: () => read(shrink),

    probe: () => write((tx) => setMeta(tx, 'probe', String(now()))),

    close: () => read(close),
  });
}
