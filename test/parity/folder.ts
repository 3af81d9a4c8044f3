// Where the reference data of other projects lies. It may not be committed here, so `npm run parity -- DIR` names its folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The variable of the environment that names the folder; `npm run parity` sets it. */
export const FOLDER_VARIABLE = 'LAVA_BRIDGE_PARITY';

/** What the tests need of the folder, each with what it is. */
const REFERENCE_DATA = {
  'reference/rendered': 'LAVA definitions and PULL_LABS definitions that KernelCI made',
  'reference/kcidb-samples': "documents with kcidb-io's verdict in their names",
  'reference/kcidb-schema-v5.3.json': "KCIDB's JSON Schema",
  'kernelci-config': "KernelCI's own configuration",
} as const;

type ReferenceName = keyof typeof REFERENCE_DATA;

/** What of the reference data is not in the folder, a line each. */
export function missingFrom(folder: string): string[] {
  return Object.entries(REFERENCE_DATA).flatMap(([name, what]) =>
    existsSync(join(folder, name)) ? [] : [`${join(folder, name)}: not there (${what})`],
  );
}

/** The path of one part of the reference data. Throws if these tests were not started by `npm run parity`. */
export function referencePath(name: ReferenceName, ...below: string[]): string {
  const folder = process.env[FOLDER_VARIABLE];
  if (folder === undefined)
    throw new Error(`${FOLDER_VARIABLE} is not set; start this by: npm run parity -- DIR`);
  return join(folder, name, ...below);
}
