// The file systems that the bridge writes to: its state may be spread over several, by mounts, links or keys of the configuration.
import { stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { BridgeConfig } from '../config/schema.ts';
import { evidenceFolder, stateFolder } from './blobs.ts';

/** A file system, and what of ours is there. */
export interface Disk {
  /** Our folders there; those below another one that is there, too, are not named. */
  folders: string;
  /** Bytes. */
  free: number;
  size: number;
}

/** The disks of all folders that the configuration has the bridge write into; what cannot be asked is left out. */
export async function disksOf({ store, storage }: Pick<BridgeConfig, 'store' | 'storage'>): Promise<Disk[]> {
  const state = 'sqlite' in store ? stateFolder(store) : undefined;
  const folders = [
    ...(state === undefined ? [] : [state, evidenceFolder(state), join(state, 'logs'), join(state, 'files')]),
    ...(storage.kind === 'local' && storage.path !== undefined ? [storage.path] : []),
  ];
  const byDevice = new Map<number, string[]>();
  for (const folder of folders) {
    const device = await deviceOf(folder);
    if (device !== undefined) byDevice.set(device, [...(byDevice.get(device) ?? []), folder]);
  }
  const disks = await Promise.all([...byDevice.values()].map(diskOf));
  return disks.filter((disk) => disk !== undefined);
}

async function diskOf(folders: readonly string[]): Promise<Disk | undefined> {
  const highest = folders.filter((one) => !folders.some((other) => one.startsWith(other + sep)));
  const found = await statfs(await nearest(folders[0] ?? '')).catch(() => undefined);
  if (found === undefined) return undefined;
  const { bavail, blocks, bsize } = found;
  return { folders: highest.join(', '), free: bavail * bsize, size: blocks * bsize };
}

async function deviceOf(folder: string): Promise<number | undefined> {
  return stat(await nearest(folder)).then(
    ({ dev }) => dev,
    () => undefined,
  );
}

/** The folder, or the one in which it will be made. */
async function nearest(folder: string): Promise<string> {
  const above = dirname(folder);
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return isThere || above === folder ? folder : nearest(above);
}
