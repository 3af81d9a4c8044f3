// What comes of damaged callbacks, held against KCIDB's own JSON Schema; `npm test` holds it against ours.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { referencePath } from './folder.ts';

const MAIN = resolve(import.meta.dirname, '..', 'fuzz', 'main.ts');

it("reports made of damaged callbacks are valid by KCIDB's own schema", { timeout: 600_000 }, async () => {
  const schema = referencePath('reference/kcidb-schema-v5.3.json');
  const args = [MAIN, '--cases', '500', '--seed', '2', '--schema', schema];

  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 590_000 });

  expect(stdout).toContain('500 cases, 0 of them with faults');
});
