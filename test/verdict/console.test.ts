import { describe, expect, it } from 'vitest';
import { createConsole } from '../../src/verdict/console.ts';
import { BOOT, consoleOf, ended, lavaCase, logLine, PANIC, SHELL, START, started } from './evidence.ts';

/** The crash in the last stretch of the console that has one. */
function crashOf(lines: string[]): string | undefined {
  return consoleOf(lines).segments.findLast((segment) => segment.crash)?.crash?.text;
}

const stretches = (lines: string[]): string[] =>
  consoleOf(lines).segments.map(({ kind, suite }) => (suite === undefined ? kind : `${kind} ${suite}`));

describe('phases', () => {
  it('go from STARTRUN to STARTRUN, with what stands between two runs kept apart', () => {
    const log = [
      ...BOOT,
      started('0_smoke'),
      'x',
      ended('0_smoke'),
      'y',
      started('1_second'),
      ended('1_second'),
      'z',
    ];

    expect(stretches(log)).toEqual([
      'boot',
      'suite 0_smoke',
      'between 0_smoke',
      'suite 1_second',
      'between 1_second',
    ]);
  });

  it.each([
    ['feedback of another connection', `feedback: ${started('0_smoke')}`],
    ['LAVA’s own line of the signal', 'debug: Received signal: <STARTRUN> 0_smoke 42_1.1'],
    ['the trace of a shell', `+ echo ${started('0_smoke')}`],
    ['a script that is shown', 'echo "<LAVA_SIGNAL_STARTRUN $TESTRUN_ID $UUID>"'],
  ])('are not moved by %s', (_what, line) => {
    expect(stretches([...BOOT, line])).toEqual(['boot']);
  });

  it('are moved by a signal into which the kernel wrote', () => {
    expect(stretches([...BOOT, `[    3.0] usb 1-1: new device${started('0_smoke')}`])).toEqual([
      'boot',
      'suite 0_smoke',
    ]);
  });

  it('stay bounded in number, however often a broken console repeats a signal', () => {
    const console = createConsole();
    for (let i = 0; i < 5000; i++) console.line(logLine(started(`${i}_x`), i));

    expect(console.end().segments.length).toBeLessThanOrEqual(1001);
  });
});

describe('boot attempts', () => {
  it('begin with a boot loader that starts a kernel again, or with a kernel that begins again', () => {
    const log = [...BOOT, PANIC, ...BOOT, '[    0.000000] Linux version 6.18.0 (gcc)'];

    const { segments } = consoleOf(log);

    expect(segments.map((s) => [s.kind, s.kernel, s.crash !== undefined])).toEqual([
      ['boot', true, true],
      ['boot', true, false],
      ['boot', true, false],
    ]);
  });

  it('are not what `dmesg` shows after the login', () => {
    const console = createConsole();
    const results = { ...logLine('', 0), level: 'results', text: undefined };
    for (const [i, text] of BOOT.entries()) console.line(logLine(text, i));
    console.line({ ...results, value: { case: 'login-action', definition: 'lava', result: 'pass' } });
    for (const [i, text] of BOOT.slice(2).entries()) console.line(logLine(text, 6 + i));

    expect(console.end().segments.map((s) => s.kind)).toEqual(['boot', 'between']);
  });

  it('are one where a boot loader, an EFI stub and a kernel each say that it starts', () => {
    const log = [
      'EFI stub: Booting Linux Kernel...',
      'EFI stub: Exiting boot services...',
      '[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd083]',
      '[    0.000000] Linux version 6.18.0 (gcc)',
      'Linux version 6.18.0 (gcc), as cat /proc/version has it',
    ];

    expect(consoleOf(log).segments).toHaveLength(1);
  });
});

describe('a crash', () => {
  it.each([
    'Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b',
    '---[ end Kernel panic - not syncing: sysrq triggered crash ]---',
    'kernel BUG at mm/slub.c:4321!',
    'BUG: unable to handle page fault for address: ffffc90000000000',
    'BUG: kernel NULL pointer dereference, address: 0000000000000000',
    'BUG: KASAN: use-after-free in foo+0x1/0x2',
    'Oops: 0002 [#1] PREEMPT SMP NOPTI',
    'Oops - BUG: 0 [#1] SMP ARM',
    'Oops[#1]:',
    'Oops [#1]',
    'Unable to handle kernel paging request at virtual address ffff800008000000',
    'CPU 0 Unable to handle kernel paging request at virtual address 00000000, epc == 80012345',
    'Internal error: Oops: 96000004 [#1] PREEMPT SMP',
    'SError Interrupt on CPU2, code 0x00000000bf000002 -- SError',
    'general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP',
    'invalid opcode: 0000 [#1] PREEMPT SMP',
    'Unhandled fault: imprecise external abort (0x1406) at 0x00000000',
    'Bad mode in Error handler detected on CPU1, code 0xbf000000 -- SError',
  ])('is a line that begins with %s', (text) => {
    expect(crashOf([...BOOT, `[    2.000000] ${text}`])).toBe(text);
  });

  it.each([
    ['a caller id', '[    2.000000][    T1] Oops: 0002 [#1] SMP'],
    ['a connection that LAVA does not listen to', 'feedback: [    2.000000] Oops: 0002 [#1] SMP'],
    ['a CPU as caller id', '[    2.000000][    C0] Oops: 0002 [#1] SMP'],
    ['a level before the time stamp', '<0>[    2.000000] Oops: 0002 [#1] SMP'],
    ['a level behind it', '[    2.000000] <0>Oops: 0002 [#1] SMP'],
    ['what LAVA leaves of an escape sequence', '[6n[0m[    2.000000] Oops: 0002 [#1] SMP'],
  ])('is known behind %s', (_what, line) => {
    expect(crashOf([...BOOT, line])).toBe('Oops: 0002 [#1] SMP');
  });

  it.each([
    '[    2.0] WARNING: CPU: 0 PID: 1 at kernel/foo.c:1 foo+0x1/0x2',
    '[    2.0] UBSAN: array-index-out-of-bounds in foo.c:1:2',
    '[    2.0] WARNING: possible circular locking dependency detected',
    '[    2.0] [ BUG: Invalid wait context ]',
    '[    2.0] BUG: MAX_LOCKDEP_CHAINS too low!',
    '[    2.0] VFS: Cannot open root device "(null)" or unknown-block(0,0): error -6',
    '[    2.0] BUG kmalloc-64 (Not tainted): Poison overwritten',
    '[    2.0] BUG: sleeping function called from invalid context at kernel/foo.c:12',
    '[    2.0] traps: prog[123] general protection fault ip:401136 sp:7ffd error:0 in prog[401000+1000]',
    '[    2.0] prog[123]: segfault at 0 ip 0000000000401136 sp 00007ffd error 4 in prog',
    '[    2.0] foo: last boot ended with Kernel panic - not syncing',
    '[    2.0] Kernel panic_on_oops is set',
    '[    2.0] pstore: Oops: found in ramoops',
    'Kernel panic - not syncing: as a program prints it',
    'Oops: 0002 [#1] SMP',
    '+ echo Kernel panic - not syncing: no',
    'debug: [    2.0] Kernel panic - not syncing: in a line of LAVA',
    'feedback: Kernel panic - not syncing: as a program prints it on another connection',
    '/var/log/dmesg:[    2.0] Kernel panic - not syncing: found by grep',
  ])('is not %s', (line) => {
    expect(crashOf([...BOOT, line])).toBeUndefined();
  });

  it('needs no time stamp where the kernel writes none', () => {
    const log = ['Linux version 6.18.0 (gcc)', 'Kernel panic - not syncing: VFS'];

    expect(crashOf(log)).toBe('Kernel panic - not syncing: VFS');
    expect(consoleOf(log).segments[0]?.kernel).toBe(true);
  });

  it('stands behind a caller id where the kernel writes that and no time stamps', () => {
    expect(crashOf(['Linux version 6.18.0', '[    T1] Kernel panic - not syncing: x'])).toBe(
      'Kernel panic - not syncing: x',
    );
  });

  it('is taken back where the time stamps begin only after it', () => {
    expect(crashOf(['Oops: the firmware says', ...BOOT])).toBeUndefined();
    expect(
      crashOf(['+ echo', 'Kernel panic - not syncing: x', '<6>[    0.0] Linux version 6.18']),
    ).toBeUndefined();
  });

  it('is none if `dmesg` shows it again, in a test or after the login', () => {
    const late = '[  100.000000] eth0: link becomes ready';
    const dmesg = ['[    0.000000] Linux version 6.18.0 (gcc)', '[    1.000000] Oops: 0002 [#1] SMP'];

    expect(crashOf([...BOOT, late, started('0_smoke'), ...dmesg])).toBeUndefined();
    expect(crashOf([...BOOT, late, started('0_smoke'), '[  101.0] Oops: 0002 [#1] SMP'])).toBeDefined();
    expect(crashOf([...BOOT, late, ...dmesg])).toBeDefined();
  });

  it('is one in a kernel that a test has booted again', () => {
    const again = [
      '[  100.000000] reboot: Restarting system',
      'Starting kernel ...',
      '[    1.0] Oops: 0002 [#1] SMP',
    ];

    expect(crashOf([...BOOT, started('0_smoke'), ...again])).toBeDefined();
  });

  it('is one in a kernel that another one has started', () => {
    const again = [
      '[  100.000000] kexec_core: Starting new kernel',
      '[    0.000000] Linux version 6.18.0 (gcc)',
      '[    1.0] Oops: 0002 [#1] SMP',
    ];

    expect(crashOf([...BOOT, started('0_smoke'), ...again])).toBeDefined();
  });

  it('is one whatever a clock that begins below zero says', () => {
    expect(crashOf(['[18446744073.709551] foo: bar', ...BOOT, PANIC])).toContain('Kernel panic');
  });

  it('stands behind a prompt or half a line of output', () => {
    const log = ['/ # [    9.000000] Kernel panic - not syncing: foo', '[    9.1] Rebooting in 5 seconds..'];

    expect(crashOf([...BOOT, ...log])).toBe('Kernel panic - not syncing: foo');
  });

  it('is known by its last words where its first are lost', () => {
    expect(crashOf([...BOOT, '[    9.1] Rebooting in 5 seconds..'])).toBe('Rebooting in 5 seconds..');
  });

  it('is in no shell trace, with time stamps or without', () => {
    expect(crashOf(['+ Kernel panic - not syncing: x', '++ Oops: x'])).toBeUndefined();
  });

  it('is shown with what stands around it, not with the end of the log', () => {
    const before = Array.from({ length: 2000 }, (_, i) => `[    1.${i}] before ${i}`);
    const after = Array.from({ length: 2000 }, (_, i) => `[    3.${i}] after ${i}`);

    const { segments } = consoleOf([...BOOT, ...before, PANIC, ...after]);

    const excerpt = segments[0]?.crash?.excerpt ?? '';
    expect(excerpt).toContain('before 1999\n');
    expect(excerpt).toContain(PANIC);
    expect(excerpt).toContain('] after 0\n');
    expect(excerpt).not.toContain('after 1999');
    expect(excerpt.length).toBeLessThanOrEqual(16_384);
  });
});

describe('a stall', () => {
  const rcu = [
    '[   60.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
    '[   60.000100] rcu: \t1-...!: (0 ticks this GP) idle=1234/1/0x4000000000000000 softirq=12/34 fqs=0',
    '[   60.000200] rcu: \t(detected by 0, t=5252 jiffies, g=-1195, q=3 ncpus=2)',
    '[   60.000300] Task dump for CPU 1:',
    '[   60.000400] task:swapper/1       state:R  running task     stack:    0 pid:    0 ppid:     1 flags:0x00000008',
    '[   60.000500] Call trace:',
    '[   60.000600]  __switch_to+0xbc/0x100',
    '[   60.000700]  0x0',
  ];

  it.each([
    ['an RCU stall', rcu],
    [
      'a stall of its own CPU',
      ['[   60.0] rcu: INFO: rcu_sched self-detected stall on CPU', '[   60.1] Call Trace:'],
    ],
    ['a soft lock-up', ['[   60.0] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [kworker:12]']],
    ['a hard lock-up', ['[   60.0] NMI watchdog: Watchdog detected hard LOCKUP on cpu 1']],
    [
      'a workqueue lock-up',
      ['[   60.0] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!'],
    ],
  ])('is a crash if nothing follows: %s', (_what, lines) => {
    expect(crashOf([...BOOT, ...lines])).toBeDefined();
  });

  it('that repeats itself is still one', () => {
    const again = rcu.map((line) => line.replace('[   60', '[  123'));

    expect(crashOf([...BOOT, ...rcu, ...again])).toContain('detected stalls');
  });

  it.each([
    ['a shell that goes on', '# ls'],
    ['a signal of a test', '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>'],
    ['another line of the kernel', '[   71.000000] usb 1-1: new high-speed USB device'],
    ['a trace long after it', '[   99.000000]  some_function+0x1/0x2'],
  ])('is none if the board goes on: %s', (_what, line) => {
    expect(crashOf([...BOOT, ...rcu, line])).toBeUndefined();
  });

  it('is not ended by the echo of what LAVA types', () => {
    expect(crashOf([...BOOT, ...rcu, 'input: poweroff\n', 'poweroff', '/ # poweroff'])).toBeDefined();
  });

  it('stands behind a crash, which says more', () => {
    expect(crashOf([...BOOT, ...rcu, '[   61.0] Kernel panic - not syncing: RCU Stall'])).toContain(
      'Kernel panic',
    );
  });
});

describe('facts', () => {
  it('are counted and timed by LAVA’s lines', () => {
    const facts = consoleOf(['info: start', ...BOOT, 'error: InfrastructureError: The lab is broken']);

    expect(facts.lines).toBe(7);
    expect(facts.firstAt).toBe(START);
    expect(facts.lastAt).toBe(START + 6000);
    expect(facts.errorClass).toBe('InfrastructureError');
    expect(facts.lavaErrors).toBe('InfrastructureError: The lab is broken');
    expect(facts.segments[0]).toMatchObject({ firstLine: 1, lastLine: 5, startedAt: START + 1000 });
  });

  it('have the time at which LAVA noted the login', () => {
    const console = createConsole();
    const results = { ...logLine('', 0), level: 'results', text: undefined, at: START + 5 };
    console.line({ ...results, value: { case: 'login-action', definition: 'lava', result: 'pass' } });

    expect(console.end().loginAt).toBe(START + 5);
  });

  it('have the times of cases, and the console of those that failed', () => {
    const cases = [
      lavaCase('0_smoke', 'a', 'fail', { startLine: 6, endLine: 8 }),
      lavaCase('0_smoke', 'b', 'pass', { startLine: 9, endLine: 9 }),
    ];
    const log = [
      ...BOOT,
      started('0_smoke'),
      '<LAVA_SIGNAL_STARTTC a>',
      'it is broken',
      '<LAVA_SIGNAL_ENDTC a>',
      'b',
    ];

    const facts = consoleOf(log, cases);

    expect([...facts.times]).toEqual([
      [6, START + 6000],
      [8, START + 8000],
      [9, START + 9000],
    ]);
    expect([...facts.excerpts]).toEqual([[6, 'it is broken']]);
  });

  it('have the kernel’s reports where they stand', () => {
    const report = [
      '[    5.0] ------------[ cut here ]------------',
      '[    5.0] WARNING: CPU: 0 PID: 1 at drivers/foo.c:12 foo_probe+0x1/0x2',
      '[    5.0] ---[ end trace 0000000000000000 ]---',
    ];

    const { segments } = consoleOf([...BOOT, ...SHELL, started('0_smoke'), ...report]);

    expect(segments.map((s) => s.findings.map((f) => f.errorType))).toEqual([[], ['linux.kernel.warning']]);
  });

  it('are few, however long the log', () => {
    const console = createConsole();
    for (let i = 0; i < 100_000; i++) console.line(logLine(`[    1.${i}] line ${i}`, i));

    expect(JSON.stringify(console.end()).length).toBeLessThan(64 * 1024);
  });
});
