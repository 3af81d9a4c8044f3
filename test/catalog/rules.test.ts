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
  [{ tree: ['mainline'] }, 'tree'],
  [{ tree: ['!next'] }, 'tree'],
  [{ branch: ['mainline:master', 'stable:linux-6.12.y'] }, 'branch'],
  [{ tree: ['!next:master'] }, 'tree'],
  [{ min_version: { version: 6, patchlevel: 13 } }, 'min_version'],
  [{ max_version: { version: 5, patchlevel: 15 } }, 'max_version'],
  [{ fragments: ['!kselftest'] }, 'fragments'],
  [{ fragments: ['preempt_rt'] }, 'fragments'],
  [{ nothing: ['x'] }, 'nothing'],
])('refuses a build by %j', (rules, key) => {
  expect(ruleRefusal(Rules.parse(rules), facts)?.key).toBe(key);
});

it('refuses a build of unknown version if a version is asked for', () => {
  const rules = Rules.parse({ min_version: { version: 1, patchlevel: 0 } });

  expect(ruleRefusal(rules, { ...facts, version: undefined })?.key).toBe('min_version');
});
