// Root file systems: where a job's user space comes from.
import { z } from 'zod';

const Place = z
  .string()
  .regex(
    /^https?:\/\/\S+$/,
    'an http or https URL; {brarch}, {debarch}, {karch} and {arch} stand for the architecture',
  );

/** A set of root file systems under one name. URLs may hold `{brarch}`, `{debarch}`, `{crosarch}`, `{karch}`, `{arch}`. */
export const RootfsSet = z
  .strictObject({
    ramdisk: Place.describe('A whole initramfs (cpio, mostly .gz).').optional(),
    nfsroot: Place.describe('A folder with full.rootfs.tar.xz and initrd.cpio.gz, for NFS boots.').optional(),
    ramdiskroot: Place.describe(
      'A folder with rootfs.cpio.gz: a large root file system as an initramfs.',
    ).optional(),
    rootfs: Place.describe(
      'A folder with a root file system in the form that the test itself knows.',
    ).optional(),
  })
  .describe('Where the root file system comes from, by the way of booting.');
export type RootfsSet = z.infer<typeof RootfsSet>;

/** The name of a set of root file systems. */
export const RootfsName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'the name of a rootfs set: letters, digits and . _ -');

/** KernelCI's words for one architecture (kernelci-core kernelci/config/base.py). */
export interface ArchWords {
  arch: string;
  brarch: string;
  debarch: string;
  crosarch: string;
  karch: string;
}

const BUILDROOT: Record<string, string> = { arm: 'armel', x86_64: 'x86', riscv64: 'riscv' };
const DEBIAN: Record<string, string> = { arm: 'armhf', riscv: 'riscv64', x86_64: 'amd64' };
const CHROMEOS: Record<string, string> = { arm: 'armel' };
const KERNEL: Record<string, string> = { armel: 'arm', x86_64: 'x86' };

/** The words for an architecture; Maestro's own word where a project has no other. */
export function archWords(arch: string): ArchWords {
  return {
    arch,
    brarch: BUILDROOT[arch] ?? arch,
    debarch: DEBIAN[arch] ?? arch,
    crosarch: CHROMEOS[arch] ?? arch,
    karch: KERNEL[arch] ?? arch,
  };
}

/** The URL with the architecture's words in place of `{brarch}` and the like; other braces stay. */
export function fillArch(url: string, words: ArchWords): string {
  return url.replace(/\{(arch|brarch|debarch|crosarch|karch)\}/g, (_, key: keyof ArchWords) => words[key]);
}
