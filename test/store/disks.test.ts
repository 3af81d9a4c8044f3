import { mkdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BridgeConfig } from '../../src/config/schema.ts';
import { disksOf } from '../../src/store/disks.ts';
import { newFolder } from '../support/folder.ts';

const DEFAULT = BridgeConfig.shape.storage.parse(undefined);

it('what is on one disk is named once, by its highest folder, also before it is made', async () => {
  const folder = await newFolder();
  const store = { sqlite: join(folder, 'state', 'lava-bridge.db') };
  const [disk, ...others] = await disksOf({ store, storage: DEFAULT });
  expect(others).toEqual([]);
  expect(disk).toMatchObject({ folders: join(folder, 'state') });
  expect(disk?.free).toBeGreaterThan(0);
  expect(disk?.size).toBeGreaterThanOrEqual(disk?.free ?? 0);
});

it('logs and evidence that lie elsewhere, by the configuration or by a link, have a disk of their own', async () => {
  const folder = await newFolder();
  // Linux has two file systems at least: the disk, and the one that /proc is.
  await mkdir(join(folder, 'state'));
  await symlink('/proc', join(folder, 'state', 'evidence'));
  const store = { sqlite: join(folder, 'state', 'lava-bridge.db') };
  const logs = join(tmpdir(), 'lava-bridge-no-such-folder', 'logs');
  const disks = await disksOf({ store, storage: { kind: 'local', path: logs } });
  expect(
    disks
      .map(({ folders }) => folders)
      .join(', ')
      .split(', ')
      .toSorted(),
  ).toEqual([join(folder, 'state'), join(folder, 'state', 'evidence'), logs].toSorted());
  expect(disks.length).toBeGreaterThanOrEqual(2);
});

it('with the state in PostgreSQL only the folder of the logs counts', async () => {
  const store = { postgres: 'postgres://db.example/bridge' };
  expect(await disksOf({ store, storage: DEFAULT })).toEqual([]);
  const folder = await newFolder();
  expect(await disksOf({ store, storage: { kind: 'local', path: folder } })).toMatchObject([
    { folders: folder },
  ]);
});
