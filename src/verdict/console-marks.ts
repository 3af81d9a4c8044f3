// What single lines of a board's console say in addition to the kernel's reports: what boot loaders print when they start a kernel
// and firmware when a board starts over, how far the boot got, what a server of the lab refused, LAVA's signals.
import type { ConsoleLine } from '../kernel-log/console-line.ts';
import { isShellTrace } from '../kernel-log/console-line.ts';

// reference: kernelci/logspec states/generic_boot.py, and the EFI stub's own lines (drivers/firmware/efi/libstub): it is
// a part of the kernel's image.
const HANDOVER =
  /Starting kernel .{3}|jumping to kernel|Booting from ROM.{3}|\[[ \d.]+\] Booting Linux|^EFI stub: /;

/** The boot loader says that it starts the kernel. */
export function isHandover(raw: string): boolean {
  return HANDOVER.test(raw);
}

/** The first words of a kernel. */
export function isBanner({ message }: Pick<ConsoleLine, 'message'>): boolean {
  return message.startsWith('Linux version ') && /^Linux version \d/.test(message);
}

// The first words of firmware and boot loaders: the board was reset.
const RESET =
  /^(?:U-Boot (?:SPL |TPL |VPL )?\d{4}\.|coreboot-|NOTICE: {1,2}(?:BL\d|Booting Trusted)|SeaBIOS \(|iPXE |barebox \d|UEFI firmware|Starting depthcharge|OpenSBI v\d|GNU GRUB |\s*GNU GRUB {2}|DDR V?\d|BL2: |BL31: |Boot ROM|ROM boot|SLOF|Welcome to GRUB|Hit any key to stop autoboot)/;

/** Firmware or a boot loader begins. */
export function isReset(raw: string): boolean {
  return RESET.test(raw);
}

// kernel/reboot.c, kernel/kexec_core.c: the last words of a kernel that makes room for another one.
const RESTARTING =
  /^(?:kexec(?:_core)?: Starting new kernel|reboot: (?:Restarting system|machine restart)|Restarting system\.|Starting crashdump kernel)/;

/** The kernel starts another one, or the board: the next line is of a kernel whose time begins again. */
export function isRestarting({ message }: Pick<ConsoleLine, 'message'>): boolean {
  return RESTARTING.test(message);
}

// init/main.c, run_init_process; before Linux 4.19 only the end of the kernel's own start (mm/page_alloc.c) shows it.
const INIT = /^(?:Run \S{1,200} as init process|Freeing (?:unused kernel|init) )/;

/** The kernel starts init. */
export function isInit({ message }: Pick<ConsoleLine, 'message'>): boolean {
  return INIT.test(message);
}

// What a server of the lab answered to a boot that needs something of it: klibc's nfsmount and BusyBox' mount, nfs-utils,
// the kernel's own NFS root, CIFS, NBD, iSCSI, a download in an initramfs. A server that does not answer is not among them: that
// may be the kernel's network.
const REFUSALS =
  /server replied: \S.{2,}|mount\.nfs4?: (?:access denied by server|.{0,200} reason given by server|.{0,100}Connection refused|.{0,200}: Permission denied)|mounting \S{1,200}:\/\S{0,200} on \S{1,200} failed: (?:Permission denied|No such file)|Root-NFS: Server returned error -?\d+|NFS: (?:MNT )?server returned (?:error|result|status) -?\d+|\bmount error\(\d+\): Permission denied|nbd-client.{0,100}(?:refused|denied)|wget: server returned error: HTTP\/\S+ [45]\d\d|curl: \(22\) The requested URL returned error: [45]\d\d|iscsi\w*: .{0,80}(?:authorization failure|Access denied)/i;

/** A server of the lab refuses what the boot needs. */
export function isRefusal(raw: string): boolean {
  return WORDS.some((word) => raw.includes(word)) && REFUSALS.test(raw.slice(0, MAX_LINE));
}

const MAX_LINE = 1000;
/** One of these is in each refusal. */
const WORDS = ['server', 'mount', 'nbd', 'scsi', 'URL'];

/**
 * A line that is nothing but a shell's prompt, or a getty's for a login. `(initramfs)` is none: it stands where the root file
 * system is missing.
 */
export function isPrompt(line: string): boolean {
  const text = line.replace(ANSI, '').trim();
  if (text.length > 120) return false;
  if (/^(?:[\w.-]{1,64} )?login:$/i.test(text)) return true;
  return /^(?:\S.{0,100})?[#$%]$/.test(text) && !/[.!?:;,]\s*[#$%]$/.test(text);
}

// What LAVA leaves of an escape sequence (it takes the ESC away), as a shell's prompt has it.
const ANSI = /\x1b?\[[0-9;?]{0,20}[A-Za-z]/g;

/**
 * Whether a line matches one of the prompts that LAVA waits for. These are regular expressions of Python; here their
 * literal parts must stand in the line one after the other, which no pattern can make slow.
 */
export function matchesPrompt(line: string, prompts: readonly string[]): boolean {
  return prompts.some((prompt) => {
    let at = 0;
    for (const literal of literals(prompt)) {
      const found = line.indexOf(literal, at);
      if (found < 0) return false;
      at = found + literal.length;
    }
    return true;
  });
}

function literals(pattern: string): string[] {
  return pattern
    .replaceAll(/\\([^A-Za-z0-9])/g, (_, char: string) => `\0${char.codePointAt(0) ?? 0}\0`)
    .split(/\[[^\]]*\][*+?]?|\\[a-zA-Z][*+?]?|[()^$|*+?]|\.[*+?]?/)
    .map((part) => part.replaceAll(/\0(\d+)\0/g, (_, code: string) => String.fromCodePoint(Number(code))))
    .filter((part) => part !== '');
}

/** The board's LAVA signals that bound a suite's run; the suite's name has LAVA's number. */
export interface RunSignal {
  kind: 'start' | 'end';
  suite: string;
}

/** Also where a line of the kernel tore the first bracket away. */
export function readRunSignal(raw: string): RunSignal | undefined {
  const at = raw.indexOf('LAVA_SIGNAL_');
  if (at < 0) return undefined;
  const torn = at === 0 || raw.charAt(at - 1) !== '<';
  const read = torn ? TORN_RUN : RUN;
  const [, kind, suite] = read.exec(torn && at > 0 ? '' : raw) ?? [];
  if (suite === undefined || isShellTrace(raw)) return undefined;
  return { kind: kind === 'START' ? 'start' : 'end', suite };
}

const RUN = /<LAVA_SIGNAL_(START|END)RUN ([A-Za-z0-9_.-]+) [^>$]*>/;
const TORN_RUN = /^LAVA_SIGNAL_(START|END)RUN ([A-Za-z0-9_.-]+) \d+_[\d.]+>/;

/** The board says by a signal that a test goes on. */
export function isTestSignal(raw: string): boolean {
  return raw.includes('<LAVA_SIGNAL_') && /<LAVA_SIGNAL_(?:TEST|START|END)/.test(raw) && !isShellTrace(raw);
}
