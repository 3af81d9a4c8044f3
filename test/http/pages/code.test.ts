import { describe, expect, it } from 'vitest';
import { difference, yaml } from '../../../src/http/pages/code.ts';

/** What was taken out (-), put in (+) and left, line by line. */
function lines(before: string, after: string): string[] | undefined {
  return difference(before, after)
    ?.text.replace(/<pre[^>]*>\n|<\/pre>/g, '')
    .replace(/<\/(?:ins|del)>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .split('\n')
    .filter((line) => line !== '');
}

describe('the difference of two definitions', () => {
  it('is what was taken out and put in, after the three lines before', () => {
    expect(lines('a\nb\nc\nd\nold\nz', 'a\nb\nc\nd\nnew\nmore\nz')).toEqual([
      'b',
      'c',
      'd',
      '- old',
      '+ new',
      '+ more',
    ]);
  });

  it('keeps what both have between two changes', () => {
    expect(lines('1\nx\n2', '3\nx\n4')).toEqual(['- 1', '+ 3', 'x', '- 2', '+ 4']);
  });

  it('has only what was added, or only what was taken out', () => {
    expect(lines('a\nc', 'a\nb\nc')).toEqual(['a', '+ b']);
    expect(lines('a\nb\nc', 'a\nc')).toEqual(['a', '- b']);
  });

  it('of the same texts, and of what is too long to compare, is none', () => {
    expect(difference('a\nb', 'a\nb')).toBeUndefined();
    const many = (word: string): string => Array.from({ length: 2000 }, (_, i) => `${word}${i}`).join('\n');
    expect(difference(many('a'), many('b'))).toBeUndefined();
  });

  it('is text, whatever the definitions hold', () => {
    expect(difference('<script>', '<img src=x>')?.text).not.toMatch(/<script|<img/);
  });
});

describe('YAML for reading', () => {
  it('has its keys, comments and quoted values in colours, and loses nothing', () => {
    const text = '# why\njob_name: "a: b"\nactions:\n  - deploy: { to: tftp }\n    os: debian\n';
    const shown = yaml(text).text;

    expect(shown).toContain('<span class="comment"># why</span>');
    expect(shown).toContain(
      '<span class="key">job_name:</span><span class="string"> &quot;a: b&quot;</span>',
    );
    expect(shown).toContain('  - <span class="key">deploy:</span> { to: tftp }');
    expect(
      shown
        .replace(/<[^>]*>/g, '')
        .replaceAll('&quot;', '"')
        .trim(),
    ).toBe(text.trim());
  });
});
