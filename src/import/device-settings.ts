// What a device's settings in LAVA say of its board: how it boots, and its architecture where that shows.
import { z } from 'zod';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { parseYaml, yamlValue } from '../core/parse/yaml.ts';

export interface BoardFacts {
  /** LAVA's boot methods that there are templates for, the likeliest first. */
  bootMethods: string[];
  /** As Maestro calls it; undefined if nothing says it. */
  arch: string | undefined;
}

/** By how much each says: almost every device has `minimal`, and a board with fastboot may have U-Boot too. */
const METHODS = [
  'qemu',
  'depthcharge',
  'barebox',
  'u-boot',
  'fastboot',
  'grub-efi',
  'uefi',
  'grub',
  'ipxe',
  'minimal',
] as const;

/** Only what is read; LAVA's settings have much more, and empty keys everywhere. */
const Settings = z.object({
  actions: z.object({
    boot: z.object({ methods: z.record(z.string(), z.unknown()) }),
    deploy: z
      .object({ parameters: z.object({ mkimage_arch: z.string() }) })
      .optional()
      .catch(undefined),
  }),
});
const Qemu = z.object({ parameters: z.object({ command: z.string() }) });

const ARCHES: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  arm: 'arm',
  arm64: 'arm64',
  i386: 'i386',
  riscv: 'riscv',
  riscv64: 'riscv',
  x86: 'x86_64',
  x86_64: 'x86_64',
};

/** Never throws: settings that cannot be read say nothing. */
export function readSettings(text: string): BoardFacts {
  const settings = Settings.safeParse(asJs(text));
  if (!settings.success) return { bootMethods: [], arch: undefined };
  const { boot, deploy } = settings.data.actions;
  const command = Qemu.safeParse(boot.methods['qemu']).data?.parameters.command ?? '';
  const word = /qemu-system-(\w+)/.exec(command)?.[1] ?? deploy?.parameters.mkimage_arch ?? '';
  return {
    bootMethods: METHODS.filter((method) => Object.hasOwn(boot.methods, method)),
    arch: Object.hasOwn(ARCHES, word) ? ARCHES[word] : undefined,
  };
}

function asJs(text: string): unknown {
  try {
    return yamlValue(parseYaml(text, PARSE_LIMITS.yamlDocument, { version: '1.1' }), ({ value }) => value);
  } catch {
    return undefined;
  }
}
