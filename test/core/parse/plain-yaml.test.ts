import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { readPlainYaml } from '../../../src/core/parse/plain-yaml.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

function byLibrary(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  return document.errors.length > 0 ? 'faulty' : document.toJS();
}

const files = ['device-types', 'plans'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(ROOT, folder, name)),
);

describe('YAML written in the plain way', () => {
  it.each([
    ['nested mappings and lists', 'a:\n  b: c\n  d:\n    - e\n    - f: 1\n      g: true\nh:\n- i\n'],
    ['nothing behind a key', 'a:\nb:\n  c:\n'],
    ['flow collections', 'a: [ b, \'c d\', "e" ]\nb: { c: d, e: { f: [] }, g: x:y, h: A="1 2" }\n'],
    ['quotes', "a: 'it''s: # one'\nb: \"{*} 'x'\"\nc: ''\n"],
    ['numbers and what is none', 'a: 0\nb: 12\nc: 5m\nd: 10.0.0.1/24\ne: v6.18\nf: 2026-01-01 at noon\n'],
    ['comments on lines of their own', '# one\na: b\n  # two\nc: d#e\n\n'],
    ['values that others name', 'a: &a\n  - x\nb: &b { c: d }\ne: *a\nf: { }\ng: *b\n'],
    ['keys with a star and more', 'a-*:\n  b/c.d+e: f\n'],
  ])('is read as the library reads it: %s', (_what, text) => {
    expect(readPlainYaml(text)).toEqual(byLibrary(text));
  });

  it.each([
    'a: b\na: c\n',
    'a: { b: 1, b: 2 }\n',
    'a: b: c\n',
    'a: b # c\n',
    'a: b\n  c\n',
    'a: b\n  c: d\n',
    '  a: b\nc: d\n',
    'a:\n  b: c\n d: e\n',
    'a: |\n  b\n',
    'a: !!str 1\n',
    'a: "\\n"\n',
    "a: 'b\n",
    'a: [ b\n',
    'a: [ b ] c\n',
    'a: [ b,, c ]\n',
    'a: { b }\n',
    'a: *b\n',
    'a: &b\n  c: *b\n',
    'a: &b c\nd: &b e\nf: *b\n',
    'a: 0x1\n',
    'a: 1e3\n',
    'a: .5\n',
    'a: -1\n',
    'a: 007\n',
    'a: True\n',
    'a: null\n',
    'a: ~\n',
    'null: a\n',
    '__proto__: a\n',
    '<<: a\n',
    '1: a\n',
    '"a": b\n',
    '? a\n',
    '- a\n',
    'a\n',
    '---\na: b\n',
    'a: b\r\nc: d\r\n',
    '\ta: b\n',
    'a: ä\n',
    `${'a'.repeat(600_000)}: b\n`,
    Array.from({ length: 30 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
  ])('leaves anything else to the library: %j', (text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it('is what nearly all files are', () => {
    const read = files.map((file) => {
      const text = readFileSync(file, 'utf8');
      const value = readPlainYaml(text);
      if (value !== undefined) expect(value, file).toEqual(byLibrary(text));
      return value !== undefined;
    });
    expect(read.filter(Boolean).length).toBeGreaterThan(0.8 * files.length);
  });

  it('is never read otherwise than by the library, whatever is changed in it', () => {
    const texts = files.map((file) => readFileSync(file, 'utf8').slice(0, 1500));
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    let taken = 0;
    for (let i = 0; i < 1500; i++) {
      const text = texts[next(texts.length)] ?? '';
      const at = next(text.length + 1);
      const changed = `${text.slice(0, at)}${PIECES[next(PIECES.length)] ?? ''}${text.slice(at + next(3))}`;
      const value = readPlainYaml(changed);
      if (value === undefined) continue;
      taken++;
      expect(value, changed).toEqual(byLibrary(changed));
    }
    expect(taken).toBeGreaterThan(200);
  });
});

const PIECES = [
  '\n',
  ' ',
  '  ',
  ':',
  ': ',
  '- ',
  '-',
  '#',
  ' #',
  "'",
  '"',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '&a',
  '*a',
  '!',
].concat([
  '|',
  '>',
  '%',
  '?',
  '~',
  '0',
  '.5',
  'e3',
  '0x1',
  'null',
  'true',
  'yes',
  '\n  ',
  '\n- ',
  '---\n',
  'b: c',
  '<<',
  '1:30',
]);
