// Variants of the package for upgrades: the same files under a higher version, with something changed in them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onHost } from './machine.ts';

/** Makes a package out of another one, under that version, after `change` was made to its unpacked files. Gives its file. */
export async function variant(
  { deb, folder }: { deb: string; folder: string },
  version: string,
  change: (root: string) => void = () => undefined,
): Promise<string> {
  const root = join(folder, version);
  await onHost('dpkg-deb', ['--raw-extract', deb, root]);
  const control = join(root, 'DEBIAN', 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
  change(root);
  const file = join(folder, `lava-bridge_${version}.deb`);
  await onHost('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, file]);
  return file;
}

/** A program that ends with an error as soon as it is started. */
export function breakProgram(root: string): void {
  writeFileSync(join(root, 'usr/lib/lava-bridge/dist/cli/main.js'), "throw new Error('broken');\n");
}

/** A file that ends in the middle, as after a broken download. */
export function cutShort(from: string, to: string): void {
  const bytes = readFileSync(from);
  writeFileSync(to, bytes.subarray(0, Math.floor(bytes.length / 2)));
}
