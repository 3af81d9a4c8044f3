import { expect, it } from 'vitest';
import { ConfigError, RequestError } from '../../src/core/errors.ts';
import { loadLibrary } from '../../src/templates/library.ts';
import { makeFiles } from '../support/folder.ts';

const VARIABLES = new Set(['x', 'y', 'list', 'map', 'none']);

async function renderText(text: string, root: object, more: Record<string, string> = {}): Promise<unknown> {
  const shipped = await makeFiles({ 'job.yaml.hbs': text, ...Object.fromEntries(Object.entries(more)) });
  const library = await loadLibrary({ shipped }, VARIABLES);
  return library.render('job', { x: 'X', y: 'Y', list: [], map: {}, none: null, ...root });
}

async function faults(text: string, more: Record<string, string> = {}): Promise<string[]> {
  const shipped = await makeFiles({ 'job.yaml.hbs': text, ...more });
  const error = await loadLibrary({ shipped }, VARIABLES).catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw new Error('no ConfigError', { cause: error });
  return error.problems.map((p) => `${p.line ?? '-'}:${p.column ?? '-'} ${p.message}`);
}

const ODD = [
  'two\nlines',
  'a: b',
  '# no comment',
  '"',
  "'",
  '{{x}}',
  '- item',
  '&a',
  '*a',
  '!!js/function x',
  '%TAG',
  'yes',
  '1:20',
  '0x10',
  '~',
  '',
  ' ',
  '\u2028\u0085\ufeff',
  '😀',
  '\uE0000\uE000',
];

it.each(ODD)('puts out %j as that one text, wherever it stands', async (text) => {
  const template = 'plain: {{x}}\nlist:\n- {{x}}\nflow: [{{x}}, {y: {{x}} }]\n{{x}}: key\n';

  const result = await renderText(template, { x: text });

  expect(result).toEqual({ plain: text, list: [text], flow: [text, { y: text }], [text]: 'key' });
});

it('puts out numbers, booleans, lists and mappings as what they are', async () => {
  const result = await renderText('a: {{x}}\nb: {{y}}\nc: {{list}}\nd: {{map}}\n', {
    x: 7,
    y: false,
    list: ['on', 2],
    map: { k: ['v'] },
  });

  expect(result).toEqual({ a: 7, b: false, c: ['on', 2], d: { k: ['v'] } });
});

it.each([
  ['a: foo {{x}}\n', '1:8'],
  ['a: {{x}} foo\n', '1:4'],
  ['a: "foo {{x}}"\n', '1:9'],
  ["a: '{{x}}'\n", '1:5'],
  ['a: {{x}}{{y}}\n', '1:4'],
  ['a: |\n  line\n  {{x}}\n', '3:3'],
  ['a: >-\n  {{x}}\n', '2:3'],
  ['a: text\n  {{x}}\n', '2:3'],
  ['a: {{#if y}}b{{else}}c {{x}}{{/if}}\n', '1:24'],
  ['a: {{#if y}}b{{else if x}}{{x}}c{{else}}d{{/if}}\n', '1:27'],
  ['a: *{{x}}\n', '1:5'],
])('refuses at load a value that is a part of a longer text: %j', async (text, place) => {
  const found = await faults(text);

  expect(found.find((line) => line.startsWith(`${place} `))).toMatch(/inside a longer text/);
});

it('allows a condition inside a line, and a comment behind a value', async () => {
  const text = 'a: {{#if none}}{{x}}{{else}}{{y}}{{/if}} # why\n';

  expect(await renderText(text, {})).toEqual({ a: 'Y' });
});

it.each([
  ['a: {{{x}}}\n', 'raw output'],
  ['a: {{&x}}\n', 'raw output'],
  ['a: {{shout x}}\n', 'there is no helper shout'],
  ['{{#shout x}}{{/shout}}\n', 'there is no block #shout'],
  ['{{#if x y}}{{/if}}\n', '#if takes one value'],
  ['{{#> other}}{{/other}}\n', 'inline partials'],
  ['{{#*inline "a"}}{{/inline}}\n', 'inline partials'],
  ['a: {{undefined}}\n', 'null and undefined'],
  ['a: {{eq x}}\n', 'eq takes 2 values'],
  ['a: {{eq x y z=1}}\n', 'eq takes no key=value'],
  ['a: {{wrong}}\n', 'there is no variable wrong'],
  ['{{#if wrong}}{{/if}}\n', 'there is no variable wrong'],
  ['{{#each wrong}}{{/each}}\n', 'there is no variable wrong'],
  ['{{> missing}}\n', 'there is no template missing'],
  ['a: {{> other}}\n', 'on a line of its own'],
  ['a: {{@nothing}}\n', 'there is no @nothing'],
  ['a: {{../x}}\n', 'leads out of the template'],
  ['a: \uE000\n', 'U+E000'],
])('refuses at load what is not part of the language: %j', async (text, message) => {
  const found = await faults(text, { 'other.yaml.hbs': 'b: 1\n' });

  expect(found.join('\n')).toContain(message);
});

it('reports all faults of all files, each at its place', async () => {
  const shipped = await makeFiles({
    'job.yaml.hbs': 'a: {{{x}}}\nb: {{nope}}\n',
    'boot/one.yaml.hbs': '{{#if x}}\n',
    'boot/two.yaml.hbs': 'a: {{x y}}\n',
  });

  const error = await loadLibrary({ shipped }, VARIABLES).catch((e: unknown) => e);

  const lines = String(error).replaceAll(`${shipped}/`, '').split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/boot\/one\.yaml\.hbs:2: no Handlebars: unexpected 'EOF'/),
    expect.stringMatching(/^boot\/two\.yaml\.hbs:1:4: there is no helper x/),
    expect.stringMatching(/^job\.yaml\.hbs:1:4: raw output/),
    expect.stringMatching(/^job\.yaml\.hbs:2:6: there is no variable nope/),
  ]);
});

async function failure(text: string, root: object, more: Record<string, string> = {}): Promise<RequestError> {
  const error = await renderText(text, root, more).catch((e: unknown) => e);
  if (!(error instanceof RequestError)) throw new Error('no RequestError', { cause: error });
  return error;
}

it.each([
  ['a: {{map.nothing}}\n', 'nothing is not defined'],
  ['{{#if map.nothing}}a: 1{{/if}}\n', 'nothing is not defined'],
  ['{{#each map.nothing}}- 1\n{{/each}}', 'nothing is not defined'],
  ['a: {{map.constructor}}\n', 'constructor is not defined'],
  ['a: {{map.__proto__.x}}\n', '__proto__ is not defined'],
  ['a: {{x.length.constructor}}\n', 'length is not defined'],
  ['a: {{list.map}}\n', 'map is not defined'],
  ['a: {{lookup map "constructor"}}\n', 'there is no "constructor"'],
  ['a: {{none}}\n', 'there is no value'],
  ['a: {{concat map}}\n', 'a text or a number is needed'],
  ['{{#each x}}{{/each}}\n', 'a list or a mapping is needed'],
  ['{{> (concat "no" "where")}}\n', 'there is no template "nowhere"'],
])('fails at the place of a fault in a value: %j', async (text, message) => {
  const error = await failure(text, {});

  expect(error.code).toBe('template');
  expect(error.message).toMatch(/job\.yaml\.hbs:1:\d+: /);
  expect(error.message).toContain(message);
});

it('lets given and default ask for what may be missing', async () => {
  const text =
    'a: {{given map.a}}\nb: {{given map.b.c}}\nc: {{default map.b.c "else"}}\nd: {{default none x}}\n';

  expect(await renderText(text, { map: { a: 0 } })).toEqual({ a: true, b: false, c: 'else', d: 'X' });
});

it('ends a template that includes itself', async () => {
  const error = await failure('a:\n{{> loop}}\n', {}, { 'loop.yaml.hbs': '- 1\n{{> loop}}\n' });

  expect(error.message).toContain('nested too deep');
});

it('ends a template that loops over much', async () => {
  const list = Array.from({ length: 300 }, (_, i) => i);

  const error = await failure('{{#each list}}{{#each ../list}}{{#if (eq 1 2)}}a{{/if}}{{/each}}{{/each}}', {
    list,
  });

  expect(error.message).toContain('runs too long');
});

it('ends a template that puts out more and more', async () => {
  const list = Array.from({ length: 40_000 }, (_, i) => i);

  const error = await failure('{{#each list}}- a plain line\n{{/each}}', { list });

  expect(error.message).toContain('puts out too much text');
});

it('ends a template that makes ever larger texts', async () => {
  const big = 'x'.repeat(1_000_000);

  const error = await failure(`a: {{concat ${'x '.repeat(20)}}}\n`, { x: big });

  expect(error.message).toContain('too much text');
});

it('knows loops, scopes, block parameters and included templates as Handlebars does', async () => {
  const text = [
    'items:',
    '{{#each list as |item i|}}',
    '- { i: {{i}}, name: {{item.name}}, first: {{@first}}, top: {{@root.x}}, up: {{../y}}, own: {{name}} }',
    '{{else}}',
    '- none',
    '{{/each}}',
    '{{#with map}}',
    'in: {{a}}',
    '{{/with}}',
    'outer:',
    '  {{> inner extra=(concat x "!")}}',
    '',
  ].join('\n');
  const inner = { 'inner.yaml.hbs': 'extra: {{extra}}\nx: {{x}}\n' };

  const result = await renderText(text, { list: [{ name: 'a' }, { name: 'b' }], map: { a: 1 } }, inner);

  expect(result).toEqual({
    items: [
      { i: 0, name: 'a', first: true, top: 'X', up: 'Y', own: 'a' },
      { i: 1, name: 'b', first: false, top: 'X', up: 'Y', own: 'b' },
    ],
    in: 1,
    outer: { extra: 'X!', x: 'X' },
  });
});

it('quotes for the shell what the author did not write himself', async () => {
  const evil = `'; rm -rf / #\n$(id)`;

  const result = await renderText('- {{sh "echo " x " > " y}}\n- {{sh "run " list}}\n', {
    x: evil,
    list: ['a b', 'c'],
  });

  expect(result).toEqual([`echo ''\\''; rm -rf / #\n$(id)' > Y`, `run 'a b' c`]);
});

it('lets a template refuse a request, in its own words', async () => {
  const error = await failure('{{#if x}}{{refuse "no_way" (concat "not " x) "node.name"}}{{/if}}\n', {});

  expect([error.code, error.message, error.field]).toEqual([
    'refused_by_template',
    'no_way: not X',
    'node.name',
  ]);
});

it('names the line of a result that is no YAML', async () => {
  const error = await failure('a:\n{{#if x}}\n  b: 1\n {{/if}}\n c: 2\n', {});

  expect(error.message).toMatch(/makes no YAML/);
});

it('refuses a key that is there twice, and one called __proto__', async () => {
  const twice = await failure('a: 1\n{{x}}: 2\n', { x: 'a' });
  const proto = await failure('{{x}}: 2\n', { x: '__proto__' });

  expect([twice.message, proto.message]).toEqual([
    expect.stringContaining('there twice'),
    expect.stringContaining('__proto__'),
  ]);
});

it("takes the admin's file in place of the shipped one, and adds his others", async () => {
  const shipped = await makeFiles({
    'job.yaml.hbs': 'from: shipped\n{{> part}}\n',
    'part.yaml.hbs': 'part: shipped\n',
  });
  const own = await makeFiles({ 'part.yaml.hbs': 'part: own\n', 'boot/mine.yaml.hbs': 'a: 1\n' });

  const library = await loadLibrary({ shipped, own }, VARIABLES);

  expect(library.render('job', {})).toEqual({ from: 'shipped', part: 'own' });
  expect(library.namesIn('boot')).toEqual(['mine']);
});
