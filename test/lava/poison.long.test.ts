import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { parseJson } from '../../src/core/parse/json.ts';
import { PARSE_LIMITS } from '../../src/core/parse/limits.ts';

const run = promisify(execFile);
const Outcome = z.object({ field: z.string(), kind: z.string(), outcome: z.string() });

// What takes too much memory ends the process there, and with it the list of outcomes.
it('a callback with a megabyte of poison in any field is read, or refused with a code, in a process of 64 MB', async () => {
  const script = join(import.meta.dirname, 'poison.ts');
  const { stdout } = await run(process.execPath, ['--max-old-space-size=64', script], {
    timeout: 280_000,
    maxBuffer: 1024 * 1024,
  });

  const outcomes = stdout
    .trimEnd()
    .split('\n')
    .map((line) => Outcome.parse(parseJson(line, PARSE_LIMITS.file)));
  expect(outcomes).toHaveLength(9 * 30);
  for (const { field, kind, outcome } of outcomes) {
    expect(['read', 'lines', 'bad_results', 'bad_callback'], `${kind} in ${field}`).toContain(outcome);
  }
  const refused = outcomes.filter(({ outcome }) => outcome === 'bad_results').map(({ kind }) => kind);
  expect(refused).toEqual(expect.arrayContaining(['open lists', 'nested dashes', 'many cases', 'aliases']));
}, 300_000);
