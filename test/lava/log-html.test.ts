import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseAnchor, errorAnchor, escapeHtml, htmlLog, lineAnchor } from '../../src/lava/log-html.ts';
import type { LogLine } from '../../src/lava/model.ts';

function line(more: Partial<LogLine>): LogLine {
  return { at: undefined, level: 'target', text: undefined, value: undefined, namespace: undefined, ...more };
}

function page(lines: readonly LogLine[], options: Partial<Parameters<typeof htmlLog>[0]> = {}): string {
  const log = htmlLog({ title: 'Job 12', ...options });
  return lines.map((l) => log.line(l)).join('') + log.end();
}

/** The tags of a page, without their attributes. */
function tags(html: string): string[] {
  return [...html.matchAll(/<(\/?[a-z0-9!-]+)/g)].map((m) => m[1] ?? '');
}

describe('the page of a log', () => {
  it('has an anchor for every line, counted from 1', () => {
    const html = page([line({ text: 'one' }), line({ text: 'two', at: Date.UTC(2026, 7, 21, 15, 20, 23) })]);

    expect(lineAnchor(1)).toBe('L2');
    expect(html).toContain('<div class="l target" id="L1">');
    expect(html).toContain('<a class="n" href="#L2">2</a><i>15:20:23.000 target</i> two</div>');
  });

  it('leads to test cases and errors', () => {
    const result = line({ level: 'results', value: { definition: '0_smoke', case: "it's", result: 'fail' } });
    const html = page([line({ text: 'panic' }), result, result], {
      errors: [{ line: 0, label: 'panic: <x>' }],
    });

    expect(html).toContain(`<a id="${errorAnchor(0)}"></a>`);
    expect(html).toContain('<li><a class="error" href="#error-1">panic: &lt;x&gt;</a></li>');
    expect(html.split(`<a id="${caseAnchor('0_smoke', "it's")}"></a>`)).toHaveLength(2);
    expect(html).toContain('<li><a class="fail" href="#L3">0_smoke.it&#39;s: fail</a></li>');
    expect(html).toContain('class="l target hit"');
  });

  it('is whole without a single line', () => {
    const html = page([]);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toMatch(/<\/body>\n<\/html>\n$/);
  });

  it('allows no script', () => {
    expect(page([])).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('lists a bounded number of cases', () => {
    const lines = Array.from({ length: 6000 }, (_, i) =>
      line({ level: 'results', value: { definition: '0_x', case: `c${i}`, result: 'pass' } }),
    );
    expect(page(lines).match(/<li>/g)).toHaveLength(5000);
  });

  it('has the same tags whatever the log holds', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' onclick='x",
        '</div></body>',
        '&lt;',
        '<!--',
        '\ud800',
      ),
    );
    const tame = page(
      [
        line({ text: 'x', namespace: 'x' }),
        line({ level: 'x', text: 'x' }),
        line({ level: 'results', value: { definition: 'x', case: 'x', result: 'x', extra: 'x' } }),
      ],
      { errors: [{ line: 1, label: 'x' }] },
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const html = page(
          [
            line({ text, namespace: text }),
            line({ level: text === 'results' ? 'x' : text, text }),
            line({ level: 'results', value: { definition: text, case: text, result: text, extra: text } }),
          ],
          { title: text, errors: [{ line: 1, label: text }] },
        );
        expect(tags(html)).toEqual(tags(tame));
        const attributes = [...html.matchAll(/<[^>]*>/g)].map((m) => m[0].replaceAll(/"[^"]*"/g, ''));
        for (const tag of attributes) expect(tag).not.toMatch(/\son|["']/i);
      }),
    );
  });
});

it('shows control characters of titles and names as it does those of lines', () => {
  const html = page(
    [line({ level: 'results', value: { definition: '0_x', case: 'a\x1b[31mb\x07', result: 'pass' } })],
    {
      title: 'a job\r\u202e',
      errors: [{ line: 0, label: 'odd\0\x85' }],
    },
  );

  expect(html).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(html).toContain('0_x.ab^G: pass');
});

it('escapes for text and attributes', () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;',
  );
});
