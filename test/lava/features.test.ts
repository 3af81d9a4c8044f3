import { expect, it } from 'vitest';
import { lavaHas, lavaSince } from '../../src/lava/features.ts';

it('believes callbacks of a LAVA that keeps their token private, and of no other', () => {
  const feature = 'private callback token';
  for (const version of [
    '2024.05',
    '2024.05.0012.g1cdb80ef8',
    '2024.5',
    '2024.12',
    '2025.01',
    '2026.07',
    'v2026.07-1',
    ' 2026.07\n',
  ])
    expect([version, lavaHas(feature, version)]).toEqual([version, true]);
  for (const version of [
    '2023.01',
    '2024.03',
    '2024.04.9',
    '2018.11',
    '',
    'devel',
    '9',
    '20240.5',
    '2024',
    '24.05',
    'x2026.07',
  ])
    expect([version, lavaHas(feature, version)]).toEqual([version, false]);
});

it.each([
  ['error in show', '2023.06'],
  ['private callback token', '2024.05'],
  ['remote artifact token in callbacks', '2026.06'],
  ['choice of device', '2026.07'],
  ['search by metadata', '2026.10'],
] as const)('knows the release that brought the %s', (feature, since) => {
  const [year = '', month = ''] = since.split('.');
  const before = `${year}.${String(Number(month) - 1).padStart(2, '0')}`;

  expect(lavaSince(feature)).toBe(since);
  expect([before, since, '2027.01'].map((version) => lavaHas(feature, version))).toEqual([false, true, true]);
});
