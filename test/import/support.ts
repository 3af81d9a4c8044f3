// What the tests of importing share.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { importKernelci, type ImportOptions, type Imported } from '../../src/import/kernelci.ts';
import { newFolder } from '../support/folder.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** KernelCI's own configuration is no part of the project; tests against it are only defined where it is. */
export const kernelciConfig = [
  process.env['LAVA_BRIDGE_SHARED'] ?? join(ROOT, '..', 'shared'),
  join(ROOT, '..', '..', 'shared'),
]
  .map((dir) => join(dir, 'kernelci-config'))
  .find((dir) => existsSync(dir));

export interface Run extends Imported {
  out: string;
}

/** Imports a folder into a new one. */
export async function runImport(dir: string, options: Partial<ImportOptions> = {}): Promise<Run> {
  const out = options.out ?? join(await newFolder('file'), 'out');
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
