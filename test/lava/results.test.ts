import { describe, expect, it } from 'vitest';
import { parseAllResults, parseResults } from '../../src/lava/results.ts';

const record = (fields: string): string => `- name: a\n  suite: 0_smoke\n  result: pass\n${fields}`;

describe('results', () => {
  it('have every field of a case', () => {
    const text = [
      "- id: '20'",
      "  job: '2'",
      "  level: ''",
      "  log_end_line: '604'",
      "  log_start_line: '602'",
      "  logged: '2026-11-21 16:59:12.543877+00:00'",
      "  measurement: '2.45000000000000017763568394003'",
      '  metadata:',
      '    case: uptime',
      '    definition: 0_smoke',
      '    measurement: 2.45',
      '    result: pass',
      '    set: set-one',
      '  name: uptime',
      '  result: pass',
      '  suite: 0_smoke',
      '  unit: s',
      '  url: /results/testcase/20',
      '',
    ].join('\n');

    expect(parseResults({ '0_smoke': text })).toEqual([
      {
        suite: '0_smoke',
        name: 'uptime',
        result: 'pass',
        set: 'set-one',
        measurement: 2.45,
        unit: 's',
        loggedAt: Date.UTC(2026, 10, 21, 16, 59, 12, 543),
        startLine: 602,
        endLine: 604,
        id: 20,
        metadata: {
          case: 'uptime',
          definition: '0_smoke',
          measurement: '2.45',
          result: 'pass',
          set: 'set-one',
        },
      },
    ]);
  });

  it.each([
    ["'0.1000000000000000055511151231'", 0.1],
    ["'12.3000000000'", 12.3],
    ["'-5E-3'", -0.005],
    ["'1e400'", undefined],
    ['None', undefined],
    ["''", undefined],
    ["'0x10'", undefined],
    ["'12 apples'", undefined],
  ])('read a measurement of %s as %s', (text, value) => {
    expect(parseResults({ s: record(`  measurement: ${text}\n`) })[0]?.measurement).toBe(value);
  });

  it.each(['1e3', '0o17', '0x1F', 'yes', 'null', '~', '1_000', '2026-11-21', '12:34:56', 'n', '.5', '!!str'])(
    'keep a name such as %s',
    (name) => {
      const quoted = name.startsWith('!') ? `'${name}'` : name;

      expect(parseResults({ s: `- name: ${quoted}\n  result: pass\n` })[0]?.name).toBe(name);
    },
  );

  it('take what the full dumper of LAVA 2023.01 may write', () => {
    const text = [
      '- name: !!python/unicode "a"',
      '  result: !!python/str pass',
      '  metadata:',
      '    extra: !!python/tuple',
      '    - &id001 {fail: "x"}',
      '    - *id001',
      '    set: !!python/object/apply:collections.OrderedDict []',
      "  id: !!int '7'",
      '',
    ].join('\n');

    expect(parseResults({ '0_x': text })).toMatchObject([
      { name: 'a', suite: '0_x', result: 'pass', id: 7, metadata: { extra: [{ fail: 'x' }, { fail: 'x' }] } },
    ]);
  });

  it('take text that is folded, quoted and escaped in every way', () => {
    const text = [
      '- name: a long name that',
      '    goes on',
      '  result: pass',
      '  metadata:',
      '    one: "a\\',
      '      \\ b\\tc\\e\\u00e9"',
      "    two: 'it''s",
      '',
      "      two lines'",
      '    three: |',
      '      - name: no item',
      '      text',
      '    four: "plain"',
      "    five: 'it''s'",
      '    empty:',
      '    list: []',
      '    map: {}',
      '- name: next',
      '  result: fail',
    ].join('\n');

    expect(parseResults({ s: text }).map((c) => [c.name, c.result, c.metadata])).toEqual([
      [
        'a long name that goes on',
        'pass',
        {
          one: 'a b\tc\x1bé',
          two: "it's\ntwo lines",
          three: '- name: no item\ntext\n',
          four: 'plain',
          five: "it's",
          empty: '',
          list: [],
          map: {},
        },
      ],
      ['next', 'fail', {}],
    ]);
  });

  it('come in the order of their ids, over all suites', () => {
    const suites = {
      '1_b': "- {name: late, id: '12', result: pass}\n- {name: first, id: '2', result: pass}\n",
      lava: "- {name: job, id: '30', result: fail}\n- {name: none, result: pass}\n",
      '0_a': "- {name: between, id: '9', result: pass}\n",
    };

    expect(parseResults(suites).map((c) => c.name)).toEqual(['first', 'between', 'late', 'job', 'none']);
  });

  it('of all suites in one text name their suites', () => {
    const text = `${record('')}- name: job\n  suite: lava\n  result: pass\n`;

    expect(parseAllResults(text).map((c) => c.suite)).toEqual(['0_smoke', 'lava']);
  });

  it('need no metadata, and know only LAVA’s four words', () => {
    expect(parseResults({ s: '- {name: a, result: weird}\n- {name: b}\n' })).toMatchObject([
      { result: 'unknown', metadata: {}, set: undefined },
      { result: 'unknown' },
    ]);
  });

  it.each(['', '[]\n', '\n', '--- []\n'])('are none in %j', (text) => {
    const results = parseResults({ s: text });

    expect(results).toEqual([]);
  });

  it.each([
    ['a mapping', 'name: a\n', 'malformed'],
    ['text', 'hello', 'malformed'],
    ['a list of text', '- a\n- b\n', 'malformed'],
    ['broken YAML', '- name: "a\n', 'malformed'],
    ['an endless alias', `- &a [${'*a, '.repeat(3)}]\n- *a\n`, 'malformed'],
  ])('are refused, with the suite named, as %s', (_what, text, code) => {
    expect(() => parseResults({ '0_x': text })).toThrow(badResults(code));
  });

  it('take no time for what no definition holds: nested keys, aliases of aliases, a fault in each item', () => {
    const keys = `${'{'.repeat(40)}a${': 1}'.repeat(40)}`;
    const lists = Array.from({ length: 40 }, (_, i) => `  - &id${i + 1} [*id${i}, *id${i}, *id${i}]\n`).join(
      '',
    );

    expect(parseResults({ '0_x': record(`  metadata: ${keys}\n`) })[0]?.metadata).toEqual({ '?': '1' });
    expect(() => parseResults({ '0_x': record(`  extra:\n  - &id0 [lol]\n${lists}`) })).toThrow(
      badResults('too_complex'),
    );
    expect(() => parseResults({ '0_x': '- }: {[\n'.repeat(5000) })).toThrow(badResults('malformed'));
  });
});

/** The results of suite 0_x cannot be read, for that reason. */
function badResults(code: string): unknown {
  const cause = expect.objectContaining({ code });
  return expect.objectContaining({ code: 'bad_results', field: 'results.0_x', cause });
}
