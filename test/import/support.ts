// What the tests of importing share.
import { join } from 'node:path';
import { importKernelci, type ImportOptions, type Imported } from '../../src/import/kernelci.ts';
import { newFolder } from '../support/folder.ts';

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
