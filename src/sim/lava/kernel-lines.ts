// Console text of kernels and boot loaders, from the real lab's logs, shortened.

export const X86_BANNER =
  'Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, ' +
  'GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)';

export const ARM_BANNER =
  'Linux version 6.1.0-56-arm64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, ' +
  'GNU ld (GNU Binutils for Debian) 2.40) #1 SMP Debian 6.1.192-2 (2026-11-16)';

export const SEABIOS = [
  'SeaBIOS (version 1.16.2-debian-1.16.2-1)',
  '',
  'iPXE (http://ipxe.org) 00:03.0 CA00 PCI2.10 PnP PMM+0EFCF000+0EF0F000 CA00',
  'Press Ctrl-B to configure iPXE (PCI 00:03.0)...',
];

export const X86_HANDOVER = ['Booting from ROM...', 'Probing EDD (edd=off to disable)... ok'];

export const UBOOT = [
  'U-Boot 2023.10 (Oct 02 2023 - 12:00:00 +0000)',
  'DRAM:  1 GiB',
  'Hit any key to stop autoboot:  0',
];

export const UBOOT_LOAD = [
  'Bytes transferred = 31457280 (1e00000 hex)',
  '## Flattened Device Tree blob at 43000000',
  '   Booting using the fdt blob at 0x43000000',
];

export const UBOOT_HANDOVER = ['Starting kernel ...', ''];

export const BOOT = [
  'Command line: console=ttyS0 panic=5',
  'Memory: 205424K/261752K available (14339K kernel code, 2316K rwdata, 9244K rodata)',
  'SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1',
  'rcu: Hierarchical RCU implementation.',
  'Console: colour *CGA 80x25',
  'printk: console [ttyS0] enabled',
  'ACPI: Core revision 20220331',
  'devtmpfs: initialized',
  'NET: Registered PF_NETLINK/PF_ROUTE protocol family',
  'clocksource: Switched to clocksource tsc-early',
  'TCP: Hash tables configured (established 2048 bind 2048)',
  'Unpacking initramfs...',
  'Serial: 8250/16550 driver, 4 ports, IRQ sharing enabled',
  'audit: initializing netlink subsys (disabled)',
  'Key type asymmetric registered',
  'integrity: Platform Keyring initialized',
  'evm: HMAC attrs: 0x1',
];

export const INIT = [
  'Freeing unused kernel image (initmem) memory: 2612K',
  'x86/mm: Checked W+X mappings: passed, no W+X pages found.',
  'Run /init as init process',
];

export const VFS_PANIC = 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)';

export const NO_ROOT = [
  "/dev/root: Can't open blockdev",
  'VFS: Cannot open root device "(null)" or unknown-block(0,0): error -6',
  'Please append a correct "root=" boot option; here are the available partitions:',
];

const CPU = 'Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2';
const HARDWARE =
  'Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014';

export const VFS_PANIC_TRACE = [
  `CPU: 0 PID: 1 Comm: swapper/0 ${CPU}`,
  HARDWARE,
  'Call Trace:',
  ' <TASK>',
  ' dump_stack_lvl+0x44/0x5c',
  ' panic+0x118/0x2f4',
  ' mount_block_root+0x14e/0x1e6',
  ' prepare_namespace+0x136/0x165',
  ' kernel_init_freeable+0x250/0x27a',
  ' ? rest_init+0xd0/0xd0',
  ' kernel_init+0x16/0x130',
  ' ret_from_fork+0x22/0x30',
  ' </TASK>',
  'Kernel Offset: 0x37200000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)',
];

export const SYSRQ_PANIC = [
  'sysrq: Trigger a crash',
  'Kernel panic - not syncing: sysrq triggered crash',
  `CPU: 0 PID: 100 Comm: sh ${CPU}`,
  HARDWARE,
  'Call Trace:',
  ' <TASK>',
  ' dump_stack_lvl+0x44/0x5c',
  ' panic+0x118/0x2f4',
  ' ? _printk+0x68/0x83',
  ' sysrq_handle_crash+0x16/0x20',
  ' __handle_sysrq.cold+0x44/0x11c',
  ' write_sysrq_trigger+0x24/0x40',
  ' proc_reg_write+0x56/0xa0',
  ' vfs_write+0xc7/0x3f0',
  ' ksys_write+0x6b/0xf0',
  ' do_syscall_64+0x5d/0x90',
  ' entry_SYSCALL_64_after_hwframe+0x6e/0xd8',
  'RIP: 0033:0x47b7a0',
  ' </TASK>',
  'Kernel Offset: 0x13c00000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)',
];

/** A report that the kernel lives on after. */
export const WARNING = [
  '------------[ cut here ]------------',
  'WARNING: CPU: 0 PID: 1 at drivers/base/platform.c:749 platform_probe+0x24/0xa0',
  'Modules linked in:',
  `CPU: 0 PID: 1 Comm: swapper/0 ${CPU}`,
  HARDWARE,
  'RIP: 0010:platform_probe+0x24/0xa0',
  'Call Trace:',
  ' <TASK>',
  ' really_probe+0xde/0x380',
  ' driver_probe_device+0x1f/0x90',
  ' kernel_init+0x16/0x130',
  ' ret_from_fork+0x22/0x30',
  ' </TASK>',
  '---[ end trace 0000000000000000 ]---',
];
