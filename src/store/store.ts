// Opens the store: makes or upgrades its schema, and puts its parts together.
import type { Kysely } from 'kysely';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import { forgetFuture } from './clock.ts';
import type { Store, StoreParts } from './contract.ts';
import { createAgeStore } from './ages.ts';
import { createAttemptStore } from './attempts.ts';
import { createFeed } from './feed.ts';
import { LOST_BEFORE, mendDatabase, type Damage } from './damage.ts';
import { keepInstance, newInstance, newProcess } from './instance.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createDeviceStore } from './devices.ts';
import { createHistoryStore } from './history.ts';
import { createJobStore } from './jobs.ts';
import { COMPATIBLE_WITH, MIGRATIONS } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';
import { keepCopy, refuseHalfRestored } from './store-copies.ts';
import { createSubmissionStore } from './submissions.ts';
import { createWorkNotes } from './under-way.ts';
import { createLeaseStore, forgetProcesses, underLease } from './leases.ts';
import { createSettingStore, getMeta, MOVING, setMeta } from './meta.ts';
import { createDrainStore } from './drains.ts';
import type { Connection } from './connection.ts';

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
  const database = 'sqlite' in place ? openSqlite(place.sqlite) : await openPostgresAt(place.postgres);
  try {
    const instanceId = await database.migrateAlone(async () => {
      await migrate(database, place);
      await refuseHalfMoved(database.db);
      await noticeRestore(database);
      return instance(database.db);
    });
    if ('sqlite' in place) await keepInstance(place.sqlite, instanceId);
    return createStore(database, instanceId, now);
  } catch (error) {
    await database.close();
    throw notOpened(error, database);
  }
}

function notOpened(error: unknown, { explain }: Database): unknown {
  if (error instanceof BridgeError) return error;
  return new BridgeError('store', `the store cannot be opened: ${explain(error)}`, { cause: error });
}

/** Makes the tables of a store in a PostgreSQL database, for rows that come from elsewhere. */
export async function makeTables(url: string): Promise<void> {
  const database = await openPostgresAt(url);
  try {
    await database.migrateAlone(() => migrate(database, { postgres: url }));
  } catch (error) {
    throw notOpened(error, database);
  } finally {
    await database.close();
  }
}

async function refuseHalfMoved(db: Kysely<Tables>): Promise<void> {
  if ((await getMeta(db, MOVING)) === undefined) return;
  throw new BridgeError(
    'store',
    'a migration into this database was not finished; run `lava-bridge store migrate` again with the configuration of the SQLite store',
  );
}

/**
 * What came after a dump is not in a database that was restored from it, and a standby may lack the last that was stored: before a
 * job is submitted, the lab is to be searched for it. The processes that it knows worked with the other one.
 */
async function noticeRestore({ db, origin }: Database): Promise<void> {
  const found = await origin?.();
  const known = await getMeta(db, 'origin');
  if (found === undefined || known === found.text) return;
  await db.transaction().execute(async (tx) => {
    if (known !== undefined) {
      await setMeta(tx, LOST_BEFORE, String(found.now));
      await forgetProcesses(tx);
    }
    await setMeta(tx, 'origin', found.text);
  });
}

/** Loaded where it is used. */
async function openPostgresAt(url: string): Promise<Database> {
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(url);
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
    .addColumn('key', types.id, (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  const version = Number((await getMeta(db, 'schema')) ?? 0);
  if (version === MIGRATIONS.length + 1 && Number(await getMeta(db, 'compatible')) <= MIGRATIONS.length)
    return;
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
      await setMeta(tx, 'compatible', String(Math.min(COMPATIBLE_WITH, i + 1)));
    });
  }
}

async function instance(db: Kysely<Tables>): Promise<string> {
  const known = await getMeta(db, 'instance');
  if (known !== undefined) return known;
  const made = newInstance();
  await setMeta(db, 'instance', made);
  return made;
}

function createStore(
  { connection, notices, notes, size, shrink, close }: Database,
  instanceId: string,
  now: Clock,
): Store {
  const processId = notices === undefined ? '' : newProcess();
  const feed = createFeed();
  const leases =
    notices &&
    createLeaseStore(connection, processId, {
      open: (onNotice) => notices(processId, onNotice),
      // What changed in another daemon is news here as well.
      onNews: feed.tell,
    });
  if (leases !== undefined) feed.onOwn(leases.tell);

  /** `deciding`: the connection by which decisions are stored. Facts are stored in any case. */
  function storeOn(deciding: Connection): Store {
    return {
      ...feed.announced<StoreParts>({
        instanceId,
        ...createJobStore(deciding, now),
        ...createAttemptStore(connection),
        ...createSubmissionStore(connection, now),
        ...createHistoryStore(deciding, now),
        ...(notes ?? createWorkNotes(connection, processId)),
        ...createDeliveryStore(deciding, now),
        ...createAgeStore(connection),
        ...createDeviceStore(deciding),
        ...createSettingStore(deciding),
        ...createDrainStore(connection, now),
        forgetFuture: (longest) => connection.write((tx) => forgetFuture(tx, now(), longest)),
        size: () => connection.read(size),
        shrink: () => connection.read(shrink),
        probe: () => connection.write((tx) => setMeta(tx, 'probe', String(now()))),
        async close() {
          await leases?.close();
          await connection.read(close);
        },
      }),
      leases,
      under: (lease) => ({
        ...storeOn(leases === undefined ? connection : underLease(connection, lease)),
        lease,
      }),
    };
  }

  return storeOn(connection);
}
