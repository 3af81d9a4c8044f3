import { expect, it } from 'vitest';
import { ruleRefusal, Rules, type RuleFacts } from '../../src/catalog/rules.ts';

const fields: Record<string, string | string[]> = {
  arch: 'arm64',
  defconfig: 'defconfig',
  fragments: ['kselftest', 'arm64-chromebook'],
};
const facts: RuleFacts = {
  tree: 'next',
  branch: 'master',
  version: { version: 6, patchlevel: 12 },
  field: (name) => fields[name],
};

it.each([
  [{}],
  [{ tree: ['next', 'mainline'] }],
  [{ tree: ['!android'] }],
  [{ branch: ['next:master', 'mainline:master'] }],
  [{ tree: ['mainline', 'next:master'] }],
  [{ tree: ['!next:pending-fixes'] }],
  [{ min_version: { version: 6, patchlevel: 12 }, max_version: { version: 6, patchlevel: 12 } }],
  [{ fragments: ['!coverage', 'kselftest'] }],
  [{ defconfig: ['!allmodconfig'] }],
  [{ nothing: ['!x'] }],
])('lets a build through %j', (rules) => {
  expect(ruleRefusal(Rules.parse(rules), facts)).toBeUndefined();
});

it.each([
  [{ tree: ['mainline'] }, 'tree next: wanted is mainline'],
  [{ tree: ['!next'] }, 'tree next is not wanted'],
  [{ branch: ['mainline:master', 'stable:linux-6.12.y'] }, 'next:master is none of'],
  [{ tree: ['!next:master'] }, 'next:master is not wanted'],
  [{ min_version: { version: 6, patchlevel: 13 } }, 'kernel 6.12 is older than 6.13'],
  [{ max_version: { version: 5, patchlevel: 15 } }, 'kernel 6.12 is newer than 5.15'],
  [{ fragments: ['!kselftest'] }, 'fragments kselftest is not wanted'],
  [{ fragments: ['preempt_rt'] }, 'wanted is preempt_rt'],
  [{ nothing: ['x'] }, 'nothing is not known'],
])('refuses a build by %j', (rules, reason) => {
  expect(ruleRefusal(Rules.parse(rules), facts)).toContain(reason);
});

it('refuses a build of unknown version if a version is asked for', () => {
  const rules = Rules.parse({ min_version: { version: 1, patchlevel: 0 } });

  expect(ruleRefusal(rules, { ...facts, version: undefined })).toBe('the kernel’s version is not known');
});
