import { describe, expect, it } from 'vitest';
import { validateReport } from '../../src/kcidb/schema.ts';
import { KCIDB_VERSIONS, upgradeReport } from '../../src/kcidb/upgrade.ts';

const of = (major: number, minor: number, rest: object): object => ({ version: { major, minor }, ...rest });

/** What would be sent, if it is good. */
function upgraded(doc: object): Record<string, unknown> {
  const { report } = upgradeReport(doc);
  const { report: good, rejected } = validateReport(report);
  expect(rejected).toEqual([]);
  return { ...good };
}

describe('a report of an older version', () => {
  it.each(KCIDB_VERSIONS)('%i.%i, empty, is upgraded to 5.3', (major, minor) => {
    expect(upgraded(of(major, minor, {}))).toEqual({ version: { major: 5, minor: 3 } });
  });

  it('stays as it was, for whoever has it', () => {
    const doc = of(4, 3, { builds: [{ id: 'a:b', checkout_id: 'a:c', origin: 'a', valid: true }] });
    const before = structuredClone(doc);
    upgradeReport(doc);
    expect(doc).toEqual(before);
  });

  it.each([
    [true, 'PASS'],
    [false, 'FAIL'],
  ])('has a status %s of a build as a word', (valid, status) => {
    const doc = of(4, 3, {
      checkouts: [{ id: 'a:c', origin: 'a', contacts: ['x@example.com'] }],
      builds: [{ id: 'a:b', checkout_id: 'a:c', origin: 'a', valid }],
    });
    expect(upgraded(doc)).toMatchObject({
      checkouts: [{ id: 'a:c', origin: 'a' }],
      builds: [{ id: 'a:b', checkout_id: 'a:c', origin: 'a', status }],
    });
  });

  it('has each waived test as an incident of one issue', () => {
    const test = (n: number, waived: boolean): object => ({
      id: `a:t${n}`,
      build_id: 'a:b',
      origin: 'a',
      waived,
    });
    const doc = of(4, 3, { tests: [test(1, true), test(2, false), test(3, true)] });
    expect(upgraded(doc)).toEqual({
      version: { major: 5, minor: 3 },
      tests: [1, 2, 3].map((n) => ({ id: `a:t${n}`, build_id: 'a:b', origin: 'a' })),
      issues: [{ id: '_:waived', origin: '_', version: 1, comment: 'Test waived as unreliable' }],
      incidents: [1, 3].map((n) => ({
        id: `_:waived:1:a:t${n}`,
        origin: '_',
        issue_id: '_:waived',
        issue_version: 1,
        test_id: `a:t${n}`,
        present: true,
      })),
    });
  });

  it('loses what issues said of builds and tests', () => {
    const issue = { id: 'a:i', version: 1, origin: 'a', build_valid: false, test_status: 'FAIL' };
    expect(upgraded(of(4, 1, { issues: [issue] }))).toMatchObject({
      issues: [{ id: 'a:i', version: 1, origin: 'a' }],
    });
  });

  it('of the first version has its pairs as ids, and its revisions as checkouts', () => {
    const hash = '0'.repeat(40);
    const doc = {
      version: '1',
      revisions: [
        {
          origin: 'a',
          origin_id: `${hash}+${'1'.repeat(64)}`,
          git_repository_commit_hash: hash,
          patch_mboxes: [{ name: 'dir/0001.patch', url: 'https://example.com/p' }],
          discovery_time: '2020-01-02T03:04:05Z',
          publishing_time: '2020-01-02T03:04:05Z',
          description: 'text',
        },
      ],
      builds: [
        {
          origin: 'a',
          origin_id: 'b',
          revision_origin: 'a',
          revision_origin_id: hash,
          description: 'built',
          valid: true,
        },
      ],
      tests: [
        {
          origin: 'a',
          origin_id: 't',
          build_origin: 'a',
          build_origin_id: 'b',
          description: 'ran',
          environment: { description: 'here' },
        },
      ],
    };
    expect(upgraded(doc)).toEqual({
      version: { major: 5, minor: 3 },
      checkouts: [
        {
          id: `_:a:${hash}+${'1'.repeat(64)}`,
          origin: 'a',
          git_commit_hash: hash,
          patchset_files: [{ name: 'dir_0001.patch', url: 'https://example.com/p' }],
          patchset_hash: '1'.repeat(64),
          start_time: '2020-01-02T03:04:05Z',
          comment: 'text',
        },
      ],
      builds: [{ id: 'a:b', origin: 'a', checkout_id: `_:a:${hash}`, comment: 'built', status: 'PASS' }],
      tests: [{ id: 'a:t', origin: 'a', build_id: 'a:b', comment: 'ran', environment: { comment: 'here' } }],
    });
  });

  it.each([
    [
      'a repository that is not https',
      { checkouts: [{ id: 'a:c', origin: 'a', git_repository_url: 'git://x/y' }] },
      'checkouts.git_repository_url',
    ],
    [
      'a path with empty parts',
      { tests: [{ id: 'a:t', build_id: 'a:b', origin: 'a', path: 'a..b' }] },
      'tests.path',
    ],
  ])('can’t be upgraded with %s', (_what, rest, field) => {
    expect(() => upgradeReport(of(4, 3, rest))).toThrow(badReport(field));
  });
});

function badReport(field: string): unknown {
  return expect.objectContaining({ code: 'bad_report', field });
}

describe('a report', () => {
  it.each([
    ['no version', {}],
    ['a version without a major number', { version: { minor: 3 } }],
    ['a version that KCIDB does not have', of(5, 4, {})],
    ['a version that KCIDB does not have', of(4, 9, {})],
    ['no object', [] as object],
  ])('with %s is none', (_what, doc) => {
    expect(() => upgradeReport(doc)).toThrow(expect.objectContaining({ code: 'bad_report' }));
  });

  it.each([
    [5, 0, { issues: [{ id: 'a:i', version: 1, origin: 'a', categories: ['x'] }] }, 'issues.categories'],
    [5, 2, { tests: [{ id: 'a:t', build_id: 'a:b', origin: 'a', input_files: [] }] }, 'tests.input_files'],
    [
      4,
      3,
      { tests: [{ id: 'a:t', build_id: 'a:b', origin: 'a', environment: { compatible: ['x,y'] } }] },
      'tests.environment.compatible',
    ],
    [4, 0, { issues: [] }, 'issues'],
  ])('of %i.%i may not use what is newer', (major, minor, rest, field) => {
    expect(() => upgradeReport(of(major, minor, rest))).toThrow(badReport(field));
  });

  it('whose version has no minor number is of minor 0', () => {
    const rest = { issues: [{ id: 'a:i', version: 1, origin: 'a', categories: ['x'] }] };
    expect(() => upgradeReport({ version: { major: 5 }, ...rest })).toThrow(badReport('issues.categories'));
  });
});
