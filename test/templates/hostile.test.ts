// Any text in any field of a request: the definition holds it as that one text, or the request is refused and the field
// is named. Never is the definition's form changed.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { makeInput, makeRequest, readDefinition, shipped } from './support.ts';

const NASTY = [
  [
    'a\nb: c',
    '"',
    "'",
    '\\',
    '{{x}}',
    '{{{x}}}',
    ': ',
    '# c',
    '&a',
    '*a',
    '!!js/function',
    '%',
    '%YAML 1.2',
    '\uE0000\uE000',
  ],
  [
    '\0',
    '\x07',
    '\x1b[0m',
    '\x7f',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\udfff',
    '😀',
    '\r\n',
    '\t',
    ' ',
    '',
  ],
  [
    '$(reboot)',
    '`reboot`',
    '; reboot',
    '| reboot',
    '> /dev/sda',
    '\n- deploy:',
    '--help',
    '-',
    '../..',
    '__proto__',
  ],
  ['true', 'null', '0x10', '1:20', '~', '=', '<<', '{KERNEL}', '{ID}'],
].flat();
const hostile = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .tuple(fc.string({ maxLength: 10 }), fc.constantFrom(...NASTY), fc.string({ maxLength: 10 }))
    .map((p) => p.join('')),
  fc.constantFrom(...NASTY).map((s) => `https://files.kernelci.org/${s}/Image`),
  fc.constantFrom(...NASTY).map((s) => `https://files.kernelci.org/Image${s}`),
  fc.constantFrom(...NASTY).map((s) => `key=${s} other=${s}`),
);

/** A request that uses every field that rendering reads. */
function wholeRequest(): unknown {
  const request = makeRequest({
    name: 'some-job',
    platform: 'bcm2711-rpi-4-b',
    definition: {
      artifacts: {
        kernel: 'https://a.example/Image.gz',
        modules: 'https://a.example/modules.tar.xz',
        kselftest: 'https://a.example/kselftest.tar.xz',
        ramdisk: 'https://a.example/rootfs.cpio.gz',
        dtb: 'https://a.example/board.dtb',
      },
      tests: [
        { id: 'boot-test', type: 'boot', 'pre-commands': ['echo pre'], 'post-commands': ['echo post'] },
        { id: 'smoke', type: 'shell', commands: ['lava-test-case a --result pass'], depends: ['boot-test'] },
        {
          id: 'ltp-x',
          type: 'ltp',
          parameters: 'tst_cmdfiles=math skipfile=none',
          subset: ['abs01'],
          timeout_s: 60,
        },
        { id: 'kself', type: 'kselftest-arm64', parameters: 'tests=a env=B=c' },
        { id: 'rt', type: 'rt-tests', parameters: 'tst_cmd=cyclictest tst_group=g interval=5' },
        { id: 'flu', type: 'fluster-debian', testsuite: 'T', decoders: ['D', 'E'] },
        { id: 'wd', type: 'watchdog-reset', bl_message: 'U-Boot', wdt_dev: 'watchdog0' },
        {
          id: 'fault',
          type: 'fault-injection',
          test_name: 'n',
          test_command: 'true',
          parameters: 'fail_type=a',
        },
        { id: 'blk', type: 'blktests', test_group: 'loop', test_device: '/dev/sda' },
        {
          id: 'git',
          type: 'git',
          repository: 'https://a.example/tests.git',
          path: 'a/b.yaml',
          revision: 'main',
          parameters: 'A=b',
        },
        { id: 'inline', type: 'inline', definition: { run: { steps: ['true'] }, parameters: { P: 'v' } } },
      ],
      environment: { platform: 'bcm2711-rpi-4-b', arch: 'arm64' },
      parameters: { RUNNER: '/opt/kirk', SKIPFILE: 's', KIRK_WORKERS: '2' },
    },
  });
  return structuredClone(request);
}

type Path = (string | number)[];

/** The paths of all texts in a value. */
function textPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, v]) =>
    textPaths(v, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function withText(value: unknown, path: Path, text: string): unknown {
  const copy = structuredClone(value);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = text;
  return copy;
}

/** The form of a definition: what is left when texts and names of definitions are taken out. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, shape(v)]));
  }
  return typeof value;
}

const board = shipped.boards.get('bcm2711-rpi-4-b', undefined);
const render = (request: unknown): Record<string, unknown> & { actions: unknown[] } =>
  readDefinition(shipped.renderer.render(makeInput(JobRequest.parse(request), { board })).definition);

const base = wholeRequest();
const plain = render(base);
const paths = textPaths(base).filter((path) => JobRequest.safeParse(withText(base, path, 'x')).success);

it('keeps the form of the definition, or refuses and names a field, for any text in any field', () => {
  const outcomes = { rendered: 0, refused: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...paths), hostile, (path, text) => {
      const request = withText(base, path, text);
      if (!JobRequest.safeParse(request).success) return;
      let result: Record<string, unknown> & { actions: unknown[] };
      try {
        result = render(request);
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
        expect(error).not.toMatchObject({ code: 'template' });
        expect((error as RequestError).field).toMatch(/^(node|kbuild|definition)\b/);
        outcomes.refused++;
        return;
      }
      outcomes.rendered++;
      expect(result['metadata']).toEqual({ node_id: (request as JobRequest).node.id });
      expect(Object.keys(result).toSorted()).toEqual(Object.keys(plain).toSorted());
      if (path.join('.') === 'definition.tests.2.parameters') return; // LAVA parameters by other names
      expect(result.actions.length).toBe(plain.actions.length);
    }),
    { numRuns: 1500 },
  );
  expect(outcomes.rendered).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});

it('puts commands of a request into the definition as they are', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const request = withText(base, ['definition', 'tests', 1, 'commands', 0], text);
      let definition: string;
      try {
        definition = JSON.stringify(render(request));
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_text', field: 'definition.tests.1.commands.0' });
        return;
      }
      expect(definition).toContain(JSON.stringify({ steps: [text] }).slice(1, -1));
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['definition.artifacts.kernel', 'https://a/Image'],
  ['definition.artifacts.modules', 'https://a/m.tar.xz'],
  ['definition.artifacts.ramdisk', 'https://a/r.cpio.gz'],
  ['definition.artifacts.dtb', 'https://a/b.dtb'],
])('takes only plain http(s) URLs as %s', (field, good) => {
  const path = field.split('.');
  for (const text of [
    'ftp://a/Image',
    'file:///etc/passwd',
    'javascript:1',
    '//a/Image',
    'https://u:p@a/Image',
    'https://a/',
  ]) {
    expect(() => render(withText(base, path, text))).toThrow(
      expect.objectContaining({ code: 'bad_url', field }),
    );
  }
  for (const evil of [
    'https://a/x;reboot',
    'https://a/$(id)',
    "https://a/'",
    'https://a/a b',
    'https://a/a\nb',
  ]) {
    expect(() => render(withText(base, path, evil))).toThrow(
      expect.objectContaining({ code: 'bad_url', field }),
    );
  }
  expect(JSON.stringify(render(withText(base, path, good)))).toContain(good);
});

it('refuses a megabyte where it cannot stay one text, and keeps it where it can', () => {
  const big = 'x'.repeat(1_000_000);

  expect(() => render(withText(base, ['definition', 'tests', 2, 'parameters'], `a=${big}`))).toThrow(
    expect.objectContaining({ field: 'definition.tests.2.parameters' }),
  );
  expect(() => render(withText(base, ['definition', 'tests', 0, 'id'], big))).toThrow();
  expect(() => render(withText(base, ['definition', 'tests', 1, 'commands', 0], big))).toThrow(
    expect.objectContaining({ field: 'definition.tests.1.commands.0' }),
  );
});

it.each([
  ['repository', 'ext::sh -c reboot'],
  ['repository', '--upload-pack=reboot'],
  ['repository', '/etc'],
  ['path', '../../../etc/passwd'],
  ['path', '/etc/passwd'],
  ['revision', '--help'],
])('refuses a git test whose %s is %j: the lab’s host would run it', (key, value) => {
  const index = 9;
  const request = withText(base, ['definition', 'tests', index, key], value);

  expect(() => render(request)).toThrow(
    expect.objectContaining({ code: 'bad_parameters', field: `definition.tests.${index}.${key}` }),
  );
});

it('refuses repositories that an inline definition would have the lab clone', () => {
  const request = withText(base, ['definition', 'tests', 10, 'definition'], '') as {
    definition: { tests: Record<string, unknown>[] };
  };
  const inline = request.definition.tests[10] ?? {};
  inline['definition'] = { install: { 'git-repos': ['ext::sh -c reboot'] }, run: { steps: ['true'] } };

  expect(() => render(request)).toThrow(
    expect.objectContaining({ field: 'definition.tests.10.definition.install.git-repos' }),
  );
});

it('has the same form for each definition that it makes', () => {
  expect(shape(render(withText(base, ['definition', 'tests', 1, 'commands', 0], 'a\nb: c')))).toEqual(
    shape(plain),
  );
});
