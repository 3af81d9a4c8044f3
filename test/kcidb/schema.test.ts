import { describe, expect, it } from 'vitest';
import { isDateTime, isUri } from '../../src/kcidb/formats.ts';
import { KcidbReport, validateReport } from '../../src/kcidb/schema.ts';

const valid = (doc: unknown): boolean => KcidbReport.safeParse(doc).success;

const test = { id: 'mylab:t', origin: 'mylab', build_id: 'maestro:b' };
const report = (...tests: unknown[]) => ({ version: { major: 5, minor: 3 }, tests });

describe('a report', () => {
  it('is one of version 5.3 exactly', () => {
    expect(valid(report(test))).toBe(true);
    expect(valid({ version: { major: 5 } })).toBe(false);
    expect(valid({ version: { major: 5, minor: 2 } })).toBe(false);
    expect(valid({ version: { major: 4, minor: 3 } })).toBe(false);
    expect(valid({ ...report(test), extra: [] })).toBe(false);
  });

  it.each([
    ['null', { path: null }],
    ['an unknown key', { waived: true }],
    ['a path with an empty segment', { path: 'a..b' }],
    ['a status of its own', { status: 'BROKEN' }],
    ['NUL', { comment: 'a\0b' }],
    ['a number without value', { number: { unit: 's' } }],
    ['a time with a space', { start_time: '2026-01-02 03:04:05Z' }],
    ['a URL with a space', { log_url: 'https://a/b c' }],
    ['an excerpt that is too long', { log_excerpt: 'é'.repeat(16_385) }],
    ['a compatible with a space', { environment: { compatible: ['a b'] } }],
    ['a file in a folder', { output_files: [{ name: 'a/b', url: 'https://a/b' }] }],
    ['an origin with a dash', { origin: 'my-lab' }],
  ])('has no test with %s', (_what, more) => {
    expect(valid(report({ ...test, ...more }))).toBe(false);
  });

  it('counts characters as Python does', () => {
    expect(valid(report({ ...test, log_excerpt: '💥'.repeat(16_384) }))).toBe(true);
    expect(valid(report({ ...test, log_excerpt: '💥'.repeat(16_385) }))).toBe(false);
  });
});

describe('validateReport', () => {
  it('keeps the good objects, and gives the reasons of the bad ones', () => {
    const bad = { ...test, id: 'mylab:u', status: 'BROKEN', path: '.' };

    const { report: good, rejected } = validateReport({
      ...report(test, bad, 7),
      issues: [{ id: 'mylab:i', origin: 'mylab', version: 1.5 }],
      incidents: [{ id: 'mylab:j', origin: 'mylab', issue_id: 'mylab:i', issue_version: 1 }],
    });

    expect(good.tests).toEqual([test]);
    expect(good.issues).toEqual([]);
    expect(good.incidents).toHaveLength(1);
    expect(rejected.map(({ list, index, id }) => [list, index, id])).toEqual([
      ['tests', 1, 'mylab:u'],
      ['tests', 2, undefined],
      ['issues', 0, 'mylab:i'],
    ]);
    expect(rejected[0]?.reasons.map((reason) => reason.split(':')[0])).toEqual(['path', 'status']);
    expect(rejected[0]?.object).toBe(bad);
  });

  it('refuses what is no report at all', () => {
    const BAD_REPORT = expect.objectContaining({ code: 'bad_report' });
    expect(() => validateReport({ version: { major: 4, minor: 3 } })).toThrow(BAD_REPORT);
    expect(() => validateReport([])).toThrow(BAD_REPORT);
  });
});

describe('formats', () => {
  it.each([
    ['2026-01-02T03:04:05Z', true],
    ['2026-01-02t03:04:05.123456+00:00', true],
    ['2024-02-29T00:00:00z', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-01-02T03:04:60Z', false],
    ['2026-01-02T03:04:05+0000', false],
    ['2026-01-02T03:04:05', false],
    ['0000-01-02T03:04:05Z', false],
    ['2026-13-02T03:04:05Z', false],
    ['2026-01-00T03:04:05Z', false],
  ])('time %s: %s', (text, good) => {
    expect(isDateTime(text)).toBe(good);
  });

  it.each([
    ['https://a.example/b?c=d#e', true],
    ['http://[::1]:8080/x', true],
    ['mailto:a@b', true],
    ['https://user:pw@host:80', true],
    ['https://a/%20b', true],
    ['https://a/%2', false],
    ['https://a/b|c', false],
    ['https://a/é', false],
    ['/relative', false],
    ['no scheme', false],
    ['1http://a', false],
    ['https://a/b\n', false],
  ])('URI %s: %s', (text, good) => {
    expect(isUri(text)).toBe(good);
  });

  it('take no time on long odd text', () => {
    expect(isUri(`https://${'a:@'.repeat(200_000)} `)).toBe(false);
    expect(isUri(`https://a/${'%20/'.repeat(200_000)}|`)).toBe(false);
  });
});
