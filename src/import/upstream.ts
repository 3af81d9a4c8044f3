// What KernelCI's own templates make of a combination that LAVA cannot run (kernelci-core config/runtime/, August 2026),
// so that an admin knows which of its jobs never ran.
import type { RootfsSet } from '../catalog/rootfs.ts';
import type { Board } from './platforms.ts';
import type { ImportedPlan } from './jobs.ts';

/** The faults, in words; none if its definition is good. */
export function upstreamFaults(
  board: Board,
  plan: ImportedPlan,
  sets: ReadonlyMap<string, RootfsSet>,
): string[] {
  const { type } = board;
  const method = type.boot_method;
  const boot = plan.plan.boot ?? type.boot ?? 'ramdisk';
  const set = setOf(board, plan, sets);
  const faults: string[] = [];
  if (boot === 'nfs' && method === 'fastboot')
    faults.push('NFS on fastboot: the definition has a ramdisk without URL');
  else if (boot === 'nfs' && method === 'efi')
    faults.push('NFS on a board that is flashed whole: booted without it');
  else if (boot === 'nfs' && method === 'qemu')
    faults.push('NFS on QEMU: the definition has a ramdisk without URL');
  else if (boot === 'nfs' && set.nfsroot === undefined) faults.push('no NFS root: its URLs are empty');
  else if (boot === 'ramdisk' && !hasRamdisk(method, plan, set))
    faults.push('no initramfs: its URL is empty');
  if ((method === 'grub' || method === 'ipxe') && ['x86_64', 'i386'].includes(type.arch))
    faults.push('kernel type bzimage, which LAVA does not take');
  if (plan.type === 'kvm-unit-tests' && plan.plan.timeout === undefined)
    faults.push('kvm-unit-tests without job_timeout: the time-out is null');
  return faults;
}

function setOf(board: Board, { plan }: ImportedPlan, sets: ReadonlyMap<string, RootfsSet>): RootfsSet {
  if (typeof plan.rootfs === 'object') return plan.rootfs;
  const own = [board.type.rootfs['default'], board.type.rootfs[plan.rootfs ?? 'default']];
  const named = plan.rootfs === undefined ? {} : sets.get(plan.rootfs);
  return Object.assign({}, named, ...own.filter((set) => typeof set === 'object')) as RootfsSet;
}

/** fastboot and efi take `ramdiskroot` where the job asks for a ramdisk by name. */
function hasRamdisk(method: string, { plan }: ImportedPlan, set: RootfsSet): boolean {
  if (method === 'efi' && plan.boot === undefined) return true;
  const takesRoot = (method === 'fastboot' || method === 'efi') && plan.boot === 'ramdisk';
  return (takesRoot ? set.ramdiskroot : set.ramdisk) !== undefined;
}
