import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkEntries, readSource } from '../../src/import/source.ts';
import { makeFiles, newFolder } from '../support/folder.ts';
import { inShort, problemsOf } from '../support/problems.ts';

it('puts the sections of all files together, folders included, with the place of each entry', async () => {
  const dir = await makeFiles({
    'jobs.yaml': 'jobs:\n  a: {template: x}\n',
    'more/jobs-b.yaml': '# words\njobs:\n\n  b:\n    template: y\nscheduler:\n  - job: a\n',
    'scheduler.yaml': 'scheduler:\n  - job: b\n',
    'notes.txt': 'jobs: {c: {}}',
  });

  const source = await readSource(dir);

  expect(source.entries('jobs')).toEqual([
    { name: 'a', value: { template: 'x' }, place: 'jobs.yaml:2' },
    { name: 'b', value: { template: 'y' }, place: 'more/jobs-b.yaml:4' },
  ]);
  expect(source.entries('scheduler').map(({ value, place }) => [value, place])).toEqual([
    [{ job: 'a' }, 'more/jobs-b.yaml:7'],
    [{ job: 'b' }, 'scheduler.yaml:2'],
  ]);
  expect(source.entries('nothing')).toEqual([]);
});

it('reads anchors and merge keys as PyYAML does', async () => {
  const dir = await makeFiles({
    'jobs.yaml': `
_anchors:
  base: &base { template: generic.jinja2, params: &params { a: 1, b: 1 } }
jobs:
  one: *base
  two: { <<: *base, kind: job, params: { <<: *params, b: 2 } }
  three: { kind: on, <<: [{ x: 1 }, { x: 2, y: n }] }
`,
  });

  const source = await readSource(dir);

  expect(Object.fromEntries(source.entries('jobs').map(({ name, value }) => [name, value]))).toEqual({
    one: { template: 'generic.jinja2', params: { a: 1, b: 1 } },
    two: { template: 'generic.jinja2', kind: 'job', params: { a: 1, b: 2 } },
    three: { kind: true, x: 1, y: 'n' },
  });
  expect(source.sections()).toEqual(['jobs']);
});

it('takes the later of two entries, and says so', async () => {
  const dir = await makeFiles({
    'a.yaml': 'platforms:\n  x: {arch: arm}\n',
    'b.yaml': 'platforms:\n  x: {arch: arm64}\n  x: {arch: riscv}\n',
  });

  const source = await readSource(dir);

  expect(source.entries('platforms').map(({ value }) => value)).toEqual([{ arch: 'riscv' }]);
  expect(source.oddities.map(({ place, text }) => `${place}: ${text}`)).toEqual([
    'b.yaml:3: a key stands here twice: the last counts',
    expect.stringMatching(/^b\.yaml:3: platforms\.x is also in a\.yaml:2/),
  ]);
});

it('reports the faults of all files, each with its place', async () => {
  const dir = await makeFiles({
    'jobs.yaml': 'jobs:\n  a: [\n',
    'platforms.yaml': 'platforms:\n  b: {x: y\n',
    'list.yaml': '- 1\n',
  });

  expect(inShort(await problemsOf(() => readSource(dir)), dir)).toEqual([
    'jobs.yaml:3:1 malformed',
    'list.yaml:1 malformed',
    'platforms.yaml:3:1 malformed',
  ]);
});

it('goes without a file that is no YAML if it has nothing that is needed', async () => {
  const dir = await makeFiles({
    'fragments.yaml': 'fragments:\n  x:\n    configs:\n      - \'A="\n      b"\'\n',
    'jobs.yaml': 'jobs: {a: {template: x}}\n',
  });

  const source = await readSource(dir);

  expect(source.sections()).toEqual(['fragments', 'jobs']);
  expect(source.oddities).toEqual([{ place: 'fragments.yaml', text: expect.stringContaining('fragments') }]);
});

it('refuses a file that grows without end', async () => {
  const lines = Array.from(
    { length: 12 },
    (_, i) => `  l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`,
  );
  const dir = await makeFiles({ 'jobs.yaml': `jobs:\n  l0: &l0 [x]\n${lines.join('\n')}\n` });

  expect(inShort(await problemsOf(() => readSource(dir)), dir)).toEqual(['jobs.yaml too_complex']);
});

it('refuses a folder that is not there, or has no YAML', async () => {
  for (const dir of ['/no/such/folder', await newFolder()]) {
    expect(inShort(await problemsOf(() => readSource(dir)), dir)).toEqual([`${dir} unreadable`]);
  }
});

it('leaves out what does not fit, and says what and where', () => {
  const refused: string[] = [];

  const fitting = checkEntries(
    [
      { name: 'good', value: { n: 1 }, place: 'f:1' },
      { name: 'bad', value: { n: 'x' }, place: 'f:2' },
    ],
    z.object({ n: z.number() }),
    ({ name }, reason) => refused.push(`${name}: ${reason}`),
  );

  expect(fitting.map(({ name, value }) => [name, value])).toEqual([['good', { n: 1 }]]);
  expect(refused).toEqual([expect.stringMatching(/^bad: f:2: n: .*number/)]);
});
