import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describe as describeValue, readable } from '../../src/lava/log-clean.ts';
import { consoleText, fullText, timeOf, type LogTransform } from '../../src/lava/log-text.ts';
import { readLogText } from '../../src/lava/log.ts';
import { dumpLine } from './log-emitter.ts';

const dt = '2026-08-21T15:20:23.000100+00:00';

function render(transform: LogTransform, lines: readonly string[]): string {
  return [...readLogText(lines.join('\n'))].map((line) => transform.line(line)).join('') + transform.end();
}

describe('log.txt', () => {
  it('is what the board wrote', () => {
    const log = [
      dumpLine('info', 'start: 0 validate'),
      dumpLine('target', '[    0.000000] Booting Linux'),
      dumpLine('feedback', 'another console', { ns: 'server' }),
      dumpLine('results', { case: 'x', result: 'pass' }),
      dumpLine('target', ''),
      dumpLine('target', '<LAVA_SIGNAL_ENDRUN 0_x>'),
    ];
    expect(render(consoleText(), log)).toBe('[    0.000000] Booting Linux\n\n<LAVA_SIGNAL_ENDRUN 0_x>\n');
  });

  it('is what LAVA wrote, if the board never did', () => {
    const log = [
      dumpLine('info', 'start: 0 validate', { dt }),
      dumpLine('error', 'Resource unavailable', { dt }),
    ];
    expect(render(consoleText(), log)).toBe(
      '2026-08-21 15:20:23.000 info      start: 0 validate\n2026-08-21 15:20:23.000 error     Resource unavailable\n',
    );
  });

  it('keeps begin and end of very much that LAVA wrote', () => {
    const transform = consoleText();
    const line = { at: undefined, value: undefined, namespace: undefined, level: 'debug' };
    for (let i = 0; i < 30_000; i++) transform.line({ ...line, text: `line ${i} ${'x'.repeat(100)}` });
    const text = transform.end();

    expect(text.length).toBeLessThanOrEqual(1024 * 1024 + 10);
    expect(text).toMatch(/^ +debug {5}line 0 x/);
    expect(text).toContain('\n[…]\n');
    expect(text).toMatch(/line 29999 x+\n$/);
  });

  it('has no backslashes that an old dispatcher put before quotes', () => {
    const written = String.raw`root=\"x\"`;
    const old = [
      dumpLine('info', 'lava-dispatcher, installed at version: 2023.01'),
      dumpLine('target', written),
    ];
    const recent = [
      dumpLine('info', 'lava-dispatcher, installed at version: 2024.05'),
      dumpLine('target', written),
    ];

    expect(render(consoleText(), old)).toBe('root="x"\n');
    expect(render(consoleText(), recent)).toBe(`${written}\n`);
  });
});

describe('the full log', () => {
  it('has all lines with their times and levels', () => {
    const log = [
      dumpLine('info', 'one\ntwo', { dt }),
      dumpLine('feedback', 'hi', { dt, ns: 'server' }),
      dumpLine(
        'results',
        { definition: '0_x', case: 'y', result: 'pass', measurement: 12.5, units: 's' },
        { dt },
      ),
      dumpLine('debug', ['a', null], { dt: '' }),
      'nonsense',
    ];
    expect(render(fullText(), log).split('\n')).toEqual([
      '2026-08-21 15:20:23.000 info      one',
      '                                  two',
      '2026-08-21 15:20:23.000 feedback server hi',
      '2026-08-21 15:20:23.000 results   0_x.y: pass 12.5 s {"measurement":12.5,"units":"s"}',
      '                        debug     ["a",null]',
      '                        unreadable nonsense',
      '',
    ]);
  });

  it('cuts a message that is no text and very long', () => {
    expect(describeValue(Array<string>(10_000).fill('x')).length).toBeLessThanOrEqual(2001);
  });

  it('has no time where there is none', () => {
    expect(timeOf(undefined).trim()).toBe('');
    expect(timeOf(Infinity).trim()).toBe('');
    expect(timeOf(9e15).trim()).toBe('');
  });
});

describe('a readable line', () => {
  it.each<[string, string]>([
    ['[    1.000000] plain [1] a[0] x[10K] [100m]', '[    1.000000] plain [1] a[0] x[10K] [100m]'],
    ['\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b[?25h\x1b=', 'red x'],
    ['[1;31mFAILED[0m', 'FAILED'],
    ['[?2004hroot@board:~# ', 'root@board:~# '],
    ['[2J[1;1Hmenu', 'menu'],
    ['done\r', 'done'],
    ['a\rb\tc\x07\x7f\0', 'a^Mb\tc^G^?'],
    ['a\u202eb\u200bc\x9bd', String.raw`a\u202eb\u200bc\u009bd`],
    ['é 😀', 'é 😀'],
    ['\x1b', '^['],
  ])('%j', (text, expected) => {
    expect(readable(text)).toBe(expected);
  });

  it('takes linear time, whatever it is made of', () => {
    for (const odd of ['\r', '\x1b', '\x1b]a', '[0;', '[?', '\x1b[']) {
      expect(readable(`${odd.repeat(500_000)}x`)).not.toBe('');
    }
    expect(readable(`a\r\rb${'\r'.repeat(3)}\nc\r`)).toBe('a^M^Mb\nc');
  });

  it('holds nothing that a terminal obeys, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readable(text)).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});
