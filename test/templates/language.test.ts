import { expect, it } from 'vitest';
import { BridgeError, RequestError } from '../../src/core/errors.ts';
import { loadLibrary } from '../../src/templates/library.ts';
import { TemplateError } from '../../src/templates/run.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort, problemsOf } from '../support/problems.ts';

const VARIABLES = new Set(['x', 'y', 'list', 'map', 'none']);

async function renderText(text: string, root: object, more: Record<string, string> = {}): Promise<unknown> {
  const own = await makeFiles({ 'job.yaml.hbs': text, ...Object.fromEntries(Object.entries(more)) });
  const library = await loadLibrary({ own }, VARIABLES);
  return library.render('job', { x: 'X', y: 'Y', list: [], map: {}, none: null, ...root });
}

async function faults(text: string, more: Record<string, string> = {}): Promise<string[]> {
  const own = await makeFiles({ 'job.yaml.hbs': text, ...more });
  return inShort(await problemsOf(() => loadLibrary({ own }, VARIABLES)), own);
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

  expect(found).toContain(`job.yaml.hbs:${place} template`);
});

it('allows a condition inside a line, and a comment behind a value', async () => {
  const text = 'a: {{#if none}}{{x}}{{else}}{{y}}{{/if}} # why\n';

  expect(await renderText(text, {})).toEqual({ a: 'Y' });
});

it.each([
  ['a: {{{x}}}\n', 'template'],
  ['a: {{&x}}\n', 'template'],
  ['a: {{shout x}}\n', 'template'],
  ['{{#shout x}}{{/shout}}\n', 'template'],
  ['{{#if x y}}{{/if}}\n', 'template'],
  ['{{#> other}}{{/other}}\n', 'template'],
  ['{{#*inline "a"}}{{/inline}}\n', 'template'],
  ['a: {{undefined}}\n', 'template'],
  ['a: {{eq x}}\n', 'template'],
  ['a: {{eq x y z=1}}\n', 'template'],
  ['a: {{wrong}}\n', 'unknown_reference'],
  ['{{#if wrong}}{{/if}}\n', 'unknown_reference'],
  ['{{#each wrong}}{{/each}}\n', 'unknown_reference'],
  ['{{> missing}}\n', 'unknown_reference'],
  ['a: {{> other}}\n', 'template'],
  ['a: {{@nothing}}\n', 'template'],
  ['a: {{../x}}\n', 'template'],
  ['a: \uE000\n', 'template'],
])('refuses at load what is not part of the language: %j', async (text, code) => {
  const found = await faults(text, { 'other.yaml.hbs': 'b: 1\n' });

  expect(found.map((line) => line.split(' ').slice(1).join())).toEqual([code]);
});

it('reports all faults of all files, each at its place', async () => {
  const own = await makeFiles({
    'job.yaml.hbs': 'a: {{{x}}}\nb: {{nope}}\n',
    'boot/one.yaml.hbs': '{{#if x}}\n',
    'boot/two.yaml.hbs': 'a: {{x y}}\n',
  });

  expect(inShort(await problemsOf(() => loadLibrary({ own }, VARIABLES)), own)).toEqual([
    'boot/one.yaml.hbs:2 template',
    'boot/two.yaml.hbs:1:4 template',
    'job.yaml.hbs:1:4 template',
    'job.yaml.hbs:2:6 unknown_reference',
  ]);
});

/** The code of what made a template fail. */
async function causeOf(text: string, root: object, more: Record<string, string> = {}): Promise<unknown> {
  const error = await failure(text, root, more);
  if (!(error instanceof TemplateError)) throw new Error('no TemplateError', { cause: error });
  expect(error.code).toBe('template');
  return error.cause instanceof BridgeError ? error.cause.code : error.cause;
}

async function failure(text: string, root: object, more: Record<string, string> = {}): Promise<RequestError> {
  const error = await renderText(text, root, more).catch((e: unknown) => e);
  if (!(error instanceof RequestError)) throw new Error('no RequestError', { cause: error });
  return error;
}

it.each([
  ['a: {{map.nothing}}\n', 6],
  ['{{#if map.nothing}}a: 1{{/if}}\n', 7],
  ['{{#each map.nothing}}- 1\n{{/each}}', 9],
  ['a: {{map.constructor}}\n', 6],
  ['a: {{map.__proto__.x}}\n', 6],
  ['a: {{x.length.constructor}}\n', 6],
  ['a: {{list.map}}\n', 6],
  ['a: {{lookup map "constructor"}}\n', 4],
  ['a: {{none}}\n', 4],
  ['a: {{concat map}}\n', 4],
  ['{{#each x}}{{/each}}\n', 1],
  ['{{> (concat "no" "where")}}\n', 1],
])('fails at the place of a fault in a value: %j', async (text, column) => {
  const error = await failure(text, {});

  expect(error).toMatchObject({ code: 'template', spot: { line: 1, column } });
});

it('lets given and default ask for what may be missing', async () => {
  const text =
    'a: {{given map.a}}\nb: {{given map.b.c}}\nc: {{default map.b.c "else"}}\nd: {{default none x}}\n';

  expect(await renderText(text, { map: { a: 0 } })).toEqual({ a: true, b: false, c: 'else', d: 'X' });
});

it('ends a template that includes itself', async () => {
  const cause = await causeOf('a:\n{{> loop}}\n', {}, { 'loop.yaml.hbs': '- 1\n{{> loop}}\n' });

  expect(cause).toBe('too_deep');
});

it('ends a template that loops over much', async () => {
  const list = Array.from({ length: 300 }, (_, i) => i);

  const cause = await causeOf('{{#each list}}{{#each ../list}}{{#if (eq 1 2)}}a{{/if}}{{/each}}{{/each}}', {
    list,
  });

  expect(cause).toBe('too_complex');
});

it('ends a template that puts out more and more', async () => {
  const list = Array.from({ length: 40_000 }, (_, i) => i);

  const cause = await causeOf('{{#each list}}- a plain line\n{{/each}}', { list });

  expect(cause).toBe('too_long');
});

it('ends a template that makes ever larger texts', async () => {
  const big = 'x'.repeat(1_000_000);

  const cause = await causeOf(`a: {{concat ${'x '.repeat(20)}}}\n`, { x: big });

  expect(cause).toBe('too_long');
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

it('quotes for the shell what is not the text of the template', async () => {
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

it('refuses a result that is no YAML', async () => {
  expect(await causeOf('a:\n{{#if x}}\n  b: 1\n {{/if}}\n c: 2\n', {})).toBe('malformed');
});

it('refuses a key that is there twice, and one called __proto__', async () => {
  expect(await causeOf('a: 1\n{{x}}: 2\n', { x: 'a' })).toBe('duplicate');
  expect(await causeOf('{{x}}: 2\n', { x: '__proto__' })).toBe('bad_value');
});

it("takes the admin's file in place of the shipped one, and adds the admin's others", async () => {
  const shipped = await makeFiles({
    'job.yaml.hbs': 'from: shipped\n{{> part}}\n',
    'part.yaml.hbs': 'part: shipped\n',
  });
  const own = await makeFiles({ 'part.yaml.hbs': 'part: own\n', 'boot/mine.yaml.hbs': 'a: 1\n' });

  const library = await loadLibrary({ shipped, own }, VARIABLES);

  expect(library.render('job', {})).toEqual({ from: 'shipped', part: 'own' });
  expect(library.namesIn('boot')).toEqual(['mine']);
});

it('templates that came along are compiled when the first is asked for', async () => {
  const library = await loadLibrary({ shipped: await makeFiles({ 'job.yaml.hbs': '{{#if}' }) }, VARIABLES);

  expect(await problemsOf(async () => library.has('job'))).toMatchObject([{ code: 'template', line: 1 }]);
});
