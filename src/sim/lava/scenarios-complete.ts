// Scenarios of jobs that LAVA calls Complete.
import { testAll, toKernel, toLogin, type Scenario } from './sequences.ts';
import type { SimCase } from './definition.ts';
import { WARNING } from './kernel-lines.ts';
import { bootloader, bootPanic, end, handover, kernelStart, login, startTests, suite } from './phases.ts';

function one(name: string, result: SimCase['result'], more: Partial<SimCase> = {}): SimCase {
  return { name, result, shell: false, step: `lava-test-case ${name} --result ${result}`, ...more };
}

const MIXED: SimCase[] = [
  one('pass-by-command', 'pass', { shell: true }),
  one('fail-by-command', 'fail', { shell: true }),
  one('skipped', 'skip'),
  one('unknown', 'unknown'),
  one('measured', 'pass', { measurement: 12.5, units: 'ms' }),
  one('uptime', 'pass', { measurement: 2.45, units: 's' }),
  one('in-set', 'pass', { set: 'set-one' }),
  one('in-set-failing', 'fail', { set: 'set-one' }),
];

const ODD_NAMES = ['a b', 'a.b', 'a/b', '"a"', 'é', '1e3', 'yes', 'None', '..', 'twice', 'twice'];
const ODD_LINES = [
  '\0\x07[31mred[0m',
  '\ufffd\ufffd \u{1f600} \x85\xa0',
  '"quoted" \\ \t',
  'x'.repeat(50_000),
];

/** As LAVA notes a report that it saw while the kernel booted. */
const NOTED = { kind: 'warning', message: WARNING.join('\r\r\n') };

/** Boots well, and every suite has the cases that `pick` makes of its own. */
function passing(about: string, pick?: Parameters<typeof testAll>[1]): Scenario {
  return {
    rule: 'complete',
    about,
    play: (log) => {
      toLogin(log);
      return testAll(log, pick);
    },
  };
}

export const PASS = passing('boots, and each case ends as its step says');

export const COMPLETE: Record<string, Scenario> = {
  pass: PASS,
  mixed: passing(
    'every suite has passing, failing, skipped, unknown and measured cases, and a set',
    () => MIXED,
  ),
  fail: passing('the last case of every suite fails', (cases) => [
    ...cases.slice(0, -1),
    one(cases.at(-1)?.name ?? 'last', 'fail'),
  ]),
  skip: passing('every case is skipped', (cases) => cases.map(({ name }) => one(name, 'skip'))),
  'many-cases': passing('every suite has 1,100 cases', () =>
    Array.from({ length: 1100 }, (_, i) => one(`case-${i}`, i % 50 === 7 ? 'fail' : 'pass')),
  ),
  'odd-names': passing(
    'case names with spaces, dots, slashes, quotes, letters of other scripts; one twice',
    () => ODD_NAMES.map((name) => one(name, 'pass')),
  ),
  'odd-log': {
    rule: 'complete',
    about: 'a console with control characters, broken text, escapes and a very long line',
    play: (log) => {
      toLogin(log);
      for (const line of ODD_LINES) log.target(line);
      log.add('debug', ['a', 'list']);
      log.add('warning', null);
      return testAll(log);
    },
  },
  'big-log': {
    rule: 'complete',
    about: 'a console of 20,000 lines',
    play: (log) => {
      toLogin(log);
      for (let i = 0; i < 20_000; i++)
        log.kernel(`audit: type=1400 audit(${i}): apparmor="ALLOWED" operation="open"`);
      return testAll(log);
    },
  },
  'boot-warning': {
    rule: 'complete',
    about: 'the kernel warns while it boots, and goes on',
    play: (log) => {
      toKernel(log);
      log.kernel(...WARNING);
      login(log, [NOTED]);
      return testAll(log);
    },
  },
  'boot-retry': {
    rule: 'boot-with-faults',
    about: 'the first boot panics, the second one works',
    play: (log) => {
      toKernel(log);
      const message = bootPanic(log, false);
      log.action('kernel-messages', '2.2.1', 'fail', 2560, { extra: [{ kind: 'panic', message }] });
      log.add('error', `auto-login-action failed: 1 of 3 attempts. '${message}'`);
      bootloader(log);
      handover(log);
      kernelStart(log);
      login(log);
      return testAll(log);
    },
  },
  'kernel-messages': {
    rule: 'boot-with-faults',
    about: 'LAVA fails kernel-messages, but the login works',
    play: (log) => {
      toKernel(log);
      log.kernel(...WARNING);
      login(log, [NOTED], 'fail');
      return testAll(log);
    },
  },
  'suite-missing': {
    rule: 'missing-results',
    about: 'the last suite never starts',
    play: (log) => {
      toLogin(log);
      startTests(log);
      log.run.suites.slice(0, -1).forEach(({ cases }, i) => suite(log, i, cases));
      end(log);
      return 'Complete';
    },
  },
  'suite-empty': {
    rule: 'missing-results',
    about: 'the last suite has no case',
    play: (log) => {
      toLogin(log);
      const last = log.run.suites.length - 1;
      return testAll(log, (cases, i) => (i === last ? [] : cases));
    },
  },
};
