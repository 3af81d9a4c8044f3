// The job's context. LAVA puts these values, unquoted, into the templates of its devices, whose result is YAML with the
// commands that its hosts run as root (lava_scheduler_app/models.py load_configuration, LAVA 2023.01): a line break, a
// quote or a `: ` in a value would add commands. For QEMU they stand in its command line as well.
import { z } from 'zod';
import { closed } from './supplied-policy.ts';
import { qemuFault } from './supplied-qemu.ts';

const Whole = z.union([z.number().int(), z.boolean()]);

function text(pattern: RegExp, what: string) {
  return z.union([Whole, z.string().max(2000).regex(pattern, what)], { error: what }).optional();
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
const ResultsDir = z
  .string()
  .regex(/^(?:\/[A-Za-z0-9_-]+)*\/[A-Za-z0-9_-]*%s$/, 'a path such as /lava-%s')
  .optional();

const ADDRESSES = ['booti', 'bootm', 'bootz'].flatMap((command) =>
  ['dtb', 'kernel', 'ramdisk'].map((file) => [`${command}_${file}_addr`, Address] as const),
);

/** The variables of LAVA's own device templates (lava_common/schemas, CONTEXT_VARIABLES). */
export const ContextSchema = closed({
  arch: Word,
  boot_console: Words,
  boot_root: Words,
  console_device: Words,
  guestfs_driveid: Word,
  guestfs_interface: Word,
  guestfs_size: Word,
  cpu: qemu('-cpu').optional(),
  machine: qemu('-machine').optional(),
  memory: qemu('-m').optional(),
  model: text(/^(?:model=)?[A-Za-z0-9_-]+$/, 'the model of a network card'),
  monitor: qemu('-monitor').optional(),
  netdevice: z.literal('user', { error: "only user: other networks are the lab's own" }).optional(),
  serial: Options.optional(),
  vga: Options.optional(),
  extra_options: z.union([z.array(Options), Options]).optional(),
  no_kvm: z.boolean().optional(),
  no_network: z.boolean().optional(),
  ...Object.fromEntries(ADDRESSES),
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
});
