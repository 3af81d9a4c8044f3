import { expect, it } from 'vitest';
import { parseYaml, valueOf } from '../../src/lava/yaml-value.ts';

const read = (text: string): unknown => valueOf(parseYaml(text, {}), (scalar) => scalar.value);

it.each<[string, unknown]>([
  ['', null],
  ['a: 1\nb: [x, null, {c: 2.5}]', { a: 1, b: ['x', null, { c: 2.5 }] }],
  ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
  ['[a, b]: 1', { '?': 1 }],
  ['1: one\nnull: none', { '1': 'one', null: 'none' }],
  ['one\n---\ntwo', 'one'],
  ['a: *nobody', { a: null }],
])('%j is read as YAML', (text, value) => {
  expect(read(text)).toEqual(value);
});

it.each([
  ['a: 1\nb: [', /^line \d: /],
  ['a: 1\n}', /^line 2: /],
  ['a: "\\q"', /^line 1: /],
  ['[a, b', /^line 1: /],
])('%j is refused at its first fault', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

it('a megabyte of faults, and of nesting, is refused in the time that one takes', () => {
  for (const odd of ['}', ']', '[', '{', '"\n- }', '? ', '\t- ']) {
    try {
      expect(read(odd.repeat(1_000_000 / odd.length))).toBeDefined();
    } catch (error) {
      expect((error as Error).message).toMatch(/^line \d+: |call stack/);
    }
  }
});

it('what is nested too deep is cut off', () => {
  const value = JSON.stringify(read(`${'['.repeat(200)}x${']'.repeat(200)}`));

  expect(value).toBe(`${'['.repeat(65)}null${']'.repeat(65)}`);
});
