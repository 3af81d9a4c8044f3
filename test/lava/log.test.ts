import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import {
  LogReader,
  looksLikeLavaLog,
  MAX_LINE,
  parseLogLine,
  readLog,
  readLogText,
  UNREADABLE,
} from '../../src/lava/log.ts';
import type { LogLine } from '../../src/lava/model.ts';
import { dumpLine, dumpValue } from './log-emitter.ts';

const FIXTURES = new URL('../fixtures/lava/logs/', import.meta.url);
const captures = readdirSync(FIXTURES).filter((name) => name.endsWith('.yaml'));

function text(line: string): string | undefined {
  return parseLogLine(line)?.text;
}

function value(msg: string): unknown {
  const line = parseLogLine(`- {"dt": "2026-08-21T15:20:23.000100", "lvl": "results", "msg": ${msg}}`);
  return line?.text ?? line?.value;
}

/** What a YAML library makes of a line; `! "12"` by hand, because to the library it is text. */
function byLibrary(line: string): { dt: unknown; lvl: unknown; msg: unknown; ns: unknown } {
  const convert = (node: unknown): unknown => {
    if (isSeq(node)) return node.items.map(convert);
    if (isMap(node)) {
      return Object.fromEntries(node.items.map((pair) => [String(convert(pair.key)), convert(pair.value)]));
    }
    if (!isScalar(node)) return null;
    return node.tag === '!' ? JSON.parse(String(node.value)) : node.value;
  };
  const [record] = convert(parseDocument(line).contents) as {
    dt: unknown;
    lvl: unknown;
    msg: unknown;
    ns: unknown;
  }[];
  return { dt: record?.dt, lvl: record?.lvl, msg: record?.msg, ns: record?.ns };
}

describe('a real log', () => {
  it.each(captures)('%s is read as a YAML library reads it', (name) => {
    const log = readFileSync(new URL(name, FIXTURES), 'utf8');

    const lines = [...readLogText(log)];

    const expected = log
      .trimEnd()
      .split('\n')
      .map((line) => byLibrary(line));
    expect(lines).toHaveLength(expected.length);
    for (const [i, { dt, lvl, msg, ns }] of expected.entries()) {
      const line = lines[i];
      expect(line?.at).toBe(Date.parse(`${String(dt).slice(0, 23)}Z`));
      expect({ lvl: line?.level, msg: line?.text ?? line?.value, ns: line?.namespace }).toEqual({
        lvl,
        msg,
        ns,
      });
    }
  });

  it('is the same in pieces of any size, as bytes or as text', async () => {
    const log = readFileSync(new URL('deploy-404.yaml', FIXTURES));
    const whole = [...readLogText(log.toString())];

    for (const size of [1, 7, 100, 4096]) {
      const reader = new LogReader();
      const lines: LogLine[] = [];
      for (let at = 0; at < log.length; at += size) lines.push(...reader.push(log.subarray(at, at + size)));
      expect([...lines, ...reader.end()]).toEqual(whole);
    }
    const batches: LogLine[] = [];
    const source = [log.subarray(0, 500).toString(), log.subarray(500)];
    for await (const lines of readLog(ReadableStream.from(source))) batches.push(...lines);
    expect(batches).toEqual(whole);
  });
});

describe('a line', () => {
  it('of the board is taken apart', () => {
    expect(
      parseLogLine(
        '- {"dt": "2026-08-21T15:20:23.000100+00:00", "lvl": "target", "msg": "[    0.0] Booting"}',
      ),
    ).toEqual({
      at: Date.UTC(2026, 7, 21, 15, 20, 23),
      level: 'target',
      text: '[    0.0] Booting',
      value: undefined,
      namespace: undefined,
    });
  });

  it.each([
    ['2023-01-19T10:00:00.123456', Date.UTC(2023, 0, 19, 10, 0, 0, 123)],
    ['2023-01-19T10:00:00', Date.UTC(2023, 0, 19, 10)],
    ['2026-05-31T23:59:59.999999+00:00', Date.UTC(2026, 4, 31, 23, 59, 59, 999)],
    ['2026-05-19T10:00:00+00:00', Date.UTC(2026, 4, 19, 10)],
    ['2026-05-19T10:00:00.500000+02:00', Date.UTC(2026, 4, 19, 8, 0, 0, 500)],
    ['yesterday', undefined],
    ['', undefined],
    ['2026-13-19T10:00:00.123456', undefined],
    ['2026-0a-19T10:00:00.123456', undefined],
  ])('has its time: %s', (dt, at) => {
    expect(parseLogLine(dumpLine('info', 'x', { dt }))?.at).toBe(at);
  });

  it('has all escapes of YAML', () => {
    const all = String.raw`\0\a\b\t\n\v\f\r\e\ \"\/\\\N\_\L\P\x41\u00e9\U0001F600`;
    expect(text(dumpLine('target', '@').replace('@', () => all))).toBe(
      '\0\x07\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029Aé😀',
    );
  });

  it('keeps an escape that is none', () => {
    const odd = String.raw`\q \xZZ \U99999999 \u12`;
    expect(text(dumpLine('target', '@').replace('@', () => odd))).toBe(odd);
  });

  it('of an old dispatcher keeps the backslash that this put before each quote', () => {
    expect(
      text(String.raw`- {"dt": "2023-01-19T10:00:00.1", "lvl": "target", "msg": "root=\\\"x\\\""}`),
    ).toBe(String.raw`root=\"x\"`);
  });

  it('may end in backslashes', () => {
    expect(text(String.raw`- {"dt": "", "lvl": "target", "msg": "a\\"}`)).toBe('a\\');
    expect(text(String.raw`- {"dt": "", "lvl": "target", "msg": "a\"}`)).toBeUndefined();
  });

  it('of another console names its namespace', () => {
    expect(parseLogLine(dumpLine('feedback', 'hi "there"', { ns: 'server "1"' }))).toMatchObject({
      level: 'feedback',
      text: 'hi "there"',
      namespace: 'server "1"',
    });
  });

  it('may have any level', () => {
    for (const level of ['input', 'exception', 'something-new']) {
      expect(parseLogLine(dumpLine(level, 'x'))?.level).toBe(level);
    }
  });

  it.each<[string, unknown]>([
    ['! "12"', 12],
    ['! "-3"', -3],
    ['! "12.5"', 12.5],
    ['! "1.0e-05"', 1e-5],
    ['! ".inf"', Infinity],
    ['! "null"', null],
    ['! "true"', true],
    ['!!int "12"', 12],
    ['!!float "0.5"', 0.5],
    ['!!null "null"', null],
    ['!!bool "false"', false],
    ['! "12345678901234567890"', '12345678901234567890'],
    ['["a", ! "1", []]', ['a', 1, []]],
    ['{}', {}],
    [
      '{"case": "x", "measurement": ! "12.5", "extra": {"a": "1"}}',
      { case: 'x', measurement: 12.5, extra: { a: '1' } },
    ],
    ['{"a": &id001 ["x"], "b": *id001}', { a: ['x'], b: ['x'] }],
    ["{'a': 'it''s', b: [c, 2, null, 1.5]}", { a: "it's", b: ['c', 2, null, 1.5] }],
    ['!!python/tuple ["a"]', ['a']],
  ])('may have a message that is no text: %s', (msg, expected) => {
    expect(value(msg)).toEqual(expected);
  });

  it('keeps text that looks like something else', () => {
    for (const msg of ['12', 'null', 'true', '! "12"', '{"a": 1}', ''])
      expect(text(dumpLine('target', msg))).toBe(msg);
  });

  it('cannot change what objects are', () => {
    const odd = value('{"__proto__": {"polluted": "yes"}}');

    expect(Object.keys(odd as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['{"case": "a", "definition": "0_x", "endtc": ! "7", "result": "pass"}', { case: 'a', definition: '0_x', endtc: 7, result: 'pass' }], // prettier-ignore
    ['{"case": "a\\"b\\\\", "result": "\\u00e9"}', { case: 'a"b\\', result: 'é' }],
    ['{"case": "a", "extra": [{"fail": "x"}]}', { case: 'a', extra: [{ fail: 'x' }] }],
    ['{"case": "a", "number": !!int "12", "none": ! "null"}', { case: 'a', number: 12, none: null }],
    ['{}', {}],
  ])('of a result is read the fast way and the other way alike: %s', (msg, expected) => {
    const line = `- {"dt": "2026-11-21T12:00:00.000100", "lvl": "results", "msg": ${msg}}`;

    for (const same of [line, line.replace('"msg": ', '"msg":  '), line.replace(/}$/, ', "ns": "x"}')]) {
      expect(parseLogLine(same)?.value).toEqual(expected);
    }
  });

  it('has the time of its own second, not of the one before', () => {
    const at = (dt: string): number | undefined =>
      parseLogLine(`- {"dt": "${dt}", "lvl": "info", "msg": "x"}`)?.at;

    expect(at('2026-11-21T12:00:00.250000')).toBe(Date.UTC(2026, 10, 21, 12, 0, 0, 250));
    expect(at('2026-11-21T12:00:00.999999+00:00')).toBe(Date.UTC(2026, 10, 21, 12, 0, 0, 999));
    expect(at('2026-11-21T12:00:00.250000+02:00')).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 250));
    expect(at('2026-11-21T12:00:01.000000')).toBe(Date.UTC(2026, 10, 21, 12, 0, 1));
    expect(at('2026-11-21T12:00:01.x00000')).toBeUndefined();
  });

  it('takes no time for mappings as the keys of mappings, nor for aliases of aliases', () => {
    const line = (msg: string): string => `- {"dt": "2026", "lvl": "debug", "msg": ${msg}}`;
    const lists = Array.from({ length: 40 }, (_, i) => `&x${i + 1} [*x${i}, *x${i}, *x${i}]`).join(', ');

    expect(parseLogLine(line(`${'{'.repeat(40)}"a"${': 1}'.repeat(40)}`))?.value).toEqual({ '?': 1 });
    expect(parseLogLine(line('[&x [1], *x, *x]'))?.value).toEqual([[1], [1], [1]]);
    expect(parseLogLine(line(`[&x0 [1], ${lists}]`))).toBeUndefined();
  });

  it.each([
    '',
    'hello',
    '- ',
    '- {}',
    '- "text"',
    '- {"dt": "2026", "lvl": "target"}',
    '- {"dt": "2026", "lvl": "target", "msg": "torn',
    '- {"dt": "2026", "lvl": "target", "msg": "a"',
    '- {"dt": "2026", "lvl": "target", "msg": "a"} x',
    `- {"dt": "2026", "lvl": "debug", "msg": ${'['.repeat(100_000)}}`,
  ])('that is none is undefined: %#', (line) => {
    expect(parseLogLine(line)).toBeUndefined();
  });
});

describe('a log', () => {
  const line = dumpLine('target', 'one');

  it('that is not there yet has no lines', () => {
    for (const log of ['', '[]', '[]\n', '\n\n', '\ufeff\n']) expect([...readLogText(log)]).toEqual([]);
  });

  it('may have Windows line ends, blank lines, a byte order mark', () => {
    const lines = [...readLogText(`\ufeff${line}\r\n\r\n${dumpLine('target', 'two')}\r\n`)];
    expect(lines.map((l) => l.text)).toEqual(['one', 'two']);
  });

  it('keeps what it cannot read', () => {
    const torn = line.slice(0, 60);
    const lines = [...readLogText(`${line}\nnonsense\n${torn}${line}\n${line}\n${torn}`)];
    expect(lines.map((l) => [l.level, l.text])).toEqual([
      ['target', 'one'],
      [UNREADABLE, 'nonsense'],
      [UNREADABLE, torn + line],
      ['target', 'one'],
      [UNREADABLE, torn],
    ]);
  });

  it('may be a text without lines: a part of it is kept', () => {
    const reader = new LogReader();
    const piece = 'x'.repeat(1024 * 1024);

    const lines: LogLine[] = [];
    for (let i = 0; i < 10; i++) lines.push(...reader.push(piece));
    lines.push(...reader.push(`\n${line}\n`), ...reader.end());

    expect(lines.map((l) => [l.level, l.text?.length])).toEqual([
      [UNREADABLE, MAX_LINE],
      ['target', 3],
    ]);
  });

  it('may have very long lines', () => {
    const long = 'é'.repeat(150_000);
    expect([...readLogText(`${dumpLine('target', long)}\n${line}\n`)].map((l) => l.text)).toEqual([
      long,
      'one',
    ]);
  });
});

describe('a log from a database', () => {
  const expected = [
    ['info', 'start: 0 validate'],
    ['target', "it's 12: a \u00e9 [x]"],
    ['target', '12'],
    ['results', { case: 'job', definition: 'lava', measurement: 12.5, ok: true }],
    ['debug', ['a', 'b']],
    ['debug', null],
  ];

  function seen(log: string): unknown[] {
    return [...readLogText(log)].map((l) => [l.level, l.text ?? l.value]);
  }

  it('may be YAML in block style', () => {
    const log = `- dt: '2026-08-21T15:20:23.000100'
  lvl: info
  msg: 'start: 0

    validate'
- {dt: '2026-08-21T15:20:23.000100', lvl: target, msg: "it's 12: a \\xE9 [x]"}
- dt: 2026-08-21 15:20:23.000100
  lvl: target
  msg: '12'
- dt: '2026-08-21T15:20:23.000100'
  lvl: results
  msg:
    case: job
    definition: lava
    measurement: 12.5
    ok: true
- dt: '2026-08-21T15:20:23.000100'
  lvl: debug
  msg: [a, b]
- dt: '2026-08-21T15:20:23.000100'
  lvl: debug
  msg: null
`;
    const lines = [...readLogText(log)];
    expect(seen(log.replace('start: 0\n\n    validate', 'start: 0 validate'))).toEqual(expected);
    expect(lines[0]?.text).toBe('start: 0\nvalidate');
    expect(lines.map((l) => l.at)).toEqual(Array(6).fill(Date.UTC(2026, 7, 21, 15, 20, 23)));
  });

  it('may be JSON', () => {
    const records = expected.map(([lvl, msg]) => ({ dt: '2026-08-21T15:20:23.000100', lvl, msg }));
    expect(seen(JSON.stringify(records))).toEqual(expected);
    expect(seen(JSON.stringify(records, null, 2))).toEqual(expected);
    expect(seen(records.map((r) => JSON.stringify(r)).join('\n'))).toEqual(expected);
  });

  it('may be one line of any length', () => {
    const record = '{"dt": "2026-08-21T15:20:23.000100", "lvl": "target", "msg": "one"}';
    const reader = new LogReader();
    const piece = `${record}, `.repeat(10_000);
    let lines = reader.push('[').length;
    for (let i = 0; i < 10; i++) lines += reader.push(piece).length;
    expect(lines + reader.push(`${record}]\n`).length).toBe(100_001);
    expect(reader.end()).toEqual([]);
  });

  it('keeps records that it cannot read', () => {
    expect(seen('- lvl: info\n  msg: a\n- : : [\n- lvl: info\n  msg: b\n')).toEqual([
      ['info', 'a'],
      [UNREADABLE, '- : : ['],
      ['info', 'b'],
    ]);
    expect(seen('[{"lvl": "info", "msg": "a"}, {"x": 1}, {"lvl": "info"')).toEqual([
      ['info', 'a'],
      [UNREADABLE, '{"x": 1}'],
      [UNREADABLE, '{"lvl": "info"'],
    ]);
  });

  it('follows aliases, but takes neither time nor memory for aliases of aliases', () => {
    const bomb = Array.from(
      { length: 40 },
      (_, i) => `    a${i + 1}: &x${i + 1} [*x${i}, *x${i}, *x${i}]`,
    ).join('\n');

    expect(seen('- lvl: info\n  msg:\n    a: &x [lol]\n    b: [*x, *x]\n')).toEqual([
      ['info', { a: ['lol'], b: [['lol'], ['lol']] }],
    ]);
    expect(seen(`- lvl: info\n  msg:\n    a0: &x0 [lol]\n${bomb}\n`)).toMatchObject([[UNREADABLE, /lol/]]);
  });

  it('takes no time for mappings as the keys of mappings', () => {
    const keys = `${'{'.repeat(40)}a${': 1}'.repeat(40)}`;

    expect(seen(`- lvl: info\n  msg: ${keys}\n`)).toEqual([['info', { '?': 1 }]]);
  });
});

describe('for any', () => {
  const words = fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed());
  const values = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      words,
      fc.integer(),
      fc.double({ noNaN: true }).map((d) => (Object.is(d, -0) ? 0 : d)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any')),
      fc.dictionary(words, tie('any')),
    ),
  })).any;

  it('message that LAVA can write, the same message is read', () => {
    fc.assert(
      fc.property(values, fc.option(words, { nil: undefined }), (msg, ns) => {
        const line = parseLogLine(dumpLine('target', msg, ns === undefined ? {} : { ns }));
        expect(line?.text ?? line?.value).toEqual(msg);
        expect(line?.namespace).toBe(ns);
      }),
    );
  });

  it('value, the tags of either emitter mean the same', () => {
    fc.assert(
      fc.property(values, (msg) => {
        fc.pre(typeof msg !== 'string');
        expect(value(dumpValue(msg, (type) => `!!${type}`))).toEqual(value(dumpValue(msg)));
      }),
    );
  });

  it('way to cut a log in pieces, the lines are the same', () => {
    const log = fc
      .array(
        fc.oneof(words, fc.constantFrom('\n', '\r\n', dumpLine('target', 'é😀\x1b'), '- lvl: x', '[{"a"}')),
      )
      .map((parts) => parts.join('\n'));
    fc.assert(
      fc.property(log, fc.array(fc.nat(50)), (text, cuts) => {
        const bytes = Buffer.from(text);
        const reader = new LogReader();
        const lines: LogLine[] = [];
        let at = 0;
        for (const size of cuts) lines.push(...reader.push(bytes.subarray(at, (at += size))));
        lines.push(...reader.push(bytes.subarray(at)), ...reader.end());
        expect(lines).toEqual([...readLogText(text)]);
      }),
    );
  });

  it('damage to a log, nothing is thrown and every line is there', () => {
    const log = readFileSync(new URL('deploy-404.yaml', FIXTURES), 'utf8');
    fc.assert(
      fc.property(fc.nat(log.length), fc.nat(200), words, (at, length, inserted) => {
        const damaged = log.slice(0, at) + inserted + log.slice(at + length);
        fc.pre(damaged.startsWith('- {"dt"'));
        const physical = damaged
          .split('\n')
          .filter((l) => l !== '' && l !== '\r' && l !== '[]' && l !== '[]\r');
        expect([...readLogText(damaged)]).toHaveLength(physical.length);
      }),
    );
  });
});

it('distinguishes a LAVA log from a console', () => {
  for (const log of [
    dumpLine('info', 'x'),
    "- dt: '2026'\n",
    '[{"dt": "2026"',
    '- {dt: 2026, lvl',
    '---\n- {"dt": "x"}',
  ]) {
    expect(looksLikeLavaLog(log)).toBe(true);
  }
  for (const log of ['', '[    0.000000] Linux', 'dt: x', '- item', '[]'])
    expect(looksLikeLavaLog(log)).toBe(false);
});
