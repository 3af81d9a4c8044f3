import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

const DOORS =
  'json yaml definition results log xml event callback request node outline settings report answer file'.split(
    ' ',
  );

// In a process of its own: a parser that hangs can then be ended.
it('a thousand damaged texts are read or refused by the parsers, and none hangs', async () => {
  const args = [join(import.meta.dirname, 'parsers.ts'), '--cases', '1000', '--seed', '1'];

  const { stdout } = await run(process.execPath, args, { timeout: 290_000 }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );

  expect(stdout).toContain('1000 cases, 0 of them with faults');
  for (const door of DOORS) expect(stdout).toMatch(new RegExp(`  ${door} read\n`));
}, 300_000);
