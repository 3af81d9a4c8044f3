// KernelCI's platforms → device types.
import type { z } from 'zod';
import { firstIssue } from '../core/issue-path.ts';
import { archWords, type RootfsSet } from '../catalog/rootfs.ts';
import { DeviceType } from '../catalog/board-schema.ts';
import { ONE_MACHINE, type Importing } from './context.ts';
import { formatValue } from './format.ts';
import { isRootKey, takeRoot } from './rootfs.ts';
import { takeRules } from './rules.ts';
import { Platform } from './schema.ts';
import { checkEntries, type Entry } from './source.ts';

const KIND = 'platforms';

/** A device-type file before its defaults are put in: as it is written. */
type DeviceTypeFile = z.input<typeof DeviceType>;

export interface Board {
  name: string;
  place: string;
  file: DeviceTypeFile;
  /** The same, checked. */
  type: DeviceType;
}

/** What kernelci-core takes where a platform says nothing (kernelci/config/platform.py). */
const DEFAULTS = { arch: 'x86_64', boot_method: 'grub', mach: 'x86' };

/** Where KernelCI's templates run QEMU (kernelci-core config/runtime/boot/qemu.jinja2). */
const QEMU_IMAGE = 'kernelci/qemu';

/** KernelCI boots boards that are flashed whole with this initramfs, whatever a job says (boot/efi.jinja2). */
const EFI_RAMDISK =
  'https://storage.kernelci.org/images/rootfs/debian/bookworm-kselftest/20250724.0/{brarch}/initrd.cpio.gz';

/** All boards that could be taken over, by name. `sets` are the rootfs sets that jobs may name. */
export function importPlatforms(
  importing: Importing,
  sets: ReadonlyMap<string, RootfsSet>,
): Map<string, Board> {
  const { source, ledger } = importing;
  const boards = new Map<string, Board>();
  const raw = source.entries('platforms').filter((entry) => {
    if (entry.value !== null) return true;
    ledger.left(KIND, entry.name, 'no board: it stands for a kind of runtime');
    return false;
  });
  for (const entry of checkEntries(raw, Platform, (e, reason) => ledger.left(KIND, e.name, reason))) {
    const file = deviceType(entry, importing, sets);
    if (typeof file === 'string') {
      ledger.left(KIND, entry.name, file);
      continue;
    }
    const parsed = DeviceType.safeParse(file);
    if (parsed.success) {
      ledger.over(KIND);
      boards.set(entry.name, { name: entry.name, place: entry.place, file, type: parsed.data });
    } else {
      ledger.left(KIND, entry.name, `${entry.place}: ${firstIssue(parsed.error).text}`);
    }
  }
  return boards;
}

/** The file of one platform, or why there is none. */
function deviceType(
  { name, value, place }: Entry<Platform>,
  { ledger, templates }: Importing,
  sets: ReadonlyMap<string, RootfsSet>,
): DeviceTypeFile | string {
  const platform = { ...DEFAULTS, ...withoutUndefined(value) };
  const method = platform.boot_method;
  if (method === 'grubhd0') return `boots by grubhd0: ${ONE_MACHINE}`;
  if (!templates.boot.has(method)) return `boots by ${method}, which is no way to boot with LAVA here`;

  const words = {
    ...archWords(platform.arch),
    name,
    base_name: platform.base_name ?? name,
    boot_method: method,
    mach: platform.mach,
  };
  const params = formatValue(platform.params ?? {}, words, (parts) =>
    ledger.note(KIND, name, `params: nothing to put in for ${parts.join(', ')}; the text stays as it is`),
  ) as Record<string, unknown>;
  const { rules, problems } = takeRules(platform.rules);
  for (const problem of problems) ledger.note(KIND, name, `${place}: ${problem}: left out`);
  noteOddities(platform, name, ledger);

  const boot = params['boot_commands'];
  const root = takeRoot(params, words);
  if (root.problem !== undefined) return `${place}: params.${root.problem}`;
  const rest: Record<string, z.core.util.JSONType> = Object.fromEntries(
    Object.entries({
      ...(platform.flash_image === undefined ? {} : { flash_image: platform.flash_image }),
      ...(method === 'qemu' ? { docker_image: QEMU_IMAGE } : {}),
      ...params,
    }).filter(([key]) => key !== 'boot_commands' && !isRootKey(key)),
  );
  const dtb = platform.dtb ?? [];
  const context = contextOf(method, platform.arch, platform.context);
  const rootfs = ownRoots(method, root.set, sets);
  return {
    name,
    ...(words.base_name === name ? {} : { lava_device_type: words.base_name }),
    arch: platform.arch,
    boot_method: method,
    ...(boot === 'nfs' || boot === 'ramdisk' ? { boot } : {}),
    mach: platform.mach,
    ...(dtb.length === 0 ? {} : { dtb: dtb.length === 1 ? (dtb[0] ?? '') : dtb }),
    ...(platform.compatible === undefined ? {} : { compatible: platform.compatible }),
    ...(context === undefined ? {} : { context: context as DeviceTypeFile['context'] }),
    ...(Object.keys(rest).length === 0 ? {} : { params: rest }),
    ...(Object.keys(rootfs).length === 0 ? {} : { rootfs }),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** The console that the kernel has in QEMU; for an NFS boot LAVA writes it into the command line, and knows Arm's alone. */
const QEMU_CONSOLES: Readonly<Record<string, string>> = { i386: 'ttyS0', riscv: 'ttyS0', x86_64: 'ttyS0' };

function contextOf(
  method: string,
  arch: string,
  given: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const console = method === 'qemu' && Object.hasOwn(QEMU_CONSOLES, arch) ? QEMU_CONSOLES[arch] : undefined;
  return console === undefined ? given : { console_device: console, ...given };
}

/**
 * What the board takes in place of the sets that jobs name: rootfs_ref never overrides what a platform gives itself,
 * and a board that is flashed whole has its one initramfs.
 */
function ownRoots(
  method: string,
  given: RootfsSet,
  sets: ReadonlyMap<string, RootfsSet>,
): Record<string, RootfsSet> {
  const fixed: RootfsSet = method === 'efi' ? { ...given, ramdisk: EFI_RAMDISK } : given;
  if (Object.keys(fixed).length === 0) return {};
  const changed = [...sets].filter(([, set]) => Object.keys(fixed).some((key) => Object.hasOwn(set, key)));
  return Object.fromEntries([
    ['default', fixed],
    ...changed.map(([name, set]): [string, RootfsSet] => [name, { ...set, ...fixed }]),
  ]);
}

const KNOWN_KEYS = new Set([
  'arch',
  'base_name',
  'boot_method',
  'compatible',
  'context',
  'dtb',
  'flash_image',
  'mach',
  'params',
  'rules',
]);

function noteOddities(platform: Platform, name: string, ledger: Importing['ledger']): void {
  const unknown = Object.keys(platform).filter((key) => !KNOWN_KEYS.has(key));
  if (unknown.length > 0)
    ledger.note(KIND, name, `without ${unknown.join(', ')}, which KernelCI does not know either`);
  const odd = (platform.compatible ?? []).filter((word) => !/^[A-Za-z0-9][\w.+-]*,[\w.+,-]+$/.test(word));
  if (odd.length > 0) {
    ledger.note(
      KIND,
      name,
      `compatible holds what is none, taken over as it is: ${odd.map((word) => JSON.stringify(word)).join(', ')}`,
    );
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
