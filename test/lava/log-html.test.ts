import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, htmlLog, lineAnchor, LOG_BEGINS, type HtmlLogOptions } from '../../src/lava/log-html.ts';
import { outlineReader, type LogOutline } from '../../src/lava/log-outline.ts';
import type { LogLine } from '../../src/lava/model.ts';

function line(more: Partial<LogLine>): LogLine {
  return { at: undefined, level: 'target', text: undefined, value: undefined, namespace: undefined, ...more };
}

function result(name: string, word: string, suite = '0_smoke'): LogLine {
  return line({ level: 'results', value: { definition: suite, case: name, result: word } });
}

function outlineOf(lines: readonly LogLine[]): LogOutline {
  const reader = outlineReader();
  for (const l of lines) reader.line(l);
  return reader.end();
}

function page(lines: readonly LogLine[], options: Partial<HtmlLogOptions> = {}): string {
  const log = htmlLog({ title: 'Job 12', style: '', outline: outlineOf(lines), ...options });
  return lines.map((l) => log.line(l)).join('') + log.end();
}

/** The tags of a page, without their attributes. */
function tags(html: string): string[] {
  return [...html.matchAll(/<(\/?[a-z0-9!-]+)/g)].map((m) => m[1] ?? '');
}

describe('the outline of a log', () => {
  const at = Date.UTC(2026, 7, 21, 15, 20, 0);
  const lines = [
    line({ level: 'info', text: 'start: 2 boot-image-retry (timeout 00:03:00) [common]', at }),
    line({ level: 'debug', text: 'start: 2.1 boot-qemu-image (timeout 00:03:00) [common]', at }),
    line({ level: 'debug', text: 'start: 2.1.1 execute-qemu (timeout 00:03:00) [common]', at }),
    line({ text: 'start: 9 of the board itself', at }),
    line({ level: 'debug', text: 'end: 2.1 boot-qemu-image (duration 00:00:04) [common]', at: at + 4200 }),
    line({ level: 'debug', text: 'Received signal: <STARTRUN> 0_smoke 2_1.1.3.1', at: at + 5000 }),
    result('a', 'pass'),
    result('b', 'fail'),
    line({ level: 'debug', text: 'Received signal: <ENDRUN> 0_smoke 2_1.1.3.1', at: at + 8000 }),
  ];

  it('has the sections that LAVA names, with their durations', () => {
    expect(outlineOf(lines).sections).toEqual([
      { line: 0, label: 'boot-image-retry', depth: 0, ms: undefined },
      { line: 1, label: 'boot-qemu-image', depth: 1, ms: 4200 },
      { line: 5, label: '0_smoke', depth: 1, ms: 3000 },
    ]);
  });

  it('has the cases that failed, and counts all', () => {
    const { failed, results, lines: count } = outlineOf(lines);
    expect(failed).toEqual([{ line: 7, label: '0_smoke.b' }]);
    expect([...results]).toEqual([
      ['pass', 1],
      ['fail', 1],
    ]);
    expect(count).toBe(9);
  });
});

describe('the page of a log', () => {
  it('has an anchor with the time for each line, counted from 1', () => {
    const html = page([line({ text: 'one' }), line({ text: 'two', at: Date.UTC(2026, 7, 21, 15, 20, 23) })]);

    expect(lineAnchor(1)).toBe('L2');
    expect(html).toContain(
      '<div class=g><div class=b><i id=L1></i>one\n<i id=L2>15:20:23</i>two\n</div></div>',
    );
  });

  it('has errors and failed cases above its lines, and leads from each to the next', () => {
    const html = page([line({ text: 'panic' }), result("it's", 'fail'), result('fine', 'pass')], {
      errors: [{ line: 0, label: 'panic: <x>' }],
    });
    const above = html.slice(0, html.indexOf('id=L1>'));

    expect(above).toContain('<a href="#L1">panic: &lt;x&gt;</a>');
    expect(above).toContain('<a href="#L2">0_smoke.it&#39;s</a>');
    expect(above).toContain('3 lines; results: 1 fail, 1 pass');
    expect(html).toContain('panic <a href=#L2>next failure</a>');
    expect(html).toContain('<a href=#main>to the top</a>');
  });

  it('has anchors in a long log for what is led to, and for each twentieth line', () => {
    const lines = Array.from({ length: 30_001 }, (_, i) => line({ text: `line ${i}` }));
    const html = page(lines, { errors: [{ line: 20_001, label: 'x' }], places: [25_011] });
    const anchors = new Set([...html.matchAll(/<i id=L(\d+)>/g)].map(([, number]) => Number(number) - 1));

    expect([9_999, 20_001, 25_011, 30_000].filter((n) => !anchors.has(n))).toEqual([]);
    expect(anchors.size).toBe(10_000 + 1001 + 2);
  });

  it('folds a long line, and ends it where it would be of no use', () => {
    const html = page([line({ text: 'x'.repeat(100_000) })]);

    expect(html).toContain('<details><summary>99600 more characters</summary>');
    expect(html).toContain('[…and 80000 more, in the log as text]');
    expect(html.length).toBeLessThan(25_000);
  });

  it('is whole without a single line', () => {
    const html = page([]);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toMatch(/There are no lines[^]*<\/body>\n<\/html>\n$/);
  });

  it('allows no script, and says where its own part begins', () => {
    expect(page([])).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page([])).toContain(`<main id="main" class="log">\n${LOG_BEGINS}`);
  });

  it('lists a bounded number of failures', () => {
    const lines = Array.from({ length: 6000 }, (_, i) => result(`c${i}`, 'fail', '0_x'));
    expect(page(lines).match(/<li/g)).toHaveLength(2000);
  });

  it('has the same tags whatever the log holds', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' onclick='x",
        '</div></div></body>',
        '&lt;',
        '<!--',
        '\ud800',
      ),
    );
    const three = (text: string): LogLine[] => [
      line({ text, namespace: text }),
      line({ level: ['results', 'info', 'debug', 'target'].includes(text) ? 'x' : text, text }),
      line({ level: 'results', value: { definition: text, case: text, result: 'fail', extra: text } }),
    ];
    const options = { errors: [{ line: 1, label: 'x' }] };
    const tame = page(three('x'), options);
    fc.assert(
      fc.property(hostile, (text) => {
        const html = page(three(text), { title: text, errors: [{ line: 1, label: text }] });
        expect(tags(html).filter((tag) => !/^\/?span/.test(tag))).toEqual(
          tags(tame).filter((tag) => !/^\/?span/.test(tag)),
        );
        const attributes = [...html.matchAll(/<[^>]*>/g)].map((m) => m[0].replaceAll(/"[^"]*"/g, ''));
        for (const tag of attributes) expect(tag).not.toMatch(/\son|["']/i);
      }),
    );
  });
});

it('shows control characters of titles and names as it does those of lines', () => {
  const html = page([result('a\x1b[31mb\x07', 'fail', '0_x')], {
    title: 'a job\r\u202e',
    errors: [{ line: 0, label: 'odd\0\x85' }],
  });

  expect(html).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(html).toContain('>0_x.ab^G</a>');
});

it('escapes for text and attributes', () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;',
  );
});
