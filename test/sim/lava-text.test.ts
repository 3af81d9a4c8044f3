// The simulator's text against the real one: what LAVA of either age wrote is read, written again, and must be the same.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parse } from 'yaml';
import { readLogText } from '../../src/lava/log.ts';
import { AGES, type LavaAge } from '../../src/sim/lava/age.ts';
import { isoTime, logLine, strTime, yamlDump, type LogValue } from '../../src/sim/lava/python.ts';

const Body = z.object({ log: z.string(), results: z.record(z.string(), z.string()), definition: z.string() });

/** PyYAML and yaml fold long lines at different words. */
function unfolded(text: string): string {
  return text.replace(/\n +(?![\w-]+:|- )/g, ' ');
}

describe.each<[LavaAge, string]>([
  ['2023.01', 'complete'],
  ['newest', '2026.10/complete'],
])('as LAVA %s', (name, fixture) => {
  const age = AGES[name];
  let real: z.infer<typeof Body>;

  beforeAll(async () => {
    const file = new URL(`../fixtures/callbacks/${fixture}.json`, import.meta.url);
    real = Body.parse(JSON.parse(await readFile(file, 'utf8')));
  });

  it('writes the lines of a log', () => {
    const lines = real.log.split('\n').slice(0, -1);

    const again = [...readLogText(real.log)].map(({ level, text, value, namespace }) =>
      logLine(age, 0, level, text ?? (value as LogValue), namespace),
    );

    const withoutTime = (line: string): string => line.replace(/"dt": "[^"]*"/, '"dt"').trimEnd();
    expect(again.map(withoutTime)).toEqual(lines.map(withoutTime));
  });

  it('writes results and definitions', () => {
    for (const text of [real.definition, ...Object.values(real.results)]) {
      // Python's Decimal writes a zero as 0E-10, which is a number for YAML.
      const plain = text.replaceAll('0E-10', 'zero');
      const value: unknown = parse(plain, { version: '1.1', schema: 'core' });

      expect(unfolded(yamlDump(age, value))).toBe(unfolded(plain));
    }
  });
});

it('writes times as Python does', () => {
  const ms = Date.UTC(2026, 10, 21, 16, 59, 8, 150);

  expect(isoTime(AGES['2023.01'], ms + 0.408)).toBe('2026-11-21T16:59:08.150408');
  expect(isoTime(AGES['2023.01'], ms - 150)).toBe('2026-11-21T16:59:08');
  expect(isoTime(AGES.newest, ms)).toBe('2026-11-21T16:59:08.150000+00:00');
  expect(strTime(ms)).toBe('2026-11-21 16:59:08.150000+00:00');
  expect(strTime(undefined)).toBe('None');
});
