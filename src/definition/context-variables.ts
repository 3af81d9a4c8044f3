// The variables that a job may set for the lab's device templates (lava_common/schemas, CONTEXT_VARIABLES, of LAVA
// 2023.01 to 2026.10; no_network and deploy_character_delay came later). LAVA puts their values, unquoted, into the
// templates of its devices, whose result is YAML with the commands that its hosts run as root (lava_scheduler_app
// models.py load_configuration): a line break, a quote or a `: ` in a value would add commands. For QEMU they stand in
// its command line as well. So for each there is what a definition that came to us may set it to.
import { z } from 'zod';
import { qemuFault } from './qemu-options.ts';

const Whole = z.union([z.number().int(), z.boolean()]);

function text(pattern: RegExp, what: string) {
  return z.union([Whole, z.string().max(2000).regex(pattern, what)], { error: what });
}

/** Words with single blanks between them; no `: `, ` #` or `, ` for YAML to see. */
const Words = text(
  /^(?!.*[:,](?: |$))[A-Za-z0-9_.,/:=@%+~-]+(?: [A-Za-z0-9_.,/:=@%+~-]+)*$/,
  'only letters, digits and _ . , / : = @ % + ~ -, with single blanks between words',
);
const Word = text(/^[A-Za-z0-9_.-]+$/, 'only letters, digits and _ . -');
const Address = text(/^(?:0x)?[0-9a-fA-F]{1,16}$/, 'an address such as 0x04000000');

const OPTIONS = /^[A-Za-z0-9_.,:=+ -]*$/;
const OPERAND = /^[A-Za-z0-9_.,=+-]+$/;

/** A value that stands behind this option in QEMU's command line; without one, whole options. */
function qemu(option?: string) {
  const pattern = option === undefined ? OPTIONS : OPERAND;
  const line = (value: string | number): string => (option === undefined ? `${value}` : `${option} ${value}`);
  return z
    .union([z.number().int(), z.string().max(2000).regex(pattern, 'QEMU options need no such characters')])
    .superRefine((value, ctx) => {
      const message = qemuFault(line(value));
      if (message !== undefined) ctx.addIssue({ code: 'custom', message });
    });
}

const Options = qemu();

/** LAVA makes this folder on its own disk first. */
const ResultsDir = z.string().regex(/^(?:\/[A-Za-z0-9_-]+)*\/[A-Za-z0-9_-]*%s$/, 'a path such as /lava-%s');

/** Each variable, and what it may be in a definition that came to us. */
export const SUPPLIED_CONTEXT: Readonly<Record<string, z.ZodType>> = {
  arch: Word,
  boot_console: Words,
  boot_root: Words,
  console_device: Words,
  guestfs_driveid: Word,
  guestfs_interface: Word,
  guestfs_size: Word,
  cpu: qemu('-cpu'),
  machine: qemu('-machine'),
  memory: qemu('-m'),
  model: text(/^(?:model=)?[A-Za-z0-9_-]+$/, 'the model of a network card'),
  monitor: qemu('-monitor'),
  netdevice: z.literal('user', { error: "only user: other networks are the lab's own" }),
  serial: Options,
  vga: Options,
  extra_options: z.union([z.array(Options), Options]),
  no_kvm: z.boolean(),
  no_network: z.boolean(),
  booti_dtb_addr: Address,
  booti_kernel_addr: Address,
  booti_ramdisk_addr: Address,
  bootm_dtb_addr: Address,
  bootm_kernel_addr: Address,
  bootm_ramdisk_addr: Address,
  bootz_dtb_addr: Address,
  bootz_kernel_addr: Address,
  bootz_ramdisk_addr: Address,
  boot_character_delay: Word,
  boot_retry: Word,
  bootloader_prompt: Words,
  custom_kernel_args: Words,
  deploy_character_delay: Word,
  extra_kernel_args: Words,
  extra_nfsroot_args: Words,
  failure_retry: Word,
  kernel_loglevel: Word,
  kernel_start_message: Words,
  lava_test_results_dir: ResultsDir,
  menu_interrupt_prompt: Words,
  mustang_menu_list: Words,
  test_character_delay: Word,
  tftp_mac_address: Words,
  uboot_extra_error_message: Words,
  uboot_needs_interrupt: Word,
  uboot_altbank: Word,
};

export const CONTEXT_VARIABLES: readonly string[] = Object.keys(SUPPLIED_CONTEXT);
