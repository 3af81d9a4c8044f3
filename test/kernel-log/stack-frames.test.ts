import { describe, expect, it } from 'vitest';
import { Place } from '../../src/kernel-log/stack-frames.ts';

/** Where a report with these further lines says that it happened. */
function culprit(lines: readonly string[], named?: string): string | undefined {
  const place = new Place();
  for (const line of lines) place.read(line);
  return place.culprit(named);
}

const trace = (...names: string[]): string[] => [
  'Call trace:',
  ' __switch_to+0xe4/0x140 (T)',
  ' __schedule+0x2b8/0x9b0',
  ' schedule+0x34/0xe0',
  ...names.map((name) => ` ${name}+0x10/0x20`),
];

describe('a task that waits', () => {
  it.each([
    ['a mutex', ['schedule_preempt_disabled', '__mutex_lock.constprop.0', 'mutex_lock']],
    ['a semaphore for readers and writers', ['rwsem_down_read_slowpath', 'down_read']],
    ['a completion', ['schedule_timeout', '__wait_for_common', 'wait_for_completion']],
    ['a folio', ['io_schedule', 'folio_wait_bit_common', 'folio_wait_writeback']],
    ['a buffer', ['bit_wait_io', '__wait_on_bit', 'out_of_line_wait_on_bit', '__wait_on_buffer']],
    ['RCU', ['schedule_timeout', '__wait_rcu_gp', 'synchronize_rcu']],
    ['other work', ['schedule_timeout', 'wait_for_completion', '__flush_work', 'flush_work']],
    ['work to be cancelled', ['__flush_work', '__cancel_work_timer', 'cancel_work_sync']],
    ['a fence', ['dma_fence_default_wait', 'dma_fence_wait_timeout']],
    ['a request of a bus', ['wait_for_completion', 'mmc_wait_for_req']],
    ['an inode', ['rwsem_down_write_slowpath', 'down_write', 'inode_lock']],
    ['the network’s lock', ['__mutex_lock', 'rtnl_lock']],
  ])('is where it waits for %s', (_what, waits) => {
    expect(culprit(trace(...waits, 'foo_lock_bus', 'foo_probe'))).toBe('foo_lock_bus');
  });
});

describe('a report', () => {
  it.each([
    [
      'x86',
      [
        ' dump_stack_lvl+0x1/0x2',
        ' ubsan_epilogue+0x1/0x2',
        ' __ubsan_handle_out_of_bounds+0x1/0x2',
        ' foo+0x1/0x2',
      ],
    ],
    [
      'arm',
      [
        ' unwind_backtrace from show_stack+0x10/0x14',
        ' show_stack from dump_stack_lvl+0x1/0x2',
        ' foo from bar+0x1/0x2',
      ],
    ],
    [
      'old arm',
      [
        '[<c010d508>] (unwind_backtrace) from [<c010a1e8>] (show_stack+0x10/0x14)',
        '[<c0200000>] (foo) from [<c0200010>] (bar)',
      ],
    ],
    ['riscv', ['[<ffffffff80006f9e>] dump_backtrace+0x1/0x2', '[<ffffffff80006f9e>] foo+0x1/0x2']],
  ])('is not about the functions that report it, on %s', (_arch, frames) => {
    expect(culprit(['Call Trace:', ...frames])).toBe('foo');
  });

  it.each([
    ['arm64', ['pc : 0xffff800008000000', 'Call trace:', ' 0xffff800008000000', ' other+0x1/0x2']],
    ['arm', ['PC is at 0xbf000000', '[<c010d508>] (other) from [<c010a1e8>] (bar+0x10/0x14)']],
    ['riscv', ['epc : 0xffffffff80000000', '[<ffffffff80000000>] other+0x1/0x2']],
    [
      'mips',
      ['epc   : 80d37924 0x80d37924', 'Call Trace:[<81ba71fc>] 0x81ba71fc', '[<80070a4c>] other+0x0/0x50'],
    ],
    [
      'powerpc',
      [
        'NIP [c000000000200000] 0xc000000000200000',
        'Call Trace:',
        '[c000000000003d00] [c000000000200000] other+0x1/0x2',
      ],
    ],
  ])('of a kernel without symbols has no function, on %s', (_arch, lines) => {
    expect(culprit(lines)).toBeUndefined();
  });

  it('goes by the caller where the program counter is in a lock', () => {
    const lines = [
      'RIP: 0010:native_queued_spin_lock_slowpath+0x1/0x2',
      'Call Trace:',
      ' <TASK>',
      ' _raw_spin_lock+0x1/0x2',
      ' foo_take+0x1/0x2',
    ];

    expect(culprit(lines)).toBe('foo_take');
  });
});
