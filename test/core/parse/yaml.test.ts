import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { ParseError, PARSE_LIMITS } from '../../../src/core/parse/limits.ts';
import { lexYaml, parseYaml, readYaml, yamlValue } from '../../../src/core/parse/yaml.ts';
import { codeOf } from '../../support/code-of.ts';

const LIMITS = { length: 2_000_000, depth: 16, tokens: 5000 };

const read = (text: string, limits = LIMITS): unknown =>
  yamlValue(parseYaml(text, limits), (scalar) => scalar.value);

/** An alias of two aliases of two aliases and so on. */
const BOMB = Array.from({ length: 15 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]\n`).join(
  '',
);

describe('YAML', () => {
  it.each<[string, unknown]>([
    ['', null],
    ['# nothing\n', null],
    ['a: 1\nb: [x, null, {c: 2.5}]', { a: 1, b: ['x', null, { c: 2.5 }] }],
    ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
    ['[a, b]: 1', { '?': 1 }],
    ['1: one\nnull: none', { '1': 'one', null: 'none' }],
    ['a: *nobody', { a: null }],
    ['['.repeat(16) + ']'.repeat(16), JSON.parse('['.repeat(16) + ']'.repeat(16))],
  ])('is read: %j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it('is read as the library reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 80), (value, lineWidth) => {
        const text = stringify(value, { lineWidth });

        expect(read(text, PARSE_LIMITS.yamlFile)).toEqual(parse(text));
      }),
    );
  });

  it.each<[string, string]>([
    [`"${'x'.repeat(2_000_000)}"`, 'too_long'],
    ['['.repeat(1_000_000), 'too_deep'],
    ['{'.repeat(1_000_000), 'too_deep'],
    ['{a: '.repeat(300_000), 'too_deep'],
    ['- '.repeat(500_000), 'too_deep'],
    ['? '.repeat(500_000), 'too_deep'],
    ['a:\n' + Array.from({ length: 40 }, (_, i) => `${' '.repeat(i + 1)}a:\n`).join(''), 'too_deep'],
    [`[${'a, '.repeat(100_000)}]`, 'too_complex'],
    ['- a\n'.repeat(100_000), 'too_complex'],
    ['\n'.repeat(100_000), 'too_complex'],
    ['&a '.repeat(100_000), 'too_complex'],
    [`[${'&a a, '.repeat(100_000)}]`, 'too_complex'],
    [`a: &a [x]\nb: [${'*a, '.repeat(100_000)}]`, 'too_complex'],
    [`a0: &a0 [x]\n${BOMB}`, 'too_complex'],
    ['a: 1\nb: [', 'malformed'],
    ['a: 1\n}', 'malformed'],
    ['a: "\\q"', 'malformed'],
    ['[a, b', 'malformed'],
    ['one\n---\ntwo', 'malformed'],
    ['}'.repeat(1_000_000), 'malformed'],
    ['\t- '.repeat(300_000), 'too_deep'],
    ['"\n- }'.repeat(300_000), 'malformed'],
    ['%\n'.repeat(300_000), 'too_complex'],
    ['...\n'.repeat(300_000), 'malformed'],
  ])('is refused where it is broken or costs too much', (text, code) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  it.each<[string, number]>([
    ['a: 1\nb: 2\nc: [', 3],
    ['a: 1\n}', 2],
    [`- a\n- b\n- ${'['.repeat(100)}`, 3],
    ['- |\n  text\n'.repeat(10_000), 1667],
  ])('names the line where that is', (text, line) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ line }));
  });

  it('reports its faults, as many as are asked for', () => {
    const text = '- "\\q"\n'.repeat(50);
    const all = parseDocument(text).errors.map(({ code, pos: [offset] }) => ({ code, offset }));

    expect(readYaml(text, LIMITS, { maxFaults: 1000 }).faults).toMatchObject(all);
    expect(readYaml(text, LIMITS, { maxFaults: 3 }).faults).toMatchObject(all.slice(0, 3));
    expect(readYaml(text, LIMITS, { maxFaults: 3 }).document).toBeUndefined();
  });

  it('may have a key twice, unless that is a fault', () => {
    expect(readYaml('a: 1\na: 2', LIMITS).faults).toEqual([]);
    expect(readYaml('a: 1\na: 2', LIMITS, { uniqueKeys: true }).faults).toMatchObject([
      { code: 'DUPLICATE_KEY' },
    ]);
  });

  it('is split into words up to the limit', () => {
    expect([...lexYaml('[a]', LIMITS)].filter((word) => word > '\x1f')).toEqual(['[', 'a', ']']);
    expect(() => [...lexYaml('\n'.repeat(10_000), LIMITS)]).toThrow(ParseError);
  });
});
