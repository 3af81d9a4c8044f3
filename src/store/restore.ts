// Puts a backup in the place of the state: all of it is unpacked and checked before anything is replaced.
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { chown, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { BridgeError, errorText } from '../core/errors.ts';
import { checkedSchema, DATABASE, FORMAT, syncFile, type BackupSummary, type StatePlaces } from './backup.ts';
import { LOST_BEFORE } from './damage.ts';
import { MIGRATIONS } from './schema.ts';
import { BEING_RESTORED } from './store-copies.ts';

const About = z.object({
  format: z.literal(FORMAT),
  madeAt: z.coerce.number(),
  version: z.string(),
  schema: z.coerce.number(),
  files: z.coerce.number(),
  bytes: z.coerce.number(),
});
const FileRow = z.object({
  name: z.string().refine(isInside, 'a path that leads down'),
  gzipped: z.number(),
  modified_at: z.number(),
  sha256: z.string(),
});

function isInside(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => !['', '.', '..'].includes(part));
}

/**
 * Puts a backup in the place of the state, which no daemon may use meanwhile. All of it is unpacked and checked before
 * anything is replaced; what was there is kept as `….replaced`. Throws BridgeError `backup` for a file that is none, or
 * damaged, `newer_store` for one of a newer program, and `newer_state` if the state has changed since the backup was made.
 */
export async function restoreBackup(
  file: string,
  places: StatePlaces,
  { force = false }: { force?: boolean } = {},
): Promise<BackupSummary> {
  if (!existsSync(file)) throw new BridgeError('backup', `there is no file ${file}`);
  const archive = new DatabaseSync(file, { readOnly: true });
  try {
    const about = readAbout(archive, file);
    if (about.schema > MIGRATIONS.length) {
      throw new BridgeError(
        'newer_store',
        `${file} was made by a newer lava-bridge (${about.version}, store ${about.schema}; this one knows ${MIGRATIONS.length}); upgrade first`,
      );
    }
    const changedAt = newestChange(places.database);
    if (!force && changedAt > about.madeAt) {
      throw new BridgeError(
        'newer_state',
        `${places.database} has changed since the backup was made (${timeOf(changedAt)}, the backup is of ${timeOf(about.madeAt)}); --force restores it all the same, and keeps what is there as *.replaced`,
      );
    }
    await putBack(archive, file, places);
    return about;
  } finally {
    archive.close();
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function readAbout(archive: DatabaseSync, file: string): BackupSummary {
  let rows;
  try {
    rows = archive.prepare('SELECT key, value FROM about WHERE key > ?').all('');
  } catch (error) {
    throw new BridgeError('backup', `${file} is no backup of lava-bridge: ${errorText(error)}`);
  }
  const about = About.safeParse(Object.fromEntries(rows.map(({ key, value }) => [String(key), value])));
  if (!about.success) throw new BridgeError('backup', `${file} is no backup that this lava-bridge can read`);
  const { format: _, ...summary } = about.data;
  return summary;
}

/** When a job of the store changed last (ms); 0: there is none. */
function newestChange(path: string): number {
  if (!existsSync(path)) return 0;
  const database = new DatabaseSync(path);
  try {
    const newest = database.prepare('SELECT max(updated_at) AS at FROM jobs WHERE done = ?');
    return Math.max(...[0, 1].map((done) => Number(newest.get(done)?.['at'] ?? 0)));
  } catch {
    // What cannot be read is why it is restored.
    return 0;
  } finally {
    database.close();
  }
}

async function putBack(archive: DatabaseSync, file: string, places: StatePlaces): Promise<void> {
  const state = dirname(places.database);
  const owner = await stat(state).catch(() => undefined);
  await mkdir(state, { recursive: true, mode: 0o750 });
  const targets = [...Object.values(places.folders), places.database];
  for (const target of targets) await rm(target + BEING_RESTORED, { recursive: true, force: true });
  for (const folder of Object.values(places.folders)) {
    await mkdir(folder + BEING_RESTORED, { recursive: true, mode: 0o750 });
  }
  // First of all, so that no daemon starts on half of a state.
  await (await open(places.database + BEING_RESTORED, 'wx', 0o640)).close();
  try {
    await unpack(archive, file, places);
  } catch (error) {
    for (const target of targets) await rm(target + BEING_RESTORED, { recursive: true, force: true });
    throw error instanceof BridgeError
      ? error
      : new BridgeError('backup', `${file} cannot be restored: ${errorText(error)}`, { cause: error });
  }
  if (owner !== undefined) await giveTo(owner, targets);
  for (const path of [`${places.database}-wal`, `${places.database}-shm`, ...targets]) {
    const replaced = `${path}.replaced`;
    await rm(replaced, { recursive: true, force: true });
    if (existsSync(path)) await rename(path, replaced);
  }
  for (const target of targets) await rename(target + BEING_RESTORED, target);
  await syncFile(state);
}

/** Writes all files under their names for the time being, and checks them. */
async function unpack(archive: DatabaseSync, file: string, places: StatePlaces): Promise<void> {
  const rows = FileRow.array().parse(
    archive.prepare("SELECT name, gzipped, modified_at, sha256 FROM files WHERE name > ''").all(),
  );
  if (!rows.some(({ name }) => name === DATABASE)) throw new BridgeError('backup', `${file} holds no store`);
  const parts = archive.prepare('SELECT data FROM parts WHERE name = ? AND n = ?');
  for (const { name, gzipped, modified_at, sha256 } of rows) {
    const path = pathFor(name, places);
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const hash = createHash('sha256');
    const stored = Readable.from(
      (function* () {
        for (let n = 0; ; n++) {
          const data = parts.get(name, n)?.['data'];
          if (!(data instanceof Uint8Array)) return;
          hash.update(data);
          yield data;
        }
      })(),
    );
    const write = createWriteStream(path, { flush: true, mode: 0o640 });
    await (gzipped === 1 ? pipeline(stored, createGunzip(), write) : pipeline(stored, write));
    if (hash.digest('hex') !== sha256) throw new BridgeError('backup', `${file} is damaged: ${name}`);
    await utimes(path, modified_at / 1000, modified_at / 1000);
  }
  const database = new DatabaseSync(places.database + BEING_RESTORED);
  try {
    checkedSchema(database);
    // What came after the backup is not in it: before a job is submitted, the lab is searched for it.
    database
      .prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)')
      .run(LOST_BEFORE, String(Date.now()));
  } finally {
    database.close();
  }
}

function pathFor(name: string, places: StatePlaces): string {
  if (name === DATABASE) return places.database + BEING_RESTORED;
  const [first = '', ...rest] = name.split('/');
  const folder = Object.hasOwn(places.folders, first) ? places.folders[first] : undefined;
  if (folder === undefined || rest.length === 0)
    throw new BridgeError('backup', `the backup holds ${name}, which has no place here`);
  return join(folder + BEING_RESTORED, ...rest);
}

/** What root restores belongs to the daemon's user: the owner of the state folder. */
async function giveTo({ uid, gid }: { uid: number; gid: number }, targets: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (const target of targets) {
    const path = target + BEING_RESTORED;
    const inside = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : [];
    for (const name of ['', ...inside]) await chown(join(path, name), uid, gid);
  }
}
