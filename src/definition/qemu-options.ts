// QEMU options that a definition brings along (`image_arg`, the job's context). QEMU runs on the lab's host as root, and
// many of its options open files there, take devices from it, or start commands. Only options that do none of that are
// let through. Facts: LAVA 2023.01, lava_dispatcher/actions/boot/qemu.py; QEMU's manual page.

/** Why an option line is not let through; undefined if it is. `labels`: the files it may name, as `{label}`. */
export function qemuFault(line: string, labels: readonly string[] = []): string | undefined {
  const words = splitLine(line);
  if (words === undefined) return 'a quote that is not closed, a backslash, or a character that is not ASCII';
  for (let i = 0; i < words.length; i++) {
    const option = (words[i] ?? '').replace(/^--/, '-');
    if (FLAGS.has(option)) continue;
    const operand = words[i + 1];
    const check = OPERANDS.get(option);
    if (check === undefined)
      return `${shown(option)}: not among the QEMU options that touch nothing of the lab's host`;
    if (operand === undefined) return `${option} wants a value`;
    if (!check(operand, labels))
      return `${option} ${shown(operand)}: this may touch files, devices or ports of the lab's host`;
    i += 1;
  }
  return undefined;
}

type Check = (operand: string, labels: readonly string[]) => boolean;

const FLAGS = new Set([
  '-nographic',
  '-no-reboot',
  '-snapshot',
  '-nodefaults',
  '-no-acpi',
  '-no-hpet',
  '-enable-kvm',
]);

function matches(pattern: RegExp): Check {
  return (operand) => pattern.test(operand);
}

function isOwnFile(operand: string, labels: readonly string[]): boolean {
  return labels.some((label) => operand === `{${label}}`);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** `first,key=value,…`: each key one of these, each value a word. */
function properties(first: RegExp, keys: ReadonlySet<string>): Check {
  return (operand) => {
    const [head = '', ...rest] = operand.split(',');
    return (
      first.test(head) &&
      rest.every((part) => {
        const [, key, value] = /^([a-z][a-z0-9_-]*)=([A-Za-z0-9_.:+-]*)$/.exec(part) ?? [];
        return key !== undefined && value !== undefined && keys.has(key);
      })
    );
  };
}

const MACHINE = properties(
  /^(?:type=)?[A-Za-z0-9_.-]+$/,
  words(
    `accel virtualization gic-version mte secure highmem usb its iommu ras smm acpi hpet kernel_irqchip nvdimm aclint aia aia-guests graphics vmport pit sata`,
  ),
);
const DRIVE_KEYS = new Set(['if', 'id', 'media', 'index', 'cache', 'readonly', 'discard']);
const DEVICES =
  /^(?:virtio-(?:blk|net|rng|scsi|serial|gpu|balloon|keyboard|mouse|tablet)(?:-pci|-device|-ccw)?|scsi-hd|ide-hd|nvme|qemu-xhci|nec-usb-xhci|usb-(?:storage|kbd|mouse|tablet)|sdhci-pci|sd-card|i6300esb|e1000|e1000e|rtl8139|pcie-root-port|intel-iommu|ahci)$/;
const DEVICE = properties(
  DEVICES,
  words(
    `drive id bus netdev mac serial addr scsi-id lun channel port chassis slot bootindex disable-legacy disable-modern intremap`,
  ),
);
const NET = properties(/^(?:nic|user)$/, new Set(['model', 'macaddr', 'id', 'netdev', 'name']));

/**
 * A raw image alone: the header of a qcow2 image may name any file of the host as its backing file, and without a
 * format QEMU looks for such headers.
 */
function isRawDrive(operand: string, labels: readonly string[]): boolean {
  const parts = operand.split(',');
  const file = parts.filter((part) => part.startsWith('file='));
  const rest = parts.filter((part) => !part.startsWith('file=') && part !== 'format=raw');
  return (
    file.length === 1 &&
    isOwnFile((file[0] ?? '').slice('file='.length), labels) &&
    parts.includes('format=raw') &&
    properties(/^$/, DRIVE_KEYS)(['', ...rest].join(','), labels)
  );
}

const OPERANDS = new Map<string, Check>([
  ['-kernel', isOwnFile],
  ['-initrd', isOwnFile],
  ['-dtb', isOwnFile],
  ['-bios', isOwnFile],
  ['-append', () => true],
  ['-drive', isRawDrive],
  ['-device', DEVICE],
  ['-net', NET],
  ['-netdev', properties(/^user$/, new Set(['id']))],
  // A monitor reaches all of the host, and mon:stdio puts one on the board's console.
  ['-serial', matches(/^(?:stdio|null|none)$/)],
  ['-monitor', matches(/^(?:none|null)$/)],
  ['-display', matches(/^none$/)],
  ['-vga', matches(/^(?:none|std|cirrus|virtio)$/)],
  ['-cpu', matches(/^[A-Za-z0-9_.,=+-]+$/)],
  ['-machine', MACHINE],
  ['-M', MACHINE],
  ['-m', matches(/^\d{1,7}[KMGkmg]?$/)],
  ['-smp', matches(/^\d{1,3}(?:,(?:sockets|cores|threads|maxcpus|dies|clusters)=\d{1,3})*$/)],
  ['-accel', matches(/^(?:tcg|kvm)(?:,thread=(?:single|multi))?$/)],
  ['-rtc', matches(/^base=(?:utc|localtime)$/)],
]);

/** The words of a line as pexpect splits it; undefined for what it and a reader may take for different. */
function splitLine(line: string): string[] | undefined {
  if (/[^ -~]|\\/.test(line)) return undefined;
  const word = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;
  if (line.replace(word, '').trim() !== '') return undefined;
  return [...line.matchAll(word)].map(([text]) =>
    text.replace(/"([^"]*)"|'([^']*)'/g, (_, a, b) => String(a ?? b)),
  );
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
