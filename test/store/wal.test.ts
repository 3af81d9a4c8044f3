// A damaged write-ahead log: what SQLite drops of it without a word is said, and what a power cut leaves is not.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LOST_BEFORE, openStore, type Damage } from '../../src/store/index.ts';
import { lostInLog } from '../../src/store/wal.ts';
import { newFolder } from '../support/folder.ts';
import { newJob } from '../support/stored-jobs.ts';

const JOBS = 40;
const NOW = Date.parse('2026-11-28T04:07:00Z');
/** A state folder as after a power cut: all jobs stand in the log alone. */
let folder: string;

beforeEach(async () => {
  const at = await newFolder();
  const store = await openStore({ sqlite: join(at, 'lava-bridge.db') });
  for (let n = 1; n <= JOBS; n++)
    await store.receive(newJob(n), [{ kind: 'stage', text: 'received (push)' }]);
  folder = await newFolder();
  await cp(at, folder, { recursive: true });
  await store.close();
});

/** Damages a copy of the log there (bytes from its begin, or from its end if negative), and opens the store. */
async function openDamaged(change: (log: Buffer) => Buffer) {
  const own = await newFolder();
  await cp(folder, own, { recursive: true });
  const file = join(own, 'lava-bridge.db');
  await writeFile(`${file}-wal`, change(await readFile(`${file}-wal`)));
  const damages: Damage[] = [];
  const store = await openStore(
    { sqlite: file },
    () => NOW,
    (damage) => damages.push(damage),
  );
  const jobs = (await store.jobs({ limit: 1000 })).length;
  const lostBefore = await store.setting(LOST_BEFORE);
  await store.close();
  const kept = (await readdir(dirname(file))).filter((name) => name.includes('damaged'));
  return { damage: damages[0], jobs, lostBefore, kept };
}

function flipped(log: Buffer, at: number): Buffer {
  const bad = Buffer.from(log);
  const place = at < 0 ? log.length + at : at;
  bad[place] = (bad[place] ?? 0) ^ 1;
  return bad;
}

describe('a write-ahead log', () => {
  it('that is sound, or cut off as by a power failure, is no damage', async () => {
    expect(await openDamaged((log) => log)).toMatchObject({ damage: undefined, jobs: JOBS, kept: [] });
    const cut = await openDamaged((log) => log.subarray(0, log.length - 3000));
    expect(cut).toMatchObject({ damage: undefined, jobs: JOBS - 1, kept: [], lostBefore: undefined });
  });

  it('that is damaged in its midst is kept, and what was lost is said and will be looked for', async () => {
    const { damage, jobs, lostBefore, kept } = await openDamaged((log) => flipped(log, log.length >> 1));
    expect(damage?.lost?.transactions).toBeGreaterThan(5);
    expect(jobs).toBeGreaterThan(0);
    expect(jobs).toBeLessThan(JOBS);
    expect(lostBefore).toBe(String(NOW));
    expect(kept).toEqual(['lava-bridge.db-wal.damaged-2026-11-28T04-07-00-000Z']);
  });

  it('that is damaged at its beginning, with the whole store behind it, is a damaged store', async () => {
    for (const at of [4, 1000]) {
      const { damage, jobs, lostBefore, kept } = await openDamaged((log) => flipped(log, at));
      expect(damage?.found).toHaveLength(1);
      expect(jobs).toBe(0);
      expect(lostBefore).toBe(String(NOW));
      expect(kept).toContain('lava-bridge.db-wal.damaged-2026-11-28T04-07-00-000Z');
    }
  });

  it('tells rot from a power cut at every place, except in its last transaction', async () => {
    const log = await readFile(join(folder, 'lava-bridge.db-wal'));
    const other = join(folder, 'other.db');
    const lostIn = async (content: Buffer): Promise<unknown> => {
      await writeFile(`${other}-wal`, content);
      return lostInLog(other);
    };
    for (let at = 0; at < log.length / 2; at += 7919)
      expect(await lostIn(flipped(log, at)), String(at)).toBeDefined();
    expect(await lostIn(flipped(log, -100))).toBeUndefined();
    expect(await lostIn(Buffer.alloc(0))).toBeUndefined();
    expect(await lostIn(Buffer.alloc(10_000))).toBeUndefined();
    expect(await lostInLog(join(folder, 'none.db'))).toBeUndefined();
  });
});
