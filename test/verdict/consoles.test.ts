// Consoles as other people's boards write them, and what LAVA says of them: several boots, boot loaders that crash, torn
// signals, prompts, servers that refuse, tests of other kinds. All written for this project.
import { describe, expect, it } from 'vitest';
import type { CaseResult, LavaCase, LavaHealth } from '../../src/lava/model.ts';
import {
  blamed,
  BOOT,
  consoleOf,
  definition,
  ended,
  jobError,
  jobPassed,
  judged,
  lavaCase,
  lavaJob,
  login,
  SHELL,
  stage,
  started,
  statuses,
} from './evidence.ts';

const NO_LOGIN = jobError('Job', 'login-action timed out after 180 seconds');
const CLOSED = jobError('Infrastructure', 'Connection closed');
const NO_LOADER = jobError('Job', 'bootloader-commands timed out after 300 seconds');
const SLOW = jobError('LAVATimeout', 'lava-test-shell timed out after 900 seconds');
const LOGGED_IN = 'results: {"definition": "lava", "case": "login-action", "result": "pass"}';
const FIRST_BOOT = 'info: start: 2 uboot-action (timeout 00:05:00) [common]';
const SECOND_BOOT = 'info: start: 3 uboot-action (timeout 00:05:00) [common]';
const TWO_BOOTS = definition(['smoke'], '').replace('- test:', '- boot: {method: u-boot}\n- test:');

interface Sample {
  what: string;
  /** What LAVA recorded, but for the first steps. */
  cases: LavaCase[];
  lines: string[];
  /** The statuses of boot and roots, and who is blamed for what: `boot FAIL, smoke MISS; boot: kernel`. */
  wanted: string;
  health?: LavaHealth;
  definition?: string;
}

function outcome({ cases, lines, health = 'Incomplete', definition: text }: Sample): string {
  const verdict = judged({
    lava: lavaJob(health, cases, { definition: text ?? definition(['smoke']) }),
    console: consoleOf(lines, cases),
  });
  const tests = Object.entries(statuses(verdict)).map(([path, status]) => `${path} ${status}`);
  return [tests.join(', '), [...new Set(blamed(verdict))].toSorted().join(', ')].join('; ');
}

const inTest = (what: string, lines: string[], wanted: string, error = SLOW): Sample => ({
  what,
  cases: [login(), lavaCase('0_smoke', 'one'), stage('0_smoke', 'fail'), error],
  lines: [...BOOT, ...SHELL, started('0_smoke'), ...lines],
  wanted,
});
const atBoot = (what: string, lines: string[], wanted: string, error = NO_LOGIN): Sample => ({
  what,
  cases: [login('fail'), error],
  lines: [...BOOT, ...lines],
  wanted,
});
const inLoader = (what: string, lines: string[], error = NO_LOADER): Sample => ({
  what,
  cases: [lavaCase('lava', 'bootloader-interrupt', 'fail'), error],
  lines,
  wanted:
    error === NO_LOADER ? 'boot MISS, smoke MISS; boot: harness' : 'boot ERROR, smoke ERROR; boot: harness',
});
const twoBoots = (what: string, second: string[], wanted: string, error = NO_LOGIN): Sample => ({
  what,
  cases: [login(), login('fail'), error],
  lines: [FIRST_BOOT, ...BOOT, LOGGED_IN, '/ #', SECOND_BOOT, ...second],
  wanted,
  definition: TWO_BOOTS,
});

function check(samples: Sample[]): void {
  it.each(samples)('$what', (sample) => {
    expect(outcome(sample)).toBe(sample.wanted);
  });
}

describe('of several boot actions the last one counts', () => {
  check([
    twoBoots(
      'where its kernel panics',
      [...BOOT, '[    3.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'],
      'boot FAIL, smoke MISS; boot: kernel',
    ),
    twoBoots('where its kernel says nothing', BOOT.slice(0, 2), 'boot FAIL, smoke MISS; boot: nobody'),
    twoBoots(
      'where its boot loader never starts one',
      ['U-Boot 2026.01', 'Net:   eth0'],
      'boot ERROR, smoke ERROR; boot: harness',
      jobError('Infrastructure', 'bootloader-interrupt timed out after 30 seconds'),
    ),
    twoBoots(
      'where its boot loader crashes in a kernel’s words',
      ['barebox 2025.06.0 #1', 'Unable to handle kernel paging request at virtual address 00000008'],
      'boot ERROR, smoke ERROR; boot: harness',
      jobError('Infrastructure', 'bootloader-interrupt timed out after 30 seconds'),
    ),
    twoBoots(
      'where its kernel stalls',
      [...BOOT, '[   30.000100] watchdog: BUG: soft lockup - CPU#2 stuck for 26s! [swapper/2:1]'],
      'boot FAIL, smoke MISS; boot: kernel',
    ),
    {
      what: 'where it is well',
      cases: [login(), login(), lavaCase('0_smoke', 'one'), stage('0_smoke'), jobPassed()],
      lines: [
        FIRST_BOOT,
        ...BOOT,
        LOGGED_IN,
        '/ #',
        SECOND_BOOT,
        ...BOOT,
        LOGGED_IN,
        started('0_smoke'),
        ended('0_smoke'),
      ],
      wanted: 'boot PASS, smoke PASS; ',
      health: 'Complete',
      definition: TWO_BOOTS,
    },
  ]);
});

describe('firmware and boot loaders are the lab’s', () => {
  check([
    inLoader('which panics in EL3', ['NOTICE:  BL31: v2.10', 'PANIC in EL3.', 'BACKTRACE: START: el3_panic']),
    inLoader('where OpenSBI traps', [
      'OpenSBI v1.5',
      'sbi_trap_error: hart0: trap0: load fault handler failed',
    ]),
    inLoader('where EDK2 takes a page fault', [
      '!!!! X64 Exception Type - 0E(#PF - Page-Fault)  CPU Apic ID - 00000000 !!!!',
    ]),
    inLoader('where barebox reads address 0', [
      'barebox 2025.06.0 #1',
      'unable to handle NULL pointer dereference at address 0x00000000',
      'pc : [<4fd01234>]    lr : [<4fd05678>]',
    ]),
    inLoader('where U-Boot takes a data abort', [
      'U-Boot 2023.04',
      'data abort',
      'pc : [<9ff8a1c4>]',
      'resetting ...',
    ]),
    inLoader('which writes time stamps of its own', [
      '[0000.068] I> MB1 (version: 0.32.0.0)',
      '[0002.513] E> Failed to load binary',
      '[0002.601] E> Top caller module: BOOTLOADER, error module: BOOTLOADER, reason: 0x0d',
    ]),
    inLoader('which writes milliseconds', [
      '[10] platform_init()',
      '[60] panic (caller 0x4b412345): ASSERT FAILED',
    ]),
    inLoader(
      'where LAVA blames the infrastructure',
      ['U-Boot SPL 2024.10', 'SPL: failed to boot from all boot devices'],
      jobError('Infrastructure', 'bootloader-interrupt timed out after 30 seconds'),
    ),
  ]);
});

describe('a server of the lab', () => {
  const refused = 'boot ERROR, smoke ERROR; boot: harness';
  check([
    atBoot(
      'refuses a mount of nfs-utils',
      ['mount.nfs: access denied by server while mounting 10.0.0.1:/srv/a'],
      refused,
    ),
    atBoot(
      'refuses a mount of klibc',
      ['mount call failed - server replied: No such file or directory.'],
      refused,
    ),
    atBoot(
      'refuses a mount of BusyBox',
      ['mount: mounting 10.0.0.1:/srv/x on /root failed: Permission denied'],
      refused,
    ),
    atBoot(
      'refuses the kernel’s own',
      ['[    9.0] Root-NFS: Server returned error -13 while mounting /srv/a'],
      refused,
    ),
    atBoot(
      'that says nothing may be the kernel’s network',
      ['[   60.0] nfs: server 10.0.0.1 not responding, still trying'],
      'boot FAIL, smoke MISS; boot: nobody',
    ),
    atBoot(
      'refuses, and the kernel panics for it: the panic stands first',
      [
        'mount.nfs: access denied by server while mounting 10.0.0.1:/srv/a',
        '[   20.0] Kernel panic - not syncing: Attempted to kill init!',
      ],
      'boot FAIL, smoke MISS; boot: kernel',
    ),
  ]);
});

describe('the prompt with which a boot ends', () => {
  const unknown = 'boot ERROR, smoke MISS; boot: harness';
  const waiting = (prompts: string): string =>
    definition(['smoke']).replace('{method: qemu}', `{method: qemu, ${prompts}}`);
  const knows = waiting("prompts: ['/ #']");
  check(
    [
      atBoot('is root’s, and LAVA waits for another', ['root@debian:~# '], unknown),
      atBoot('is bash’s', ['bash: no job control in this shell', 'bash-5.2# '], unknown),
      atBoot('is a user’s', ['lava@imx8:~$ '], unknown),
      atBoot('is Android’s', ['console:/ $ '], unknown),
      atBoot('is coloured', ['\u001b[1;32mroot@board\u001b[0m:~# '], unknown),
      atBoot('is followed by the kernel’s lines', ['~ # ', '[   40.0] random: crng init done'], unknown),
      atBoot(
        'asks for a login that LAVA does not know of',
        ['Welcome to Buildroot', 'buildroot login: '],
        unknown,
      ),
      atBoot(
        'is the initramfs’s: the root file system is missing',
        ['(initramfs) '],
        'boot FAIL, smoke MISS; boot: nobody',
      ),
      atBoot(
        'is followed by a panic',
        ['~ # [   40.0] Kernel panic - not syncing: Fatal hardware error!'],
        'boot FAIL, smoke MISS; boot: kernel',
      ),
    ].map((sample) => ({ ...sample, definition: knows })),
  );

  it('is known where it is the login’s that LAVA answers', () => {
    const sample = atBoot('', ['Welcome', 'buildroot login: '], '');
    const text = waiting("prompts: ['/ #'], auto_login: {login_prompt: 'login:', username: root}");
    expect(outcome({ ...sample, definition: text })).toBe('boot FAIL, smoke MISS; boot: nobody');
  });
});

describe('what a test shows of other lines', () => {
  const tool = 'boot PASS, smoke ERROR; smoke: tool';
  check([
    inTest('with their level', ['kern  :emerg : [    0.900000] Kernel panic - not syncing: old'], tool),
    inTest(
      'with their number',
      ['412:[    1.100000] WARNING: CPU: 0 PID: 1 at drivers/foo/foo.c:12 foo_probe+0x10/0x20'],
      tool,
    ),
    inTest(
      'from the boot',
      ['[   99.0] usb 1-1: new device', '[    1.5] UBSAN: shift-out-of-bounds in drivers/foo/foo.c:12:3'],
      tool,
    ),
    inTest('by echo', ["echo '[   99.000000] Kernel panic - not syncing: just a word'"], tool),
    inTest(
      'behind the name of a file, where the lab lost the connection',
      ['dmesg.txt:77:[    1.500000] Kernel panic - not syncing: quoted'],
      'boot PASS, smoke ERROR; smoke: harness',
      CLOSED,
    ),
  ]);
});

describe('a signal that a line of the kernel tore', () => {
  const suites = definition(['first', 'second']);
  const run = (
    what: string,
    cases: LavaCase[],
    lines: string[],
    wanted: string,
    health: LavaHealth,
  ): Sample => ({
    what,
    cases: [login(), ...cases],
    lines: [...BOOT, ...SHELL, started('0_first'), ...lines],
    wanted,
    health,
    definition: suites,
  });
  const one = (suite: string, name: string, result: CaseResult = 'pass'): LavaCase =>
    lavaCase(suite, name, result);
  check([
    run(
      'is the start of the next suite, whose case LAVA forces to fail below the first',
      [one('0_first', 'one'), one('0_first', 'two', 'fail'), stage('0_first'), jobPassed()],
      [
        ended('0_first'),
        '<LAVA_SIGNAL_START[   44.120000] random: crng init done',
        'RUN 1_second 42_1.1>',
        "info: Forcing unexpected 'two' result 'pass' to 'fail' because it is not in the expected list",
        ended('1_second'),
      ],
      'boot PASS, first PASS, second ERROR; second: tool',
      'Complete',
    ),
    run(
      'is a case’s, at which newer LAVA ends the job',
      [
        one('0_first', 'one'),
        stage('0_first', 'fail'),
        jobError('Test', 'Malformed parameter for signal: "TEST_CASE_ID=tw[".'),
      ],
      ['<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=tw[   51.000000] usb 2-1: USB disconnect', 'o RESULT=pass>'],
      'boot PASS, first ERROR, second MISS; first: tool',
      'Incomplete',
    ),
    run(
      'is the end of a suite',
      [one('0_first', 'one'), one('1_second', 'two'), stage('0_first'), stage('1_second'), jobPassed()],
      [
        '<LAVA_SIGNAL_END[   40.000000] eth0: link up',
        'RUN 0_first 42_1.1>',
        started('1_second'),
        ended('1_second'),
      ],
      'boot PASS, first PASS, second PASS; ',
      'Complete',
    ),
    {
      ...inTest(
        'has a panic in it',
        [
          '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=two RES[   61.500000] Kernel panic - not syncing: Asynchronous SError Interrupt',
        ],
        '',
      ),
      wanted: 'boot PASS, smoke FAIL; smoke: kernel',
    },
  ]);
});

describe('of a job that LAVA cut short', () => {
  const two = definition(['first', 'second']);
  it('a test that had ended without a case is its own fault', () => {
    const lines = [...BOOT, ...SHELL, started('0_first'), ended('0_first'), started('1_second')];
    const cases = [login(), stage('0_first'), stage('1_second', 'fail'), CLOSED];
    expect(outcome({ what: '', cases, lines, wanted: '', definition: two })).toBe(
      'boot PASS, first ERROR, second ERROR; first: tool, second: harness',
    );
  });

  it('a worker that was stopped is the lab’s, before and after the login', () => {
    const stopped = jobError('Canceled', 'The job was canceled');
    expect(outcome(inTest('', [], '', stopped))).toBe('boot PASS, smoke ERROR; smoke: harness');
    expect(outcome(atBoot('', [], '', stopped))).toBe('boot ERROR, smoke ERROR; boot: harness');
  });
});
