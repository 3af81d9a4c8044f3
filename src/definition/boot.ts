// The boot actions of a LAVA job definition (lava_common/schemas/boot of LAVA 2023.01 to 2026.10): those that KernelCI's
// templates use in full, the others by their names.
import { z } from 'zod';
import { actionKeys, dockerKeys, flag, text, TextOrList } from './common.ts';
import type { ValueRules } from './value-rules.ts';

const AutoLogin = z
  .strictObject({
    login_prompt: text,
    username: z.string(),
    password_prompt: z.string().optional(),
    password: z.string().optional(),
    login_commands: z.array(text).optional(),
  })
  .refine((a) => (a.password === undefined) === (a.password_prompt === undefined), {
    message: 'password and password_prompt go together',
    path: ['password_prompt'],
  });

function bootKeys(rules: ValueRules) {
  return {
    ...actionKeys(rules),
    parameters: z
      .strictObject({
        'kernel-start-message': z.string().optional(),
        'shutdown-message': z.string().optional(),
        'bootloader-final-message': z.string().optional(),
      })
      .optional(),
    soft_reboot: TextOrList.optional(),
    ignore_kernel_messages: flag,
    prompts: TextOrList.optional(),
    auto_login: AutoLogin.optional(),
    transfer_overlay: z
      .strictObject({
        download_command: z.string().optional(),
        unpack_command: z.string(),
        transfer_method: z.string().optional(),
      })
      .optional(),
  };
}

const connection = z.literal('serial').optional();

/** A file inside the image that a boot loader loads it from (LAVA 2025 and newer). */
const OnDisk = {
  kernel: z.string().optional(),
  ramdisk: z.string().optional(),
  dtb: z.string().optional(),
  root_uuid: z.string().optional(),
  boot_part: z.union([z.number().int(), z.string()]).optional(),
};

function bootLoaders(rules: ValueRules) {
  const keys = bootKeys(rules);
  const withCommands = rules.object({
    method: z.enum(['depthcharge', 'barebox', 'ipxe', 'uefi']),
    ...keys,
    commands: TextOrList,
    use_bootscript: flag,
    extra_kernel_args: z.string().optional(),
    shell_menu: z.string().optional(),
  });
  const uBoot = rules.object({
    method: z.literal('u-boot'),
    ...keys,
    ...OnDisk,
    commands: TextOrList,
    use_bootscript: flag,
    extra_kernel_args: z.string().optional(),
    kernel_type: z.enum(['image', 'uimage', 'zimage']).optional(),
    reset: flag,
  });
  const grub = rules.object({
    method: z.enum(['grub', 'grub-efi']),
    ...keys,
    ...OnDisk,
    commands: TextOrList,
    use_bootscript: flag,
    boot_finished: TextOrList.optional(),
    expect_shell: flag,
    reset: flag,
  });
  const fastboot = rules.object({
    method: z.literal('fastboot'),
    ...keys,
    commands: rules.reaching(
      z.array(text),
      "for fastboot these are options of a program on the lab's host, which reads its files",
    ),
    use_bootscript: flag,
    docker: rules.object(dockerKeys(rules)).optional(),
  });
  return [uBoot, withCommands, grub, fastboot] as const;
}

function plainBoots(rules: ValueRules) {
  const keys = bootKeys(rules);
  const qemu = rules.object({
    method: z.literal('qemu'),
    ...keys,
    media: z.literal('tmpfs').optional(),
    connection,
    docker: rules
      .object({
        ...dockerKeys(rules),
        binary: z
          .string()
          .regex(/^qemu-system-[a-z0-9_]+$/, 'the name of a QEMU program')
          .optional(),
      })
      .optional(),
  });
  const qemuNfs = rules.object({ method: z.literal('qemu-nfs'), ...keys, connection });
  const minimal = rules.object({
    method: z.literal('minimal'),
    ...keys,
    pre_power_command: flag,
    pre_os_command: flag,
    reset: flag,
  });
  return [qemu, qemuNfs, minimal] as const;
}

/** Those that LAVA knows and our templates do not make; the lab's own validation knows their keys. */
const OTHERS = z.enum([
  'avh',
  'bootloader',
  'cmsis-dap',
  'dfu',
  'docker',
  'fvp',
  'gdb',
  'jlink',
  'kexec',
  'lxc',
  'monitor',
  'musca',
  'new_connection',
  'nodebooter',
  'openocd',
  'pyocd',
  'qdl',
  'qemu-iso',
  'recovery',
  'schroot',
  'ssh',
  'uefi-menu',
  'uuu',
]);

/** A boot action. */
export function bootSchema(rules: ValueRules) {
  const known = [...bootLoaders(rules), ...plainBoots(rules)] as const;
  const other = z.looseObject({ method: OTHERS, ...bootKeys(rules) });
  return rules.otherWays
    ? z.discriminatedUnion('method', [...known, other])
    : z.discriminatedUnion('method', [...known], {
        error: `only ${known.flatMap(methodsOf).join(', ')}: other methods reach further into the lab's hosts than the bridge can judge`,
      });
}

/** The methods that a schema of a boot action is for. */
function methodsOf({ shape: { method } }: { shape: { method: z.ZodLiteral | z.ZodEnum } }): string[] {
  return (method instanceof z.ZodEnum ? method.options : [...method.values]).map(String);
}
