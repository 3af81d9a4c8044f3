import { describe, expect, it } from 'vitest';
import { checkXml } from '../../../src/core/parse/xml.ts';
import { codeOf } from '../../support/code-of.ts';

const LIMITS = { length: 1_000_000, depth: 8, tokens: 1000 };

describe('XML', () => {
  it.each([
    "<?xml version='1.0'?>\n<a><b>text &lt; é > \u0000</b><c/></a>",
    '<a>\n</a >',
    '<a/>',
    '<a><![CDATA[</a> <b>]]]></a>',
    '<a><dateTime.iso8601>20260821T15:25:29</dateTime.iso8601><ex:nil/></a>',
    '<a>'.repeat(8) + '</a>'.repeat(8),
  ])('of elements and text is taken: %j', (text) => {
    expect(codeOf(() => checkXml(Buffer.from(text), LIMITS))).toBeUndefined();
  });

  it.each<[string, string]>([
    [`<a>${'x'.repeat(1_000_000)}</a>`, 'too_long'],
    ['<a>'.repeat(9) + '</a>'.repeat(9), 'too_deep'],
    ['<a>'.repeat(300_000), 'too_deep'],
    [`<a>${'<b/>'.repeat(1000)}</a>`, 'too_complex'],
    [`<a>${'<b></b>'.repeat(500)}</a>`, 'too_complex'],
    ['', 'malformed'],
    ['just text', 'malformed'],
    ['<a>', 'malformed'],
    ['<a></b>', 'malformed'],
    ['</a>', 'malformed'],
    ['<a></a', 'malformed'],
    [`<${'a'.repeat(10_000)}/>`, 'malformed'],
    ['<a b="/>">', 'malformed'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'malformed'],
    ['<a><!-- ---></a></a> --></a>', 'malformed'],
    ['<a><![CDATA[</a>', 'malformed'],
    ['<a><![CDATA[]]\u0000><a><a>]]></a>', 'malformed'],
    ['<a><![cdata[</a>]]></a>', 'malformed'],
    ['<a><?php ?></a>', 'malformed'],
    ['<script></a></a></script>', 'malformed'],
    ['<a\u0000></a>', 'malformed'],
    ['<a>1 < 2</a>', 'malformed'],
    ['<html lang="en"><body>502</body></html>', 'malformed'],
  ])('of another kind is refused: %j is %s', (text, code) => {
    expect(codeOf(() => checkXml(Buffer.from(text), LIMITS))).toBe(code);
  });
});
