import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, stringify, type Scalar } from 'yaml';
import { readBlockRecord } from '../../src/lava/log-block.ts';
import { resolveScalar } from '../../src/lava/log-flow.ts';
import { readLogText, UNREADABLE } from '../../src/lava/log.ts';
import { valueOf } from '../../src/lava/yaml-value.ts';

/** By the library, as log records are read with it. */
function byLibrary(record: string): unknown {
  const doc = parseDocument(` ${record.slice(1)}`, {
    schema: 'failsafe',
    strict: false,
    prettyErrors: false,
  });
  if (doc.errors.length > 0) return undefined;
  return valueOf(doc.contents, ({ type, value }: Scalar) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return type === 'PLAIN' ? resolveScalar(text) : text;
  });
}

describe('a record in block style', () => {
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
  ])('is read without the library: %j', (record, msg) => {
    expect(readBlockRecord(record)).toMatchObject({ dt: expect.anything(), msg });
    expect(byLibrary(record)).toEqual(readBlockRecord(record));
  });

  it.each([
    '- dt: x\n  lvl: debug\n  msg:\n  - a\n  - b',
    '- dt: x\n  lvl: debug\n  msg: |\n    a\n    b',
    '- dt: x\n  lvl: debug\n  msg: a # comment',
    '- dt: x\n  lvl: debug\n  msg: &a x',
    '- dt: x\n  lvl: debug\n  msg: !!str x',
    "- dt: x\n  lvl: debug\n  msg: 'two\n\n    paragraphs'",
    '- dt: x\n  lvl: debug\n  msg: a: b',
    '- dt: x\n  lvl: debug\n  msg: "not closed',
    '- dt: x\n lvl: debug',
    '- just text',
  ])('of another shape is left to the library: %j', (record) => {
    expect(readBlockRecord(record)).toBeUndefined();
  });

  it('is read as the library reads it, whatever is in it and however it is written', () => {
    const scalar = fc.oneof(fc.string({ unit: 'grapheme' }), fc.double(), fc.boolean(), fc.constant(null));
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const message = fc.oneof(
      scalar,
      fc.string({ minLength: 60, maxLength: 300 }),
      fc.dictionary(word, scalar),
    );
    const record = fc.record({ dt: fc.constant('2026-08-21T15:20:23.000100'), lvl: word, msg: message });
    const style = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE') as fc.Arbitrary<'PLAIN'>;
    const width = fc.constantFrom(0, 20, 80);
    fc.assert(
      fc.property(record, style, width, (value, defaultStringType, lineWidth) => {
        const text = stringify([value], { defaultStringType, lineWidth, defaultKeyType: 'PLAIN' }).trimEnd();
        const read = readBlockRecord(text);
        if (read !== undefined) expect(read).toEqual(byLibrary(text));
      }),
      { numRuns: 2000 },
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
