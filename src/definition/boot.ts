// The boot actions of a LAVA job definition (LAVA 2023.01, lava_common/schemas/boot), those that our templates make in
// full, the others by their names.
import { z } from 'zod';
import { actionKeys, Docker, dockerKeys, text, TextOrList } from './common.ts';

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

const bootKeys = {
  ...actionKeys,
  parameters: z
    .strictObject({
      'kernel-start-message': z.string().optional(),
      'shutdown-message': z.string().optional(),
      'bootloader-final-message': z.string().optional(),
    })
    .optional(),
  soft_reboot: z.union([z.string(), z.array(z.string())]).optional(),
  ignore_kernel_messages: z.boolean().optional(),
  prompts: TextOrList.optional(),
  auto_login: AutoLogin.optional(),
  transfer_overlay: z
    .strictObject({
      download_command: z.string(),
      unpack_command: z.string(),
      transfer_method: z.string().optional(),
    })
    .optional(),
};

const flag = z.boolean().optional();
const connection = z.literal('serial').optional();

const WithCommands = z.strictObject({
  method: z.enum(['u-boot', 'depthcharge', 'barebox', 'ipxe', 'uefi']),
  ...bootKeys,
  commands: TextOrList,
  use_bootscript: flag,
  extra_kernel_args: z.string().optional(),
  shell_menu: z.string().optional(),
});

const Grub = z.strictObject({
  method: z.enum(['grub', 'grub-efi']),
  ...bootKeys,
  commands: TextOrList,
  use_bootscript: flag,
  boot_finished: TextOrList.optional(),
  expect_shell: flag,
  reset: flag,
});

const Qemu = z.strictObject({
  method: z.literal('qemu'),
  ...bootKeys,
  media: z.literal('tmpfs').optional(),
  connection,
  docker: z.strictObject({ ...dockerKeys, binary: z.string().optional() }).optional(),
});

const QemuNfs = z.strictObject({ method: z.literal('qemu-nfs'), ...bootKeys, connection });

const Fastboot = z.strictObject({
  method: z.literal('fastboot'),
  ...bootKeys,
  commands: z.array(text).optional(),
  use_bootscript: flag,
  docker: Docker.optional(),
});

const Minimal = z.strictObject({
  method: z.literal('minimal'),
  ...bootKeys,
  pre_power_command: flag,
  pre_os_command: flag,
  reset: flag,
});

/** Those that LAVA knows and our templates do not make; the lab's own validation knows their keys. */
const Other = z.looseObject({
  method: z.enum([
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
  ]),
  ...bootKeys,
});

export const Boot = z.discriminatedUnion('method', [
  WithCommands,
  Grub,
  Qemu,
  QemuNfs,
  Fastboot,
  Minimal,
  Other,
]);
