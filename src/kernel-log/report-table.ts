// The kernel's reports: with what each begins, how grave it is, and what of its first line is the same on every board and
// in every run. Triage and verdicts both go by this table. To add a report, add a row.
//
// Facts: the kernel's own sources of Linux 4.4 to 7.0 (kernel/panic.c, kernel/rcu/tree_stall.h, kernel/watchdog.c,
// kernel/hung_task.c, kernel/locking/lockdep.c, mm/, lib/, arch/*/kernel/traps.c, arch/*/mm/fault.c).
import type { KernelReport, ReportClass } from './kernel-report.ts';
import {
  dieHeader,
  mayBeDie,
  pattern,
  readBadMode,
  readBug,
  readHungTask,
  readOomKill,
  readRace,
  readSanitizer,
  readSlab,
  readWarning,
  says,
  type Header,
} from './report-headers.ts';

/** A report's first line. */
export interface Match {
  report: KernelReport;
  header: Header;
}

/** Characters of a message that are looked at: the patterns are never tried on more. */
const MAX_HEADER = 400;

/** The report that begins with a message; the first row that fits. */
export function matchReport(message: string): Match | undefined {
  for (const report of BY_FIRST.get(message.charCodeAt(0)) ?? []) {
    if (!report.begins.some((begin) => message.startsWith(begin))) continue;
    const header = report.read(message.slice(0, MAX_HEADER).trimEnd());
    if (header !== undefined) return { report, header };
  }
  // die() of all architectures counts its reports or names its task; few lines do.
  if (!mayBeDie(message)) return undefined;
  const header = dieHeader(message.slice(0, MAX_HEADER).trimEnd());
  return header && { report: DIE, header };
}

type Options = Partial<Pick<KernelReport, 'role' | 'follows' | 'partOnly' | 'early' | 'single'>>;
type Row = [
  type: string,
  reportClass: ReportClass,
  begins: string[],
  read: KernelReport['read'],
  options?: Options,
];

const DETAIL: Options = { role: 'detail' };
const FOLLOWS: Options = { follows: true };
const PART: Options = { partOnly: true };

const LOCKDEP =
  /^(?:\[ )?(?:WARNING|INFO|BUG): (?<text>possible (?:circular|recursive|irq|unsafe|deadlock)[a-z /-]{0,80}|inconsistent lock state|bad (?:unlock balance|contention) detected|suspicious RCU usage|suspicious rcu_\w{1,40} usage|[A-Z_-]{1,20}-safe -> [A-Z_-]{1,20}-unsafe lock order detected|trying to register non-static key|held lock freed|lock held (?:when returning to user space|at task exit time)|[Nn]ested lock was not taken|Invalid wait context)/;

const UNABLE =
  /^(?:BUG: )?(?:CPU \d+ )?(?<text>[Uu]nable to handle (?:(?:page fault|paging request)|kernel (?!NULL)[a-z][\w =-]{1,80}?))(?= at | for |,|$)/;

const INTERNAL =
  /^(?<text>Internal error: [A-Za-z][\w :/.=-]{0,80}?|Internal error)(?=:{1,2} (?:: )?[\da-f]{1,16}\b|:? ?\[#|$)/;

const OOPS =
  /^(?<text>Oops(?:: [A-Za-z][\w ,:-]{1,80}?| - [A-Za-z][A-Za-z -]{1,60}?)?)(?=:? (?:0x)?[\da-f]{1,16}\b|#?:? ?\[#|#: |(?<=^Oops)$)/;

const STALL =
  /^(?:rcu: )?(?:INFO: )?(?<text>(?:rcu|srcu)_\w{1,30} (?:self-detected stall|detected (?:expedited )?stalls|stall on CPU))/;

const HARD_LOCKUP =
  /^(?:NMI )?[Ww]atchdog:? (?:(?:CPU\d+: )?Watchdog detected hard LOCKUP|detected hard LOCKUP|CPU:? ?\d+ (?:self-)?(?:detected )?[Hh]ard LOCKUP)/;

// In the order they are tried: the special before the general.
const ROWS: readonly Row[] = [
  // What ends a kernel.
  [
    'panic',
    'final',
    ['Kernel panic'],
    pattern(/^Kernel panic(?: -|:) (?:not syncing: )?(?<text>\S.{0,300})/),
  ],
  [
    'panic',
    'final',
    ['---[ end Kernel panic', 'Rebooting in '],
    pattern(/^(?:-{3}\[|Rebooting in \d+ seconds\.\.)/),
    PART,
  ],
  [
    'early_exception',
    'final',
    ['PANIC: early exception '],
    pattern(/^PANIC: (?<text>early exception (?:0x)?[\da-f]{1,4})/),
    { early: true },
  ],

  // Checkers of memory and locks.
  ['kcsan', 'survived', ['BUG: KCSAN: '], readRace, DETAIL],
  ['kasan', 'deadly', ['BUG: KASAN: '], readSanitizer, DETAIL],
  ['kfence', 'survived', ['BUG: KFENCE: '], readSanitizer, DETAIL],
  ['kmsan', 'survived', ['BUG: KMSAN: '], readSanitizer, DETAIL],
  ['slab', 'survived', ['BUG '], readSlab, DETAIL],
  ['lockdep', 'survived', ['WARNING: ', '[ ', 'INFO: ', 'BUG: Invalid'], pattern(LOCKDEP), DETAIL],
  [
    'lockdep',
    'survived',
    ['WARNING: ', '[ BUG: '],
    says('still has locks held', /^(?:WARNING|\[ BUG): .{1,60} still has locks held!/),
    DETAIL,
  ],

  // What does not go on.
  ['rcu_stall', 'hang', ['rcu: ', 'INFO: ', 'rcu_', 'srcu_'], pattern(STALL), DETAIL],
  [
    'rcu_stall',
    'hang',
    ['rcu: ', 'rcu_', 'Sending NMI from CPU', 'NMI backtrace for cpu', 'Task dump for CPU'],
    pattern(
      /^(?:rcu: (?:\t|RCU grace-period|Stack dump|Possible timer|Unless rcu|rcu_\w+ kthread|All QSes|Offline CPU|INFO: Stall ended)|rcu_\w+ kthread starved|Sending NMI|NMI back|Task dump)/,
    ),
    PART,
  ],
  [
    'soft_lockup',
    'hang',
    ['watchdog: BUG: ', 'NMI watchdog: BUG: ', 'BUG: soft lockup'],
    says('soft lockup', /BUG: soft lockup - CPU#\d+ stuck for /),
    DETAIL,
  ],
  [
    'hard_lockup',
    'hang',
    ['watchdog: ', 'NMI watchdog: ', 'Watchdog '],
    says('hard LOCKUP', HARD_LOCKUP),
    DETAIL,
  ],
  [
    'csd_lockup',
    'hang',
    ['smp: csd: ', 'csd: '],
    says('non-responsive CSD lock', /csd: Detected non-responsive CSD lock/),
    DETAIL,
  ],
  [
    'spinlock_lockup',
    'hang',
    ['BUG: spinlock lockup', 'BUG: rwlock'],
    pattern(/^BUG: (?<text>(?:spin|rw|read-|write-)lock[- ]lockup(?: suspected)?)/),
    DETAIL,
  ],
  ['bug', 'hang', ['BUG: workqueue lockup'], says('workqueue lockup', /^BUG: workqueue lockup/)],
  ['hung_task', 'hang', ['INFO: task '], readHungTask, DETAIL],

  // Faults.
  ['serror', 'deadly', ['SError Interrupt on ', 'Bad mode in '], readBadMode],
  [
    'null_pointer',
    'deadly',
    [
      'Unable to handle kernel NULL',
      'BUG: kernel NULL',
      'BUG: unable to handle kernel NULL',
      'BUG: Kernel NULL',
    ],
    says('NULL pointer dereference', /[Kk]ernel NULL pointer dereference/),
  ],
  ['paging_fault', 'deadly', ['Unable to ', 'BUG: unable to ', 'BUG: Unable to ', 'CPU '], pattern(UNABLE)],
  ['internal_error', 'deadly', ['Internal error'], pattern(INTERNAL), FOLLOWS],
  ['oops', 'deadly', ['Oops'], pattern(OOPS), FOLLOWS],
  [
    'oops',
    'deadly',
    ['traps: PANIC: ', 'PANIC: double'],
    says('PANIC: double fault', /^(?:traps: )?PANIC: double fault/),
  ],
  [
    'oops',
    'deadly',
    [
      'Unhandled fault: ',
      'Unhandled prefetch abort: ',
      'Unhandled kernel unaligned access',
      'Kernel bug detected[#',
    ],
    pattern(/^(?<text>[A-Z][A-Za-z :-]{1,80}[a-z])/),
  ],
  [
    'oops',
    'deadly',
    [
      'Kernel Fault: Code=',
      'Bad Address (',
      'BAD KERNEL TRAP: ',
      'Unhandled exception in kernel',
      'Unexpected kernel',
      '*** ',
    ],
    pattern(
      /^(?<text>\*{3} [A-Z][A-Z\d /-]{2,40} \*{3}(?= {1,4}FORMAT=)|Kernel Fault|Bad Address|BAD KERNEL TRAP|Unhandled exception in kernel[a-z ]{0,20}|Unexpected kernel \w[\w -]{1,30})/,
    ),
  ],
  ['oops', 'deadly', ['Insufficient stack space to handle'], pattern(/^(?<text>[A-Z][a-z ]{1,60})/)],
  [
    'bug',
    'deadly',
    ['kernel BUG at ', 'Kernel bug at '],
    pattern(/^(?<text>[Kk]ernel (?:BUG|bug) at (?<at>[^\s:]{1,200}:\d{1,7}))(?:!|$)/),
  ],
  // Without CONFIG_DEBUG_BUGVERBOSE.
  [
    'bug',
    'deadly',
    ['kernel BUG at ', 'Kernel BUG at '],
    pattern(
      /^(?<text>[Kk]ernel BUG) at (?:(?<fn>[A-Za-z_][\w.$]*)\+0x)?.{0,100}\[verbose debug info unavailable\]/,
    ),
  ],
  [
    'oops',
    'deadly',
    ['Unhandled '],
    pattern(
      /^(?<text>Unhandled (?:64|32)-bit el[012][ht]? (?:sync|irq|fiq|error) exception) on CPU\d+, ESR /,
    ),
  ],
  [
    'oops',
    'deadly',
    ['Fixing recursive fault but reboot is needed!'],
    pattern(/^(?<text>Fixing recursive fault)/),
    FOLLOWS,
  ],

  // What it only complains about.
  [
    'ubsan',
    'survived',
    ['UBSAN: '],
    pattern(/^UBSAN: (?<text>[\w -]{1,60}? in (?<at>[^\s:]{1,200}:\d{1,7}))/),
  ],
  ['warning', 'survived', ['WARNING: '], readWarning],
  [
    'oom_kill',
    'survived',
    ['Out of memory: ', 'Memory cgroup out of memory: '],
    readOomKill,
    { role: 'detail', single: true },
  ],
  [
    'bug',
    'survived',
    [
      'BUG: sleeping function',
      'BUG: scheduling while atomic',
      'BUG: using ',
      'BUG: spinlock ',
      'BUG: rwlock ',
      'BUG: Bad ',
      'BUG: MAX_LOCK',
      'BUG: MAX_STACK_TRACE',
      'BUG: workqueue leaked',
      'BUG: arch topology',
      'BUG: looking up invalid subclass',
      'BUG: non-zero pgtables',
      'BUG: recent printk',
      'BUG: key ',
      'BUG: atomic scheduling',
      'BUG: Dentry ',
    ],
    readBug,
  ],
  ['bug', 'deadly', ['BUG: '], readBug],
];

/** The category of an issue, where it is not called as the type. */
const CATEGORIES: Readonly<Record<string, string>> = {
  null_pointer: 'oops',
  paging_fault: 'oops',
  internal_error: 'oops',
  early_exception: 'panic',
  csd_lockup: 'soft_lockup',
  spinlock_lockup: 'soft_lockup',
};

/** The general form of die(): any text, an error code, the count. */
const DIE: KernelReport = toReport(['oops', 'deadly', [], dieHeader, FOLLOWS]);

function toReport([type, reportClass, begins, read, options = {}]: Row): KernelReport {
  return {
    type: `own.${type}`,
    class: reportClass,
    category: `runtime.${CATEGORIES[type] ?? type}`,
    role: 'backup',
    follows: false,
    partOnly: false,
    early: false,
    single: false,
    begins,
    read,
    ...options,
  };
}

/** The whole table, for those who list it. */
const KERNEL_REPORTS: readonly KernelReport[] = [...ROWS.map(toReport), DIE];

// Most lines of a log can be classified by their first character.
const BY_FIRST = new Map<number, KernelReport[]>();
for (const report of KERNEL_REPORTS) {
  for (const first of new Set(report.begins.map((begin) => begin.charCodeAt(0)))) {
    BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), report]);
  }
}
