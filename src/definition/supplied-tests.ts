// The boot, test and command actions of a definition that came as YAML. What only reaches the board (prompts, logins,
// test steps) is passed on as it is: a kernel under test may do the same. What the lab's host fetches, runs or names in
// a path is checked.
import { z } from 'zod';
import { headers } from './supplied-files.ts';
import {
  actionKeys,
  closed,
  dockerShape,
  flag,
  InnerPath,
  listed,
  refused,
  repository,
  VariableName,
  Word,
  type Policy,
} from './supplied-policy.ts';

/** Ways of booting that use the board's own connection and power, or QEMU. */
const METHODS = [
  'u-boot',
  'depthcharge',
  'barebox',
  'ipxe',
  'uefi',
  'grub',
  'grub-efi',
  'qemu',
  'qemu-nfs',
  'fastboot',
  'minimal',
] as const;

const text = z.string();
const lines = z.union([text, z.array(text)]);

/** A boot action. */
export function bootSchema(policy: Policy) {
  return closed({
    ...actionKeys,
    method: z.enum(METHODS, {
      error: `only ${METHODS.join(', ')}: other methods reach further into the lab's hosts than the bridge can judge`,
    }),
    docker: closed({
      ...dockerShape(policy),
      binary: text.regex(/^qemu-system-[a-z0-9_]+$/, 'the name of a QEMU program').optional(),
    }).optional(),
    commands: lines.optional(),
    media: z.literal('tmpfs').optional(),
    connection: z.literal('serial').optional(),
    prompts: lines.optional(),
    auto_login: z.record(text, lines).optional(),
    parameters: z.record(text, z.union([text, z.boolean()])).optional(),
    transfer_overlay: z.record(text, text).optional(),
    soft_reboot: lines.optional(),
    boot_finished: lines.optional(),
    extra_kernel_args: text.optional(),
    shell_menu: text.optional(),
    ignore_kernel_messages: flag,
    use_bootscript: flag,
    expect_shell: flag,
    reset: flag,
    pre_power_command: flag,
    pre_os_command: flag,
  }).superRefine(({ method, commands }, ctx) => {
    if (method !== 'fastboot' || commands === undefined) return;
    const message = "for fastboot these are options of a program on the lab's host, which reads its files";
    ctx.addIssue({ code: 'custom', path: ['commands'], message });
  });
}

const GitWord = text.regex(/^[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}$/, 'letters, digits and . _ / + -');

/** LAVA makes shell variables of these, on the board. */
const Parameters = z.record(VariableName, z.union([text, z.number(), z.boolean(), z.null()])).optional();

/** LAVA's dispatcher takes no dots here (2023.01, DEFAULT_TESTDEF_NAME_CLASS); the name becomes a folder on its disk. */
const TestName = text.regex(/^[A-Za-z0-9_-]{1,200}$/, 'letters, digits, _ and -');

const definitionKeys = {
  name: TestName,
  path: InnerPath,
  parameters: Parameters,
  params: Parameters,
  skip_install: z.array(text).optional(),
  'lava-signal': Word.optional(),
  expected: z.array(text).optional(),
  timeout: actionKeys.timeout,
};

function definitionSchema(policy: Policy) {
  const repo = repository(policy);
  const more = z.union([
    repo,
    closed({ url: repo, branch: GitWord.optional(), destination: Word.optional(), skip_by_default: flag }),
  ]);
  return z.discriminatedUnion('from', [
    closed({
      from: z.literal('git'),
      ...definitionKeys,
      repository: repo,
      branch: GitWord.optional(),
      revision: GitWord.optional(),
      history: flag,
      recursive: flag,
      shallow: flag,
    }),
    closed({
      from: z.literal('url'),
      ...definitionKeys,
      repository: repo,
      compression: Word.optional(),
      headers: headers(policy),
    }),
    closed({
      from: z.literal('inline'),
      ...definitionKeys,
      repository: z.looseObject({
        install: z.looseObject({ 'git-repos': z.array(more).optional() }).optional(),
      }),
    }),
  ]);
}

const Named = z.looseObject({ name: TestName });

/** A test action. */
export function testSchema(policy: Policy) {
  return closed({
    ...actionKeys,
    name: text.optional(),
    docker: closed(dockerShape(policy)).optional(),
    'downloads-namespace': Word.optional(),
    definitions: z.array(definitionSchema(policy)).min(1).optional(),
    interactive: z.array(Named).min(1).optional(),
    monitors: z.array(Named).min(1).optional(),
    services: refused("services run on the lab's host"),
  });
}

/** Runs a command of the device's configuration on the lab's host. */
export function commandSchema(policy: Policy) {
  return closed({ ...actionKeys, name: listed(policy, 'commands', 'this command of the device') });
}
