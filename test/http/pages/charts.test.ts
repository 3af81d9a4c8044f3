import { describe, expect, it } from 'vitest';
import { spark, strip, track } from '../../../src/http/pages/charts.ts';

const EVIL = '"><script>alert(1)</script>';

describe('a strip', () => {
  it('has a mark for each run with what it was, and failures are taller', () => {
    const { text } = strip('the last runs', [
      { shade: 'pass', title: 'boot: pass' },
      { shade: 'kernel', title: 'boot: fail' },
    ]);

    expect(text).toContain('aria-label="the last runs"');
    expect(text).toMatch(
      /class="pass" x="0" y="7" width="8" height="7"[^]*boot: pass[^]*class="kernel" x="10" y="0" width="8" height="14"[^]*boot: fail/,
    );
  });

  it('of no runs says so', () => {
    expect(strip('runs', []).text).toContain('no runs');
  });
});

describe('a line of a trend', () => {
  it('goes from left to right, the largest at the top', () => {
    expect(spark('boot time', [0, 10, 5]).text).toContain('points="0.0,19.0 50.0,1.0 100.0,10.0"');
  });

  it('of one value is none', () => {
    expect(spark('boot time', [3]).text).toBe('');
  });

  it('of zeros lies at the bottom', () => {
    expect(spark('failures', [0, 0]).text).toContain('points="0.0,19.0 100.0,19.0"');
  });
});

describe('a track', () => {
  it('shows what lies between its ends, cut where it reaches beyond them, and nothing too narrow to be seen', () => {
    const { text } = track('a day', { from: 1000, to: 2000 }, [
      { shade: 'busy', title: 'before', from: 0, to: 1500 },
      { shade: 'pass', title: 'short', from: 1500, to: 1500 },
      { shade: 'test', title: 'after', from: 1900, to: 5000 },
    ]);

    expect([...text.matchAll(/x="([\d.]+)" y="0" width="([\d.]+)"/g)].map(([, x, w]) => [x, w])).toEqual([
      ['0', '500'],
      ['500', '1'],
      ['900', '100'],
    ]);
  });
});

it('titles and labels from outside stay text', () => {
  const mark = { shade: 'pass', title: EVIL } as const;
  for (const { text } of [
    strip(EVIL, [mark]),
    spark(EVIL, [1, 2]),
    track(EVIL, { from: 0, to: 1 }, [{ ...mark, from: 0, to: 1 }]),
  ])
    expect(text).not.toContain('<script');
});
