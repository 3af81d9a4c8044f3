import { describe, expect, it } from 'vitest';
import { generalise } from '../../src/verdict/issues.ts';
import type { IssueVerdict } from '../../src/verdict/model.ts';
import {
  BOOT,
  consoleOf,
  definition,
  jobError,
  judged,
  lavaCase,
  lavaJob,
  login,
  PANIC,
  stage,
} from './evidence.ts';

/** The one issue of a job that its infrastructure cut. */
function issueOf(
  message: string,
  more: Parameters<typeof lavaJob>[2] = {},
  type = 'Infrastructure',
): IssueVerdict {
  const [issue, ...others] = judged({ lava: lavaJob('Incomplete', [jobError(type, message)], more) }).issues;
  expect(others).toEqual([]);
  if (issue === undefined) throw new Error('no issue');
  return issue;
}

describe('the issue of a harness', () => {
  it.each([
    ['a duration', 'http-download timed out after 300 seconds', 'http-download timed out after 287 seconds'],
    [
      'a URL',
      "unavailable at 'http://a.example:80/x/Image' (404)",
      "unavailable at 'https://b.example/y' (404)",
    ],
    ['a job’s paths', 'no space in /var/lib/lava/tmp/12/x', 'no space in /var/lib/lava/tmp/4711/yz'],
    ['an address', 'no answer of 52:54:00:12:34:56', 'no answer of 52:54:00:ab:cd:ef'],
    ['an id', 'commit 0123456789abcdef is gone', 'commit fedcba9876543210 is gone'],
    ['a number in a word', 'outlet of pdu3 and ttyUSB0 lost', 'outlet of pdu11 and ttyUSB7 lost'],
    ['a git version', 'no v6.18-12-g0123456789ab', 'no v6.17-3-gfedcba987654'],
    ['a number', 'Reading /dev/ttyUSB3 failed: -5', 'Reading /dev/ttyUSB11 failed: -110'],
  ])('is the same whatever %s is', (_what, a, b) => {
    expect(issueOf(a).signature).toBe(issueOf(b).signature);
  });

  it('is the same on another device of the type, which its messages name', () => {
    const here = issueOf('qemu-01 does not answer', { device: 'qemu-01' });
    const there = issueOf('rack-7-left does not answer', { device: 'rack-7-left' });

    expect(here.signature).toBe(there.signature);
  });

  it.each([
    ['another device type', { definition: 'device_type: bcm2711-rpi-4-b\n' }],
    ['another message', { message: 'something else broke' }],
    ['another error type', { type: 'Bug' }],
  ])(
    'is another for %s',
    (
      _what,
      {
        message = 'it broke',
        type = 'Infrastructure',
        ...more
      }: {
        message?: string;
        type?: string;
        definition?: string;
      },
    ) => {
      expect(issueOf(message, more, type).signature).not.toBe(issueOf('it broke').signature);
    },
  );

  it('has nothing of the one job in it', () => {
    const issue = issueOf('qemu-01: job 4711 lost http://lab.example/x after 12 s');

    expect(JSON.stringify(issue)).not.toMatch(/qemu-01|4711|lab\.example|12 s/);
    expect(issue).toMatchObject({ culprit: { code: false, tool: false, harness: true }, finding: undefined });
  });

  it('takes what the failure comment says where LAVA lost the message', () => {
    const issue = issueOf('', { failureComment: 'the disk is full' });

    expect(issue.comment).toContain('the disk is full');
  });
});

describe('the issue of a kernel', () => {
  const lava = lavaJob('Incomplete', [login('fail'), jobError('Infrastructure', 'Connection closed')]);

  it('has the signature that Maestro gives the same panic', () => {
    const log = [
      ...BOOT,
      '[    2.0] Kernel panic - not syncing: VFS: Unable to mount root fs on "/dev/ram0" or unknown-block(1,0)',
      '[    2.1] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---',
    ];

    const [issue] = judged({ lava, console: consoleOf(log) }).issues;

    expect(issue?.signature).toBe('af804bef95b4f8e428ac25dbc13bb14754b4460a');
    expect(issue?.culprit).toEqual({ code: true, tool: false, harness: false });
  });

  it('is reported once, however often the log has it', () => {
    const log = [...BOOT, PANIC, '[    3.0] between', PANIC];

    expect(judged({ lava, console: consoleOf(log) }).issues).toHaveLength(1);
  });

  it('puts the report of the end first', () => {
    const warning = [
      '[    1.5] ------------[ cut here ]------------',
      '[    1.5] WARNING: CPU: 0 PID: 1 at drivers/foo.c:12 foo_probe+0x1/0x2',
      '[    1.5] ---[ end trace 0000000000000000 ]---',
    ];

    const { issues } = judged({ lava, console: consoleOf([...BOOT, ...warning, PANIC]) });

    expect(issues.map((issue) => issue.finding?.errorType)).toEqual([
      'linux.kernel.panic',
      'linux.kernel.warning',
    ]);
  });

  it('is there even if only the last words of the report are', () => {
    const verdict = judged({
      lava,
      console: consoleOf([...BOOT, 'x', '[    2.0] Rebooting in 5 seconds..']),
    });

    expect(verdict.rule).toBe('crashed-in-boot');
    expect(verdict.issues).toHaveLength(1);
    expect(verdict.issues[0]).toMatchObject({ testPath: 'boot', culprit: { code: true } });
  });
});

describe('the issue of a kernel that no rule knows', () => {
  const unknown = '[    2.000000] Rebooting in 5 seconds..';
  const warning = [
    '[    1.500000] ------------[ cut here ]------------',
    '[    1.500000] WARNING: CPU: 0 PID: 1 at foo.c:12 bar+0x1/0x2',
    '[    1.500000] ---[ end trace 0000000000000000 ]---',
  ];

  it('is reported before a warning that the kernel had survived', () => {
    const lava = lavaJob('Incomplete', [jobError('Infrastructure')]);

    const { issues } = judged({ lava, console: consoleOf([...BOOT, ...warning, unknown]) });

    expect(issues.map((issue) => issue.comment)).toEqual([
      'Rebooting in <n> seconds..',
      'WARNING at foo.c:12 bar+0x1/0x2',
    ]);
  });
});

describe('the issue of a tool', () => {
  it('stands on the test that was cut short', () => {
    const cases = [
      login(),
      lavaCase('0_smoke', 'a'),
      stage('0_smoke', 'fail'),
      jobError('Test', 'lava-test-shell timed out after 15 seconds'),
    ];

    const { issues } = judged({ lava: lavaJob('Incomplete', cases, { definition: definition(['smoke']) }) });

    expect(issues).toMatchObject([
      { testPath: 'smoke', culprit: { code: false, tool: true, harness: false }, categories: ['tool.test'] },
    ]);
  });
});

describe('generalise', () => {
  it.each([
    ['auto-login-action timed out after 120 seconds', 'auto-login-action timed out after <n> seconds'],
    ['u-boot-commands: 3 of 3', 'u-boot-commands: <n> of <n>'],
    ['failed at 0xffff0000 and 12:34:56', 'failed at <n> and <n>'],
    ['two\n  lines', 'two lines'],
    ['deadbeef and decade', 'deadbeef and decade'],
    [
      "Malformed parameter for signal: '[' (signal corrupted by a kernel message, consider 'lava-signal: kmsg')",
      'Malformed parameter for signal',
    ],
    ["Malformed parameter for signal: 'usb'", 'Malformed parameter for signal'],
  ])('makes of %j %j', (message, general) => {
    expect(generalise(message, [])).toBe(general);
  });

  it('takes no time on a long message', () => {
    expect(generalise('1a'.repeat(5_000_000), []).length).toBeLessThan(500);
  });
});
