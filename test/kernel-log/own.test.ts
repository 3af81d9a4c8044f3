import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/kernel-log/model.ts';
import { createTriage } from '../../src/kernel-log/triage.ts';

/** Findings of a console; lines are numbered from 0. */
function triage(lines: readonly string[]): Finding[] {
  const triage = createTriage();
  for (const [number, line] of lines.entries()) triage.line(line, number);
  return triage.end();
}

/** With the kernel's time stamps, and caller ids if asked for. */
function kernel(lines: readonly string[], caller = ''): string[] {
  return lines.map((line, i) => `[   12.${String(i).padStart(6, '0')}]${caller} ${line}`);
}

function own(lines: readonly string[]): Finding[] {
  return triage(lines).filter((finding) => finding.by === 'own');
}

const ARM64_TRACE = [
  'Call trace:',
  ' foo_probe+0x40/0x80 [foo]',
  ' platform_probe+0x68/0xd8',
  'Code: f9400000 (b9400800)',
  '---[ end trace 0000000000000000 ]---',
];

const PAGING = [
  'Unable to handle kernel paging request at virtual address ffff800012345678',
  'Mem abort info:',
  '  ESR = 0x0000000096000047',
  'Internal error: Oops: 0000000096000047 [#1] PREEMPT SMP',
  'CPU: 3 UID: 0 PID: 71 Comm: kworker/u32:1 Not tainted 6.12.0 #1',
  'Hardware name: Example Board (DT)',
  'pc : foo_write+0x10/0x20 [foo]',
  'lr : bar+0x10/0x20',
  ...ARM64_TRACE,
];

interface Case {
  type: string;
  summary: string;
  log: string[];
  /** The same on another board in another run. */
  alike?: string[];
  /** Words that look like it and are none. */
  miss: string[];
}

const CASES: Case[] = [
  {
    type: 'own.paging_fault',
    summary: 'Unable to handle kernel paging request in foo_write',
    log: PAGING,
    alike: PAGING.map((line) =>
      line.replaceAll('12345678', '9abcdef0').replace('PID: 71', 'PID: 99').replace('+0x10/', '+0x18/'),
    ),
    miss: [
      'foo: unable to handle paging request',
      'Unable to handle 64-bit DMA',
      'x Unable to handle kernel paging request at virtual address 0',
    ],
  },
  {
    type: 'own.paging_fault',
    summary: 'Unable to handle kernel access to user memory outside uaccess routines',
    log: [
      'Unable to handle kernel access to user memory outside uaccess routines at virtual address 0000000000000010',
    ],
    alike: [
      'Unable to handle kernel access to user memory outside uaccess routines at virtual address 0000aaaac0000010',
    ],
    miss: ['Unable to handle kernelspace'],
  },
  {
    type: 'own.internal_error',
    summary: 'Internal error: synchronous external abort in foo_read',
    log: [
      'Internal error: synchronous external abort: 0000000096000210 [#1] PREEMPT SMP',
      'pc : foo_read+0x4/0x8',
      ...ARM64_TRACE,
    ],
    alike: [
      'Internal error: synchronous external abort: 0000000096000010 [#2] SMP',
      'pc : foo_read+0x8/0xc',
      ...ARM64_TRACE,
    ],
    miss: ['mmc0: Internal error: 5', 'mmc0: Internal error: 0 [#1]'],
  },
  {
    type: 'own.oops',
    summary: 'Oops: general protection fault, probably for non-canonical address in foo',
    log: [
      'Oops: general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] PREEMPT SMP KASAN',
      'CPU: 1 UID: 0 PID: 1 Comm: swapper/0 Not tainted',
      'RIP: 0010:foo+0x12/0x34',
      'Call Trace:',
      ' <TASK>',
      ' do_one_initcall+0x5a/0x320',
      ' </TASK>',
      '---[ end trace 0000000000000000 ]---',
    ],
    alike: [
      'Oops: general protection fault, probably for non-canonical address 0x1234560000000000: 0000 [#1] SMP',
      'RIP: 0010:foo+0x13/0x34',
    ],
    miss: ['Oopses: nothing', 'Oops, I did it again'],
  },
  {
    type: 'own.oops',
    summary: 'general protection fault',
    log: ['general protection fault: 0000 [#1] SMP'],
    alike: ['general protection fault: 0010 [#3] PREEMPT SMP'],
    miss: ['traps: foo[12] general protection fault ip:1 sp:2 error:0', 'general protection faults'],
  },
  {
    type: 'own.oops',
    summary: 'Oops',
    log: ['Oops [#1]', 'Modules linked in:'],
    alike: ['Oops[#2]:'],
    miss: ['Oops, once more', 'ext4: Oops [#1]'],
  },
  {
    type: 'own.kasan',
    summary: 'KASAN: slab-out-of-bounds in kmalloc_oob_right',
    log: [
      'BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right+0x15c/0x1d0',
      'Write of size 1 at addr ffff8881080c4273 by task kunit_try_catch/229',
      'Call trace:',
      ' dump_stack_lvl+0x2c/0x50',
      ' kmalloc_oob_right+0x15c/0x1d0',
      '='.repeat(66),
    ],
    alike: [
      'BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right.constprop.0+0x15e/0x1d0',
      'Write of size 1 at addr ffff888108000000 by task x/1',
    ],
    miss: [
      'KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]',
      'kasan: KernelAddressSanitizer initialized',
    ],
  },
  {
    type: 'own.kfence',
    summary: 'KFENCE: use-after-free read in test_use_after_free_read',
    log: ['BUG: KFENCE: use-after-free read in test_use_after_free_read+0xb3/0x143'],
    alike: ['BUG: KFENCE: use-after-free read in test_use_after_free_read+0xb8/0x150'],
    miss: ['kfence: initialized - using 2097152 bytes for 255 objects'],
  },
  {
    type: 'own.kcsan',
    summary: 'KCSAN: data-race in one / two',
    log: ['BUG: KCSAN: data-race in two+0x1/0x2 / one+0x3/0x4'],
    alike: ['BUG: KCSAN: data-race in one / two'],
    miss: ['kcsan: enabled early'],
  },
  {
    type: 'own.kmsan',
    summary: 'KMSAN: uninit-value in foo',
    log: ['BUG: KMSAN: uninit-value in foo+0x1/0x2'],
    miss: ['kmsan: Starting KernelMemorySanitizer'],
  },
  {
    type: 'own.lockdep',
    summary: 'possible circular locking dependency detected in foo_open',
    log: [
      'WARNING: possible circular locking dependency detected',
      '6.12.0 #1 Not tainted',
      '------------------------------------------------------',
      'test/123 is trying to acquire lock:',
      'stack backtrace:',
      'CPU: 1 PID: 123 Comm: test Not tainted',
      'Hardware name: Example Board (DT)',
      'Call trace:',
      ' dump_stack_lvl+0x2c/0x50',
      ' print_circular_bug+0x1/0x2',
      ' check_noncircular+0x1/0x2',
      ' __lock_acquire+0x1/0x2',
      ' lock_acquire+0x1/0x2',
      ' foo_open+0x1/0x2',
    ],
    miss: [
      'foo: WARNING: possible trouble',
      'WARNING: possible performance loss',
      'Possible unsafe locking scenario:',
    ],
  },
  {
    type: 'own.lockdep',
    summary: 'inconsistent lock state',
    log: ['WARNING: inconsistent lock state'],
    miss: ['WARNING: inconsistent state'],
  },
  {
    type: 'own.lockdep',
    summary: 'suspicious RCU usage',
    log: ['WARNING: suspicious RCU usage', 'kernel/x.c:12 suspicious rcu_dereference_check() usage!'],
    miss: ['RCU: suspicious'],
  },
  {
    type: 'own.lockdep',
    summary: 'Invalid wait context',
    log: ['[ BUG: Invalid wait context ]'],
    miss: ['[ foo: Invalid wait context ]'],
  },
  {
    type: 'own.lockdep',
    summary: 'HARDIRQ-safe -> HARDIRQ-unsafe lock order detected',
    log: ['WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected'],
    miss: ['HARDIRQ-safe -> HARDIRQ-unsafe'],
  },
  {
    type: 'own.rcu_stall',
    summary: 'rcu_preempt self-detected stall in busy_loop',
    log: [
      'rcu: INFO: rcu_preempt self-detected stall on CPU',
      'rcu: \t3-....: (5249 ticks this GP) idle=4b24/1/0x4000000000000002 softirq=123/124 fqs=2624',
      'CPU: 3 UID: 0 PID: 99 Comm: test Not tainted',
      'pc : busy_loop+0x10/0x20',
      'Call trace:',
      ' busy_loop+0x10/0x20',
    ],
    alike: [
      'rcu: INFO: rcu_preempt self-detected stall on CPU',
      'rcu: \t0-....: (21000 ticks this GP)',
      'pc : busy_loop+0x14/0x20',
    ],
    miss: [
      'rcu: Hierarchical RCU implementation.',
      'rcu: INFO: rcu_preempt is fine',
      'rcu: \tOffload RCU callbacks from CPUs: (none).',
    ],
  },
  {
    type: 'own.rcu_stall',
    summary: 'rcu_sched detected stalls',
    log: ['rcu: INFO: rcu_sched detected stalls on CPUs/tasks:'],
    alike: ['INFO: rcu_sched detected stalls on CPUs/tasks: { 1} (detected by 0, t=5252 jiffies)'],
    miss: ['rcu: rcu_sched kthread starved for 100 jiffies!'],
  },
  {
    type: 'own.soft_lockup',
    summary: 'soft lockup in spin',
    log: [
      'watchdog: BUG: soft lockup - CPU#2 stuck for 26s! [test:123]',
      'Modules linked in: foo',
      'CPU: 2 PID: 123',
      'RIP: 0010:spin+0x1/0x2',
      'Call Trace:',
      ' <TASK>',
      ' spin+0x1/0x2',
    ],
    alike: ['watchdog: BUG: soft lockup - CPU#0 stuck for 49s! [other:1]', 'RIP: 0010:spin+0x4/0x8'],
    miss: ['watchdog: soft lockup detection enabled', 'watchdog: watchdog0: watchdog did not stop!'],
  },
  {
    type: 'own.hard_lockup',
    summary: 'hard LOCKUP in spin',
    log: ['watchdog: Watchdog detected hard LOCKUP on cpu 3', 'RIP: 0010:spin+0x1/0x2'],
    alike: ['NMI watchdog: Watchdog detected hard LOCKUP on cpu 0', 'RIP: 0010:spin+0x9/0x20'],
    miss: ['NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.'],
  },
  {
    type: 'own.hard_lockup',
    summary: 'hard LOCKUP in foo_three',
    log: [
      'watchdog: CPU 3 self-detected hard LOCKUP @ foo+0x1/0x2',
      'NIP [c000000000812345] foo_three+0x12/0x30',
    ],
    miss: ['watchdog: CPU 3 is fine'],
  },
  {
    type: 'own.hung_task',
    summary: 'task kworker/N:N blocked in mmc_wait',
    log: [
      'INFO: task kworker/2:1:45 blocked for more than 120 seconds.',
      '      Not tainted 6.12.0 #1',
      '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
      'task:kworker/2:1     state:D stack:0     pid:45    ppid:2',
      'Call trace:',
      ' __switch_to+0xf0/0x150',
      ' __schedule+0x2b8/0x8e0',
      ' schedule+0x34/0xe0',
      ' schedule_timeout+0x1/0x2',
      ' mmc_wait+0x4c/0x80',
    ],
    alike: [
      'INFO: task kworker/0:3:7 blocked for more than 241 seconds.',
      'Call trace:',
      ' __switch_to+0xf0/0x150',
      ' mmc_wait+0x50/0x80',
    ],
    miss: ['INFO: task foo finished', 'INFO: lockdep is turned off.'],
  },
  {
    type: 'own.oom_kill',
    summary: 'Out of memory: killed process stress-ng-vm',
    log: ['Out of memory: Killed process 1234 (stress-ng-vm) total-vm:12kB, anon-rss:1kB'],
    alike: ['Out of memory: Killed process 77 (stress-ng-vm) total-vm:99kB, anon-rss:2kB'],
    miss: [
      'Out of memory handling is on',
      'stress invoked oom-killer: gfp_mask=0x0',
      'oom_reaper: reaped process 1234 (stress-ng-vm)',
    ],
  },
  {
    type: 'own.serror',
    summary: 'SError Interrupt in foo_read',
    log: [
      'SError Interrupt on CPU2, code 0x00000000be000000 -- SError',
      'Hardware name: Example Board (DT)',
      'pc : foo_read+0x1/0x2',
    ],
    alike: ['SError Interrupt on CPU0, code 0x00000000bf000002 -- SError', 'pc : foo_read+0x4/0x8'],
    miss: ['SError Interrupts are unmasked', 'Detected SError handling'],
  },
  {
    type: 'own.null_pointer',
    summary: 'NULL pointer dereference in foo_probe',
    log: [
      'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008',
      'Internal error: Oops: 0000000096000004 [#1] SMP',
      'Call trace:',
      ' foo_probe+0x40/0x80 [foo]',
    ],
    alike: [
      'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010',
      'Call trace:',
      ' foo_probe+0x44/0x80 [foo]',
    ],
    miss: ['foo: NULL pointer dereference avoided'],
  },
  {
    type: 'own.oops',
    summary: 'Unhandled fault: imprecise external abort',
    log: ['Unhandled fault: imprecise external abort (0x1406) at 0x00000000'],
    alike: ['Unhandled fault: imprecise external abort (0x1c06) at 0xb6f00000'],
    miss: ['Unhandled irq 12'],
  },
  {
    type: 'own.internal_error',
    summary: 'Internal error: SP/PC alignment exception in foo_jump',
    log: ['Internal error: SP/PC alignment exception: 000000008a000000 [#1] SMP', 'pc : foo_jump+0x4/0x8'],
    alike: ['Internal error: SP/PC alignment exception: 000000009a000000 [#3] SMP', 'pc : foo_jump+0x1/0x9'],
    miss: ['Internal errors: SP/PC alignment exception', 'SP/PC alignment exception: 8a000000'],
  },
  {
    type: 'own.internal_error',
    summary: 'Internal error: Oops - undefined instruction in sun8i_dwmac_probe',
    log: [
      'Internal error: Oops - undefined instruction: 0 [#1] SMP ARM',
      'Modules linked in:',
      'CPU: 1 UID: 0 PID: 73 Comm: kworker/1:2 Not tainted 6.12.0 #1',
      'PC is at sun8i_dwmac_probe+0x1c/0x5a0',
      'LR is at platform_probe+0x5c/0xb8',
      'pc : [<c0a1b2c4>]    lr : [<c0912345>]    psr: 60000013',
      'Call trace: ',
      ' sun8i_dwmac_probe from platform_probe+0x5c/0xb8',
      '---[ end trace 0000000000000000 ]---',
    ],
    alike: [
      'Internal error: Oops - undefined instruction: 0 [#2] PREEMPT ARM',
      'PC is at sun8i_dwmac_probe+0x20/0x5b0',
    ],
    miss: ['ext4: Internal error: Oops - undefined instruction: 0 [#1]', 'Oops - undefined'],
  },
  {
    type: 'own.paging_fault',
    summary: 'Unable to handle kernel paging request in dw_pcie_probe',
    log: [
      'Unable to handle kernel paging request at virtual address ffffffff00000018',
      'Oops [#1]',
      'Hardware name: SiFive HiFive Unmatched A00 (DT)',
      'epc : dw_pcie_probe+0x20/0x188',
      ' ra : platform_probe+0x4e/0xb2',
      'epc : ffffffff80612340 ra : ffffffff807a1b2c sp : ff2000000001bc20',
      '[<ffffffff80612340>] dw_pcie_probe+0x20/0x188',
      '---[ end trace 0000000000000000 ]---',
    ],
    alike: [
      'CPU 2 Unable to handle kernel paging request at virtual address 00000010, epc == 80123456, ra == 80123400',
      'Oops[#1]:',
      'epc   : 80123456 dw_pcie_probe+0x12/0x30',
      'ra    : 80123400 bar+0x1/0x2',
    ],
    miss: ['CPU 2 is Unable to handle kernel paging request', 'Unable to handle kernel5 paging request at 0'],
  },
  {
    type: 'own.paging_fault',
    summary: 'Unable to handle kernel pointer dereference in virtual kernel address space in zfcp_start',
    log: [
      'Unable to handle kernel pointer dereference in virtual kernel address space',
      'Failing address: 0000000000000000 TEID: 0000000000000483',
      'Oops: 0004 ilc:3 [#1]SMP',
      'Krnl PSW : 0704c00180000000 0000000000123450 (zfcp_start+0x12/0x30)',
    ],
    miss: ['Unable to handle kernel'],
  },
  {
    type: 'own.oops',
    summary: 'Oops: Exception in kernel mode, sig in pseries_probe',
    log: ['Oops: Exception in kernel mode, sig: 5 [#1]', 'NIP [c000000000812345] pseries_probe+0x12/0x30'],
    alike: ['Oops: Exception in kernel mode, sig: 4 [#2]', 'NIP [c000000000a12345] pseries_probe+0x14/0x30'],
    miss: ['Oops: Exception in kernel mode'],
  },
  {
    type: 'own.oops',
    summary: 'Oops - illegal instruction in plic_init',
    log: ['Oops - illegal instruction [#1]', 'epc : plic_init+0x20/0x188'],
    alike: ['Oops - illegal instruction [#4]', 'epc : plic_init+0x2/0x18a'],
    miss: ['Oops - illegal instruction'],
  },
  {
    type: 'own.oops',
    summary: 'divide error in foo_ratio',
    log: ['divide error: 0000 [#1] PREEMPT SMP', 'RIP: 0010:foo_ratio+0x1/0x2'],
    miss: ['prog[1] trap divide error ip:1 sp:2', 'divide error: none'],
  },
  {
    type: 'own.oops',
    summary: 'PANIC: double fault',
    log: ['traps: PANIC: double fault, error_code: 0x0'],
    alike: ['PANIC: double fault, error_code: 0x8'],
    miss: ['traps: PANIC: at the disco'],
  },
  {
    type: 'own.slab',
    summary: 'kmalloc-64: Poison overwritten',
    log: [
      'BUG kmalloc-64 (Tainted: G    B             ): Poison overwritten',
      '-----------------------------------------------------------------------------',
      '0xffff888003b3a0c0-0xffff888003b3a0c0 @offset=192. First byte 0x6a instead of 0x6b',
    ],
    alike: ['BUG kmalloc-64(7:foo.service) (Not tainted): Poison overwritten'],
    miss: [
      'BUG kmalloc-64: Poison overwritten',
      'BUG reports (of anybody): none',
      'kmalloc-64 (Not tainted): Poison',
    ],
  },
  {
    type: 'own.lockdep',
    summary: 'still has locks held',
    log: ['WARNING: kworker/0:1/12 still has locks held!'],
    alike: ['WARNING: insmod/99 still has locks held!'],
    miss: ['WARNING: insmod/99 has locks held!'],
  },
  {
    type: 'own.lockdep',
    summary: 'possible irq lock inversion dependency detected',
    log: ['WARNING: possible irq lock inversion dependency detected'],
    alike: ['INFO: possible irq lock inversion dependency detected'],
    miss: ['INFO: possible loss of data'],
  },
  {
    type: 'own.hard_lockup',
    summary: 'hard LOCKUP in foo_take',
    log: [
      'watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 6',
      'RIP: 0010:queued_spin_lock_slowpath+0x1/0x2',
      'Call Trace:',
      ' <TASK>',
      ' _raw_spin_lock+0x1/0x2',
      ' foo_take+0x1/0x2',
    ],
    miss: ['watchdog: CPU0: Watchdog is on', 'watchdog: CPU0 hard at work'],
  },
  {
    type: 'own.rcu_stall',
    summary: 'rcu_preempt detected stalls in foo_poll',
    log: [
      'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
      'rcu: \t1-...0: (1 GPs behind) idle=a1b4/1/0x4000000000000000 softirq=88/89 fqs=2625',
      'rcu: \t(detected by 0, t=5252 jiffies, g=-1087, q=46 ncpus=4)',
      'Sending NMI from CPU 0 to CPUs 1:',
      'NMI backtrace for cpu 1',
      'RIP: 0010:foo_poll+0x1/0x20',
    ],
    miss: ['rcutorture: INFO: rcu_preempt detected stalls', 'rcu: rcu_preempt detected nothing'],
  },
  {
    type: 'own.oom_kill',
    summary: 'Memory cgroup out of memory: killed process (sd-pam)',
    log: ['Memory cgroup out of memory: Killed process 12 ((sd-pam)) total-vm:12kB, anon-rss:1kB'],
    alike: ['Memory cgroup out of memory: Killed process 7 ((sd-pam)) total-vm:1kB'],
    miss: ['Memory cgroup out of memory: nobody', 'Out of memory: Killed process x (y) total-vm:1kB'],
  },
  {
    type: 'own.kcsan',
    summary: 'KCSAN: data-race in alpha / beta',
    log: ['BUG: KCSAN: data-race in beta [mod] / alpha'],
    alike: ['BUG: KCSAN: data-race in alpha / beta [mod]'],
    miss: ['KCSAN: data-race in alpha / beta'],
  },
];

describe.each(CASES)('$summary ($type)', ({ type, summary, log, alike, miss }) => {
  it('is found in a kernel log', () => {
    const [finding, ...others] = own(['Linux', ...kernel(log), ...kernel(['usb 1-1: new device'])]);

    expect(others).toEqual([]);
    expect(finding).toMatchObject({ by: 'own', errorType: type, summary, firstLine: 1 });
    expect(finding?.signature).toMatch(/^[0-9a-f]{40}$/);
    expect(finding?.categories).toHaveLength(1);
  });

  it('is found behind caller ids, alone and for itself', () => {
    const [finding] = triage(kernel(log, '[    T1]'));

    expect(finding).toMatchObject({ by: 'own', errorType: type, summary, issue: true });
  });

  it('is found without time stamps', () => {
    expect(own(log)).toMatchObject([{ errorType: type, summary }]);
  });

  it('has the same signature on another board, and another than other findings', () => {
    const [finding] = own(kernel(log));

    if (alike !== undefined) expect(own(kernel(alike, '[   C12]'))[0]?.signature).toBe(finding?.signature);
    const others = CASES.filter((c) => c.summary !== summary).map((c) => own(kernel(c.log))[0]?.signature);
    expect(others).not.toContain(finding?.signature);
  });

  it('is not found where something only looks like it', () => {
    expect(own(kernel(miss))).toEqual([]);
    expect(own(kernel(log.map((line) => `kern  :alert : ${line}`)))).toEqual([]);
    expect(own(log.map((line) => `+ echo ${line}`))).toEqual([]);
    expect(own(['[    1.000000] the kernel has stamps', ...log])).toEqual([]);
  });
});

describe('with caller ids, which logspec does not read', () => {
  it.each([
    [
      'own.panic',
      'VFS: Unable to mount root fs on unknown-block(N,N)',
      ['Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'],
    ],
    [
      'own.bug',
      'sleeping function called from invalid context at kernel/x.c:12',
      ['BUG: sleeping function called from invalid context at kernel/x.c:12'],
    ],
    ['own.bug', 'workqueue lockup', ['BUG: workqueue lockup - pool cpus=0 node=0 stuck for 31s!']],
    [
      'own.bug',
      'kernel BUG at mm/slub.c:540',
      ['-----------[ cut here ]-----------', 'kernel BUG at mm/slub.c:540!'],
    ],
    ['own.warning', 'WARNING at a/b.c:12 in foo', ['WARNING: CPU: 2 PID: 71 at a/b.c:12 foo+0xa4/0xac']],
    ['own.warning', 'WARNING at a/b.c:12 in foo', ['WARNING: a/b.c:12 at foo+0xa4/0xac, CPU#2: test/12']],
    [
      'own.ubsan',
      'array-index-out-of-bounds in a/b.c:12',
      ['UBSAN: array-index-out-of-bounds in a/b.c:12:5'],
    ],
    [
      'own.paging_fault',
      'unable to handle page fault',
      ['BUG: unable to handle page fault for address: 0000000000200286'],
    ],
    [
      'own.null_pointer',
      'NULL pointer dereference',
      ['BUG: kernel NULL pointer dereference, address: 0000000000000008'],
    ],
  ])('finds %s: %s', (type, summary, log) => {
    expect(triage(kernel(log, '[    T1]'))).toMatchObject([{ errorType: type, summary, issue: true }]);
  });

  it('keeps reports of several CPUs apart', () => {
    const one = kernel(PAGING, '[    T1]');
    const two = kernel(
      ['WARNING: CPU: 2 PID: 71 at a/b.c:12 foo+0xa4/0xac', 'Hardware name: Other', ...ARM64_TRACE],
      '[   C2]',
    );
    const mixed = one.flatMap((line, i) => [line, two[i] ?? '[   13.000000][   T7] usb 1-1: hello']);

    const findings = triage(mixed);

    expect(findings.map((f) => [f.errorType, f.summary, f.fields['hardware']])).toEqual([
      ['own.paging_fault', 'Unable to handle kernel paging request in foo_write', 'Example Board (DT)'],
      ['own.warning', 'WARNING at a/b.c:12 in foo', 'Other'],
    ]);
    expect(findings[0]?.report).toBe(one.join('\n'));
    expect(findings[1]?.report).toBe(two.join('\n'));
  });
});

describe('a finding of our own', () => {
  it('has its report, its lines and what can be read of it', () => {
    const [finding] = own(kernel([...PAGING, 'usb 1-1: after it']));

    expect(finding).toMatchObject({
      firstLine: 0,
      lastLine: PAGING.length - 1,
      issue: true,
      report: kernel(PAGING).join('\n'),
      fields: {
        hardware: 'Example Board (DT)',
        call_trace: ['foo_probe+0x40/0x80 [foo]', 'platform_probe+0x68/0xd8'],
        function: 'foo_write',
      },
      signatureFields: {
        error_type: 'own.paging_fault',
        error_summary: 'Unable to handle kernel paging request',
        function: 'foo_write',
      },
    });
  });

  it('has all lines of the kernel within ten seconds if nothing says that it ends', () => {
    const report = [
      'INFO: task a:1 blocked for more than 120 seconds.',
      'Call trace:',
      ' schedule+0x1/0x2',
      ' mmc_wait+0x1/0x2',
    ];
    const log = [...kernel([...report, 'x18: 0000000000000000']), '[   22.500000] usb 1-1: new device'];
    const [finding] = own(log);
    expect(finding).toMatchObject({ lastLine: 4, report: log.slice(0, 5).join('\n') });
  });

  it('stands next to what logspec found of the same report, and makes no second issue', () => {
    const findings = triage(kernel(['BUG: KASAN: slab-out-of-bounds in foo+0x1/0x2', 'Hardware name: x']));
    expect(findings.map((f) => [f.by, f.errorType, f.issue])).toEqual([
      ['logspec', 'linux.kernel.bug', true],
      ['own', 'own.kasan', false],
    ]);
  });

  it('is left out if it is a part of what logspec found', () => {
    const nullPointer = [
      'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008',
      'Internal error: Oops: 0000000096000004 [#1] SMP',
      ...ARM64_TRACE,
    ];
    expect(triage(kernel(nullPointer)).map((f) => f.errorType)).toEqual([
      'linux.kernel.null_pointer_dereference',
    ]);
  });

  it('does not swallow the crash after a report that the kernel survives', () => {
    const stall = [
      'rcu: INFO: rcu_preempt self-detected stall on CPU',
      'Internal error: Oops: 0000000096000004 [#1] SMP',
    ];
    expect(own(kernel(stall)).map((f) => f.errorType)).toEqual(['own.rcu_stall', 'own.internal_error']);
  });

  it('is reported at most twenty times for one cause', () => {
    const lines = Array.from(
      { length: 100 },
      (_, i) => `Out of memory: Killed process ${i} (test) total-vm:1kB`,
    );
    expect(own(kernel(lines))).toHaveLength(20);
  });

  it('is reported for no more than a bounded number of callers at a time', () => {
    const lines = Array.from(
      { length: 1000 },
      (_, i) => `[    1.000000][${`T${i}`.padStart(6)}] rcu: INFO: rcu_a${i} self-detected stall on CPU`,
    );
    expect(own(lines)).toHaveLength(200);
  });
});
