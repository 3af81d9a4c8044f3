import { expect, it } from 'vitest';
import { formatText, formatValue, LATER_WORDS } from '../../src/import/format.ts';

it.each([
  ['v6.1-{mach}', 'v6.1-qcom'],
  ['{{mach}}', '{mach}'],
  ['{mach}{mach}', 'qcomqcom'],
  ['no braces', 'no braces'],
  ['a } b', 'a } b'],
  ['{}', '{}'],
  ['{mach.name} {mach}', '{mach.name} {mach}'],
  ['{{x}} {unknown}', '{{x}} {unknown}'],
  ['{constructor}', '{constructor}'],
])('fills in %j as Python does', (text, expected) => {
  expect(formatText(text, { mach: 'qcom' }).text).toBe(expected);
});

it('names what it knows nothing for', () => {
  expect(formatText('{a} {mach} }', { mach: 'x' }).unknown).toEqual(['{a}', '}']);
});

it('leaves the words of the architecture for later', () => {
  expect(formatText('{{x}}/{debarch}/{brarch}', LATER_WORDS).text).toBe('{x}/{debarch}/{brarch}');
});

it('fills in every text inside a value, and no key', () => {
  const unknown: string[] = [];

  const value = formatValue({ '{a}': ['{a}', 1, null, { b: '{c}' }] }, { a: 'A' }, (parts) =>
    unknown.push(...parts),
  );

  expect(value).toEqual({ '{a}': ['A', 1, null, { b: '{c}' }] });
  expect(unknown).toEqual(['{c}']);
});
