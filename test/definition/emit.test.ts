import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { emitYaml } from '../../src/definition/emit.ts';

const oddTexts = [
  // Words, numbers and marks of YAML; line ends and what is no character.
  `yes NO On off y null ~ true .inf .nan = << ! &a *a 1:20 12:30:45 0x10 0b11 012 1_000 1e5 .5 2026-11-21 a: :a %a @a \`a
   {a} [a] {{a}} --- ... a,b /path http://a/b?c=d&e=f#g 😀 " '`.split(/\s+/),
  [
    '- a',
    '? a',
    'a: b',
    'a #b',
    '',
    ' ',
    ' a',
    'a ',
    'a\nb',
    '\t',
    '\r',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\uffff',
    '\x7f',
  ],
].flat();
const text = fc
  .oneof(fc.constantFrom(...oddTexts), fc.string(), fc.string({ unit: 'binary' }))
  .filter((s) => s.isWellFormed() && !s.includes('\0'));
const key = text.filter((s) => s !== '__proto__');
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  ),
}));

it.each(['1.1', '1.2'] as const)('is read as the same by YAML %s', (version) => {
  fc.assert(
    fc.property(tree, (value) => {
      const read: unknown = parse(emitYaml(value), { version, merge: false, uniqueKeys: true });

      expect(read).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});

it('leaves plain what is plain in every YAML', () => {
  const yaml = emitYaml({
    url: 'https://a.b/c:d',
    'content-type': 'json',
    list: ['two words', { a: [] }],
    size: 5,
  });

  expect(yaml).toBe('url: https://a.b/c:d\ncontent-type: json\nlist:\n- two words\n- a: []\nsize: 5\n');
});

it.each([
  [{ a: { b: 'x\0' } }, 'bad_text', 'a.b'],
  [{ a: ['\ud800'] }, 'bad_text', 'a.0'],
  [{ '\udc00': 1 }, 'bad_text', '\udc00'],
  [{ a: null }, 'template', 'a'],
  [{ a: undefined }, 'template', 'a'],
  [{ a: Number.NaN }, 'bad_number', 'a'],
])('refuses %j, which no YAML reader takes for that', (value, code, field) => {
  expect(() => emitYaml(value)).toThrow(expect.objectContaining({ code, field }));
});
