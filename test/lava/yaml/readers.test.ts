// The readers of LAVA's YAML against the library: each reads a text as the library does, or leaves it to the library.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify, type Scalar } from 'yaml';
import { PARSE_LIMITS } from '../../../src/core/parse/limits.ts';
import { parseYaml, yamlValue } from '../../../src/core/parse/yaml.ts';
import { readLogText, UNREADABLE } from '../../../src/lava/log.ts';
import { decodeAnswer } from '../../../src/lava/xmlrpc-codec.ts';
import { readBlockItem } from '../../../src/lava/yaml/block.ts';
import { parseFlow } from '../../../src/lava/yaml/flow.ts';
import { readYamlList } from '../../../src/lava/yaml/list.ts';
import { resolveScalar } from '../../../src/lava/yaml/scalar.ts';
import { dumpValue } from '../log-emitter.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures');

/** With every scalar as LAVA means it: with quotes text, without them, or with the tag `!`, of the type it looks like. */
function byLibrary(text: string): unknown {
  const options = { schema: 'failsafe', strict: false } as const;
  return yamlValue(parseYaml(text, PARSE_LIMITS.yamlFile, options), ({ type, value, tag }: Scalar) => {
    const content = typeof value === 'string' ? value : '';
    return type === 'PLAIN' || tag === '!' ? resolveScalar(content) : content;
  });
}

const itemByLibrary = (item: string): unknown => byLibrary(` ${item.slice(1)}`);

/** The texts of results in all captures: of callbacks, and as they were fetched. */
async function capturedResults(): Promise<string[]> {
  const callbacks = join(FIXTURES, 'callbacks');
  const told = readdirSync(callbacks)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const body = JSON.parse(readFileSync(join(callbacks, name), 'utf8')) as {
        results?: Record<string, string>;
      };
      return Object.values(body.results ?? {});
    });
  const answers = join(FIXTURES, 'lava', 'xmlrpc');
  const fetched = readdirSync(answers)
    .filter((name) => name.startsWith('results.'))
    .map(async (name) => {
      const answer = await decodeAnswer(readFileSync(join(answers, name)));
      return 'value' in answer && typeof answer.value === 'string' ? answer.value : '';
    });
  return [...told, ...(await Promise.all(fetched))];
}

describe('a list of results', () => {
  it('is read as the library reads it, in all captures', async () => {
    const texts = await capturedResults();

    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) expect([...readYamlList(text)]).toEqual(parse(text, { schema: 'failsafe' }));
  });

  it('of captures needs nothing of the library', async () => {
    for (const text of await capturedResults())
      for (const item of text.split(/^(?=- )/m)) expect(readBlockItem(item, 'text')).toBeDefined();
  });

  it('is read as the library reads it, whatever is in it and however it is written', () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.string({
        minLength: 60,
        maxLength: 300,
        unit: fc.constantFrom('a', ' ', 'b', '\n', "'", '"', ':', '\\'),
      }),
      fc.constantFrom('', '- a', 'a: b', "it's", '1e3', 'null'),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('tree'), { maxLength: 3 }), tie('map')),
      map: fc.dictionary(
        fc.string({ unit: fc.constantFrom('a', 'b', '_', ' ', '-'), minLength: 1 }),
        tie('tree'),
        {
          maxKeys: 4,
        },
      ),
    }));
    const item = fc.dictionary(fc.constantFrom('name', 'metadata', 'x'), tree);
    fc.assert(
      fc.property(
        fc.array(item),
        STYLE,
        fc.boolean(),
        WIDTH,
        (items, defaultStringType, indentSeq, lineWidth) => {
          const text = stringify(items, {
            indentSeq,
            lineWidth,
            schema: 'failsafe',
            defaultStringType,
            defaultKeyType: 'PLAIN',
          });

          expect([...readYamlList(text)]).toEqual(parse(text, { schema: 'failsafe' }));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may name an anchor of the same item or of another', () => {
    const own = '- a: &id001 [x]\n  b: *id001\n- a: &id002 [y]\n  b: *id002\n';
    const shared = '- a: &id001 [x]\n- b: *id001\n';

    expect([...readYamlList(own)]).toEqual([
      { a: ['x'], b: ['x'] },
      { a: ['y'], b: ['y'] },
    ]);
    expect([...readYamlList(shared)]).toEqual([{ a: ['x'] }, { b: ['x'] }]);
  });
});

const STYLE = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE') as fc.Arbitrary<'PLAIN'>;
const WIDTH = fc.constantFrom(0, 20, 80);

describe('a line in flow style', () => {
  it('is read as the library reads it, in all captures', () => {
    const logs = join(FIXTURES, 'lava', 'logs');
    for (const name of readdirSync(logs)) {
      for (const line of readFileSync(join(logs, name), 'utf8').trimEnd().split('\n')) {
        expect(parseFlow(line, 2)).toEqual(itemByLibrary(line));
      }
    }
  });

  it('is read as the library reads it, whatever is in it', () => {
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (record) => {
        const line = dumpValue(record);

        expect(parseFlow(line, 0)).toEqual(byLibrary(line));
      }),
      { numRuns: 500 },
    );
  });
});

describe('an item in block style', () => {
  // As PyYAML 6.0 dumps {'dt': …, 'lvl': …, 'msg': …}, default_flow_style False and None, width 80.
  it.each<[string, unknown]>([
    ["- dt: '2026-08-21T15:20:23.000100'\n  lvl: target\n  msg: plain text", 'plain text'],
    ["- dt: x\n  lvl: target\n  msg: 'it''s: quoted'", "it's: quoted"],
    ['- dt: x\n  lvl: target\n  msg: "\\e[31mred\\e[0m \\xE9 \\"x\\" \\\\"', '\x1b[31mred\x1b[0m é "x" \\'],
    [
      '- dt: x\n  lvl: target\n  msg: a long text that is\n    folded over lines',
      'a long text that is folded over lines',
    ],
    [
      "- dt: x\n  lvl: target\n  msg: 'a: long text that is\n    folded over lines'",
      'a: long text that is folded over lines',
    ],
    ['- dt: x\n  lvl: target\n  msg: "\\e a text that is\\\n    \\ folded"', '\x1b a text that is folded'],
    ['- dt: x\n  lvl: target\n  msg: "\\e a text that\n    is folded"', '\x1b a text that is folded'],
    ["- dt: x\n  lvl: target\n  msg: ''", ''],
    ['- dt: x\n  lvl: target\n  msg: 12.5', 12.5],
    ['- dt: x\n  lvl: debug\n  msg: null', null],
    ['- dt: x\n  lvl: debug\n  msg:', null],
    [
      '- dt: x\n  lvl: results\n  msg: {case: job, definition: lava, result: pass}',
      { case: 'job', definition: 'lava', result: 'pass' },
    ],
    [
      "- dt: x\n  lvl: results\n  msg:\n    case: job\n    extra:\n      level: '1.2'\n    ok: true",
      { case: 'job', extra: { level: '1.2' }, ok: true },
    ],
    ['- dt: x\n  lvl: debug\n  msg: [a, b]', ['a', 'b']],
    ['- dt: x\n  lvl: debug\n  msg:\n  - a\n  - b', ['a', 'b']],
    ['- dt: x\n  lvl: debug\n  msg:\n    - a: 1\n      b:\n      - c\n    - d', [{ a: 1, b: ['c'] }, 'd']],
    ["- dt: x\n  lvl: debug\n  msg: 'two\n\n    paragraphs'", 'two\nparagraphs'],
  ])('is read without the library: %j', (record, msg) => {
    expect(readBlockItem(record, 'typed')).toMatchObject({ dt: expect.anything(), msg });
    expect(itemByLibrary(record)).toEqual(readBlockItem(record, 'typed'));
  });

  it.each([
    '- dt: x\n  lvl: debug\n  msg: |\n    a\n    b',
    '- dt: x\n  lvl: debug\n  msg: a # comment',
    '- dt: x\n  lvl: debug\n  msg: &a x',
    '- dt: x\n  lvl: debug\n  msg: !!str x',
    '- dt: x\n  lvl: debug\n  msg: a: b',
    '- dt: x\n  lvl: debug\n  msg: a\n    b: c',
    '- dt: x\n  lvl: debug\n  msg: a\n    # b',
    '- dt: x\n  lvl: debug\n  msg: a\n\n    # b',
    '- dt: x\n  lvl: debug\n  msg: "a \n    b"',
    '- dt: x\n  lvl : debug',
    '- __proto__: x\n  "lvl": debug',
    '- dt: x\n  lvl: debug\n  msg: "not closed',
    '- dt: x\n lvl: debug',
    '- just text',
  ])('of another shape is left to the library: %j', (record) => {
    expect(readBlockItem(record, 'typed')).toBeUndefined();
  });

  it('is read as the library reads it, whatever is in it and however it is written', () => {
    const scalar = fc.oneof(fc.string({ unit: 'grapheme' }), fc.double(), fc.boolean(), fc.constant(null));
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const message = fc.oneof(
      scalar,
      fc.string({ minLength: 60, maxLength: 300 }),
      fc.dictionary(word, fc.oneof(scalar, fc.array(scalar))),
      fc.array(fc.dictionary(word, scalar)),
    );
    const record = fc.record({ dt: fc.constant('2026-08-21T15:20:23.000100'), lvl: word, msg: message });
    fc.assert(
      fc.property(record, STYLE, WIDTH, (value, defaultStringType, lineWidth) => {
        const text = stringify([value], { defaultStringType, lineWidth, defaultKeyType: 'PLAIN' }).trimEnd();
        const read = readBlockItem(text, 'typed');
        if (read !== undefined) expect(read).toEqual(itemByLibrary(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is read by the library only as long as that takes no time that shows', () => {
    const odd = '- dt: x\n  lvl: debug\n  msg: |-\n    a block scalar\n';
    const good = '- dt: x\n  lvl: target\n  msg: a\n';
    const lines = [...readLogText(odd.repeat(50_000) + good)];

    expect(lines).toHaveLength(50_001);
    expect(lines[0]).toMatchObject({ level: 'debug', text: 'a block scalar' });
    expect(lines.at(-2)).toMatchObject({
      level: UNREADABLE,
      text: expect.stringContaining('a block scalar'),
    });
    expect(lines.at(-1)).toMatchObject({ level: 'target', text: 'a' });
  });
});
