// What the tests of importing share.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { importKernelci, type ImportOptions, type Imported } from '../../src/import/kernelci.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** KernelCI's own configuration is no part of the project; tests against it are only defined where it is. */
export const kernelciConfig = [
  process.env['LAVA_BRIDGE_SHARED'] ?? join(ROOT, '..', 'shared'),
  join(ROOT, '..', '..', 'shared'),
]
  .map((dir) => join(dir, 'kernelci-config'))
  .find((dir) => existsSync(dir));

/** A new directory. */
export function newDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lava-bridge-import-'));
}

/** A new directory with these files. */
export async function makeFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await newDir();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

export interface Run extends Imported {
  out: string;
}

/** Imports a folder into a new one. */
export async function runImport(dir: string, options: Partial<ImportOptions> = {}): Promise<Run> {
  const out = options.out ?? join(await newDir(), 'out');
  const imported = await importKernelci({
    dir,
    out,
    instance: 'prod',
    api: undefined,
    storage: undefined,
    callbackBase: undefined,
    force: false,
    ...options,
  });
  return { ...imported, out };
}
