// What single lines of a board's console say: time stamps, the kernel's first words and its last, what boot loaders
// print when they start it, LAVA's signals.

/** A console line, its parts told apart. */
export interface ConsoleLine {
  /** The kernel's time stamp in seconds; undefined if the line has none at its start. */
  stamp: number | undefined;
  /** What follows time stamp, caller id and level. */
  text: string;
}

// What LAVA leaves of an escape sequence (it takes the ESC away), as a shell prompt puts it before its line.
const ANSI = /^(?:\x1b?\[[0-9;?]*[A-Za-z])+/;
const STAMP = /^(?:<\d{1,3}>)?\[ *(\d{1,10}\.\d{1,9})\](?:\[ *[TC]\d+\])? ?(?:<\d{1,3}>)?/;

// A kernel without time stamps may still name the caller.
const UNTIMED = /^(?:<\d{1,3}>)?(?:\[ *[TC]\d{1,9}\] )?/;

export function readConsoleLine(raw: string): ConsoleLine {
  const first = raw.charCodeAt(0);
  if (first !== BRACKET && first !== LESS && first !== ESCAPE) return { stamp: undefined, text: raw };
  return readStamped(raw) ?? readUnstamped(raw);
}

function readStamped(line: string): ConsoleLine | undefined {
  const m = STAMP.exec(line);
  return m ? { stamp: Number(m[1]), text: line.slice(m[0].length) } : undefined;
}

function readUnstamped(raw: string): ConsoleLine {
  const line = raw.replace(ANSI, '');
  const read = line === raw ? undefined : readStamped(line);
  return read ?? { stamp: undefined, text: line.replace(UNTIMED, '') };
}

const BRACKET = 0x5b;
const LESS = 0x3c;
const ESCAPE = 0x1b;

/** The trace of a shell (`set -x`): what stands in it is quoted. */
export function isShellTrace(raw: string): boolean {
  return raw.startsWith('+') && /^\++ /.test(raw);
}

// reference: kernelci/logspec states/generic_boot.py, and the EFI stub's own lines (drivers/firmware/efi/libstub): it is
// a part of the kernel's image.
const HANDOVER =
  /Starting kernel .{3}|jumping to kernel|Booting from ROM.{3}|\[[ \d.]+\] Booting Linux|^EFI stub: /;

/** The boot loader says that it starts the kernel. */
export function isHandover(raw: string): boolean {
  return HANDOVER.test(raw);
}

/** The first words of a kernel. */
export function isBanner(line: ConsoleLine): boolean {
  return /^Linux version \d/.test(line.text);
}

// The report with which a kernel ends. Those of lockdep, and the lock-ups below, begin with BUG too.
const CRASH = new RegExp(
  [
    String.raw`(?:---\[ end )?Kernel panic\b`,
    String.raw`Rebooting in \d+ seconds\.\.`, // panic() alone says so; its first line may stand behind a prompt
    String.raw`kernel BUG at `,
    String.raw`BUG: (?!soft lockup|workqueue lockup|MAX_LOCK|Invalid wait context)`,
    String.raw`BUG [\w-]+ \(`, // SLUB: "BUG kmalloc-64 (Not tainted): …"
    String.raw`Oops(?: -|:| ?\[#)`,
    String.raw`(?:CPU \d+ )?Unable to handle kernel`,
    String.raw`Internal error: `,
    String.raw`SError\b`,
    String.raw`(?:general protection fault|stack segment|divide error|invalid opcode|double fault|bounds|int3|alignment check|segment not present|simd exception|invalid TSS)[^:]*: [0-9a-f]{4,} \[#\d+\]`,
    String.raw`(?:traps: )?PANIC: double fault`,
    String.raw`Unhandled (?:fault|prefetch abort)`,
    String.raw`Bad mode in `,
    String.raw`Kernel (?:BUG|bug|access) .*\[#\d+\]`,
    String.raw`Insufficient stack space to handle exception`,
  ]
    .map((start) => `^${start}`)
    .join('|'),
);

/** A line with which a kernel ends; stalls and lock-ups, which it may survive, are not among them. */
export function isCrash(line: ConsoleLine): boolean {
  return isReportStart(line) && CRASH.test(line.text);
}

const STALL =
  /^(?:rcu: )?(?:INFO: )?rcu\w*:? .*detected (?:expedited )?stalls?\b|^rcu: rcu_\w+ kthread (?:starved|timer wakeup)|^(?:NMI )?watchdog: (?:CPU\d+: )?(?:BUG: soft lockup|Watchdog detected hard LOCKUP)|^BUG: (?:soft lockup|workqueue lockup)|^Watchdog detected hard LOCKUP/;

/** The first line of an RCU stall's or a lock-up's report. */
export function isStall(line: ConsoleLine): boolean {
  return isReportStart(line) && STALL.test(line.text);
}

// With what CRASH and STALL begin: few lines of a log do, and the others need not be looked at closely.
const BEGINNINGS = new Set(
  (
    '--- Ker Reb ker BUG Oop CPU Una Int SEr gen sta div inv dou bou int ali seg sim tra PAN Unh Bad Ins ' +
    'rcu INF NMI wat Wat'
  ).split(' '),
);

function isReportStart({ text }: ConsoleLine): boolean {
  return BEGINNINGS.has(text.slice(0, 3));
}

// Lines of the report of a stall: traces, registers, task dumps.
const REPORT =
  /^\s|\+0x[0-9a-f]+|^(?:rcu|NMI|watchdog|Sending NMI|Task dump|task:|CPU:|Hardware name|Call [Tt]race|Modules linked in|Code:|Workqueue:|Stack:|Backtrace|Exception stack|Showing |pool |Kernel panic|---\[|-+\[|pstate|Tainted)|\b(?:[ECR]?[A-Z0-9]{2}|[cdefgs]s|pc|lr|sp|ra|epc|x\d\d?|r\d\d?) ?: ?[0-9a-f]{4,}|^\(detected by|<\/?(?:TASK|IRQ|NMI|EOI)>|\[<[0-9a-f]+>\]|hardirqs|softirqs|irq event/;

export function isReportLine(line: ConsoleLine): boolean {
  return REPORT.test(line.text);
}

/** The board's LAVA signals that bound a suite's run; the suite's name has LAVA's number. */
export interface RunSignal {
  kind: 'start' | 'end';
  suite: string;
}

export function readRunSignal(raw: string): RunSignal | undefined {
  if (!raw.includes('<LAVA_SIGNAL_')) return undefined;
  const [, kind, suite] = /<LAVA_SIGNAL_(START|END)RUN ([A-Za-z0-9_.-]+) [^>$]*>/.exec(raw) ?? [];
  if (suite === undefined || isShellTrace(raw)) return undefined;
  return { kind: kind === 'START' ? 'start' : 'end', suite };
}
