import { describe, expect, it } from 'vitest';
import { bothRules, refusedBy, takeRules, type BuildFacts } from '../../src/import/rules.ts';

const build: BuildFacts = {
  tree: 'mainline',
  branch: 'master',
  version: { version: 6, patchlevel: 12 },
  fields: { arch: 'arm64', defconfig: 'defconfig', fragments: ['lab-setup', 'kselftest'] },
};

describe('rules', () => {
  it.each([
    ['nothing', {}],
    ['an allowed tree', { tree: ['next', 'mainline'] }],
    ['a tree that is not denied', { tree: ['!android'] }],
    ['a pair of tree and branch', { tree: ['mainline:master'] }],
    ['a pair among the branches', { branch: ['next:master', 'mainline:master'] }],
    ['one fragment of several', { fragments: ['debug', 'kselftest'] }],
    [
      'the versions at both ends',
      { min_version: { version: 6, patchlevel: 12 }, max_version: { version: 6, patchlevel: 12 } },
    ],
    ['a field that nothing is known of', { compiler: ['clang-21'] }],
  ])('let through %s', (_, rules) => {
    expect(refusedBy(takeRules(rules).rules, build)).toBeUndefined();
  });

  it.each([
    [{ tree: ['next'] }, 'tree: next'],
    [{ tree: ['!mainline'] }, 'tree: !mainline'],
    [{ tree: ['!mainline:master'] }, 'tree: !mainline:master'],
    [{ branch: ['stable:master'] }, 'branch: stable:master'],
    [{ fragments: ['kselftest', '!lab-setup'] }, 'fragments: !lab-setup'],
    [{ fragments: ['debug'] }, 'fragments: debug'],
    [{ defconfig: ['!defconfig'] }, 'defconfig: !defconfig'],
    [{ min_version: { version: 6, patchlevel: 13 } }, 'min_version: 6.13'],
    [{ max_version: { version: 5, patchlevel: 99 } }, 'max_version: 5.99'],
  ])('refuse by %j', (rules, word) => {
    expect(refusedBy(takeRules(rules).rules, build)).toBe(word);
  });

  it('end with the first pair that fits, whatever else they say', () => {
    const { rules } = takeRules({ tree: ['mainline:master'], branch: ['nothing-like-it'] });

    expect(refusedBy(rules, build)).toBeUndefined();
  });

  it('of a newest kernel are not refused for an unknown version', () => {
    const { rules } = takeRules({ min_version: { version: 99, patchlevel: 0 } });

    expect(refusedBy(rules, { ...build, version: undefined })).toBeUndefined();
  });

  it('may be single words, and are named if they cannot be read', () => {
    expect(takeRules({ tree: 'mainline', branch: [], arch: null })).toEqual({
      rules: { tree: ['mainline'] },
      problems: [],
    });
    expect(takeRules({ min_version: 'six' }).problems).toEqual([
      expect.stringContaining('rules.min_version'),
    ]);
  });
});

describe('two sets of rules at once', () => {
  it.each([
    [{ tree: ['a', 'b'] }, { tree: ['b', 'c'] }, { tree: ['b'] }],
    [{ tree: ['a'] }, { tree: ['!b'] }, { tree: ['a', '!b'] }],
    [{ tree: ['a:main', 'b'] }, { tree: ['a'] }, { tree: ['a:main'] }],
    [{ tree: ['a'] }, { arch: ['arm'] }, { tree: ['a'], arch: ['arm'] }],
    [
      { min_version: { version: 6, patchlevel: 1 }, max_version: { version: 7, patchlevel: 0 } },
      { min_version: { version: 5, patchlevel: 9 }, max_version: { version: 6, patchlevel: 9 } },
      { min_version: { version: 6, patchlevel: 1 }, max_version: { version: 6, patchlevel: 9 } },
    ],
  ])('%j and %j', (a, b, both) => {
    expect(bothRules(takeRules(a).rules, takeRules(b).rules)).toEqual(both);
  });

  it('leave nothing where they allow different words', () => {
    expect(bothRules({ tree: ['a'] }, { tree: ['b'] })).toBe('nothing left');
  });

  it('are the one of them where there is no other', () => {
    expect(bothRules(undefined, { tree: ['b'] })).toEqual({ tree: ['b'] });
    expect(bothRules(undefined, undefined)).toBeUndefined();
  });
});
