// The simulator's text against the real one: what LAVA wrote is read, written again, and must be the same.
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readLogText } from '../../src/lava/log.ts';
import { isoNaive, logLine, strTime, yamlDump, type LogValue } from '../../src/sim/lava/python.ts';

let real: { log: string; results: Record<string, string>; definition: string };

beforeAll(async () => {
  const file = new URL('../fixtures/lava/callbacks/boot-test-4.json', import.meta.url);
  real = (JSON.parse(await readFile(file, 'utf8')) as { json: typeof real }).json;
});

/** PyYAML and yaml fold long lines at different words. */
function unfolded(text: string): string {
  return text.replace(/\n +(?![\w-]+:|- )/g, ' ');
}

it('writes the lines of a log as LAVA does', () => {
  const lines = real.log.split('\n').slice(0, -1);

  const again = [...readLogText(real.log)].map(({ level, text, value, namespace }) =>
    logLine(0, level, text ?? (value as LogValue), namespace),
  );

  const withoutTime = (line: string): string => line.replace(/"dt": "[^"]*"/, '"dt"').trimEnd();
  expect(again.map(withoutTime)).toEqual(lines.map(withoutTime));
});

it('writes results and definitions as LAVA does', () => {
  for (const text of [real.definition, ...Object.values(real.results)]) {
    const value: unknown = parse(text, { version: '1.1', schema: 'core' });

    expect(unfolded(yamlDump(value))).toBe(unfolded(text));
  }
});

it('writes times as Python does', () => {
  const ms = Date.UTC(2026, 10, 21, 16, 59, 8, 150);

  expect(isoNaive(ms + 0.408)).toBe('2026-11-21T16:59:08.150408');
  expect(isoNaive(ms - 150)).toBe('2026-11-21T16:59:08');
  expect(strTime(ms)).toBe('2026-11-21 16:59:08.150000+00:00');
  expect(strTime(undefined)).toBe('None');
});
