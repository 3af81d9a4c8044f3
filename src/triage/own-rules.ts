// Rules of our own, for what Maestro's triage has no rule: each knows the first line of its report, after time stamp
// and caller id, and says what of it is the same on every board and in every run. Addresses, process ids, CPU numbers
// and durations are not; neither are offsets into functions, which change with every build.

/** What the first line of a report says; all of it stable. */
export interface Header {
  summary: string;
  /** The function that it names. */
  function?: string | undefined;
  /** The source line that it names. */
  location?: string | undefined;
}

export interface OwnRule {
  /** All begin with `own.`, so that no id of ours is taken for one of Maestro's. */
  type: string;
  category: string;
  /**
   * `backup`: for what logspec knows too, or what is a part of such a report: told only where logspec found nothing.
   * `detail`: says more than logspec's bare BUG, and is told beside it.
   */
  role: 'backup' | 'detail';
  /** Whether it may be the second line of another crash (`Internal error` after `Unable to handle`). */
  follows: boolean;
  /** Whether a crash line after it is a crash of its own. */
  harmless: boolean;
  /** `message` has at most MAX_HEADER characters. */
  read: (message: string) => Header | undefined;
}

/** Characters of a message that rules look at. */
export const MAX_HEADER = 500;

/** The rule for a message, and what it read; the first that fits. */
export function matchRule(message: string): { rule: OwnRule; header: Header } | undefined {
  if (!POSSIBLE.test(message)) return undefined;
  const text = message.slice(0, MAX_HEADER).trim();
  for (const rule of OWN_RULES) {
    const header = rule.read(text);
    if (header !== undefined) return { rule, header };
  }
  return undefined;
}

// The words that rules begin with: most lines of a log are told apart by this one look.
const POSSIBLE =
  /^(?:BUG|kernel BUG|WARNING|\[ |Oops|Unable to|Internal error|Unhandled|SError|Bad mode|Insufficient|UBSAN|Kernel|rcu|INFO|watchdog|NMI|Watchdog|Out of|Memory cgroup|general|invalid|divide|stack|double|int3|traps|bounds|alignment|segment|coprocessor|simd)/;

function rule(
  type: string,
  category: string,
  read: OwnRule['read'],
  options: Partial<Pick<OwnRule, 'role' | 'follows' | 'harmless'>> = {},
): OwnRule {
  return { type: `own.${type}`, category, role: 'backup', follows: false, harmless: false, ...options, read };
}

/** A rule whose summary is the text that `pattern` takes, or its first group; further groups: function, location. */
function words(pattern: RegExp): OwnRule['read'] {
  return (message) => {
    const found = pattern.exec(message);
    if (found === null) return undefined;
    const { fn, at, text = found[0] } = found.groups ?? {};
    return { summary: stable(text), function: functionName(fn), location: at };
  };
}

const SANITIZER = String.raw`(?<kind>[\w -]{1,60}?) in (?<fn>[\w.$]{1,120})`;

function sanitizer(name: string): OwnRule['read'] {
  const pattern = new RegExp(`^BUG: ${name}: ${SANITIZER}`);
  return (message) => {
    const { kind, fn } = pattern.exec(message)?.groups ?? {};
    if (kind !== undefined) return { summary: `${name}: ${kind}`, function: functionName(fn) };
    const bare = new RegExp(`^BUG: ${name}: ([^0-9(]{1,80})`).exec(message)?.[1];
    return bare === undefined ? undefined : { summary: `${name}: ${bare.trim()}` };
  };
}

const LOCKDEP =
  /^(?:\[ )?(?:WARNING|INFO|BUG): (?<text>possible (?:circular|recursive|irq|unsafe|deadlock)[\w /-]{0,80}|inconsistent lock state|bad (?:un|con)lock balance detected|suspicious RCU usage|(?:HARD|SOFT)IRQ-safe -> (?:HARD|SOFT)IRQ-unsafe lock order detected|[\w-]{1,20}-safe -> [\w-]{1,20}-unsafe lock order detected|held lock freed|lock held (?:when returning to user space|at task exit time)|nested lock was not taken|Nested lock was not taken|Invalid wait context|at least one [\w ]{1,60})/;

const TRAPS =
  /^(?<text>general protection fault(?:, probably for non-canonical address)?|invalid opcode|divide error|stack segment|double fault|int3|bounds|alignment check|segment not present|coprocessor segment overrun|simd exception)(?: 0x[\da-f]+)?: [\da-f]{4} \[#\d+\]/;

function readWarning(message: string): Header | undefined {
  const old = /^WARNING: CPU: \d+ PID: \d+ at ([^\s:]{1,200}:\d{1,7}) ([\w.$]{1,120})/.exec(message);
  const [, at, fn] = old ?? /^WARNING: ([^\s:]{1,200}:\d{1,7}) at ([\w.$]{1,120})/.exec(message) ?? [];
  return at === undefined
    ? undefined
    : { summary: `WARNING at ${at}`, function: functionName(fn), location: at };
}

/** Messages whose end is about the moment, not about the bug. */
const BARE_BUGS = ['spinlock bad magic', 'scheduling while atomic', 'workqueue lockup'];

function readBug(message: string): Header | undefined {
  const text = /^BUG: (\w[^\n]{1,200})/.exec(message)?.[1];
  if (text === undefined) return undefined;
  return { summary: BARE_BUGS.find((bare) => text.startsWith(bare)) ?? stable(text) };
}

/** In the order they are tried: the special before the general. */
export const OWN_RULES: readonly OwnRule[] = [
  rule('kasan', 'runtime.kasan', sanitizer('KASAN'), { role: 'detail' }),
  rule('kfence', 'runtime.kfence', sanitizer('KFENCE'), { role: 'detail' }),
  rule('kmsan', 'runtime.kmsan', sanitizer('KMSAN'), { role: 'detail' }),
  rule(
    'kcsan',
    'runtime.kcsan',
    (message) => {
      const { one, two } =
        /^BUG: KCSAN: (?:data-race|assert: race) in (?<one>[\w.$]{1,120})(?: \/ (?<two>[\w.$]{1,120}))?/.exec(
          message,
        )?.groups ?? {};
      if (one === undefined) return undefined;
      // Which of the two CPUs is named first is chance.
      return {
        summary: `KCSAN: data-race in ${[one, two ?? one].map(functionName).toSorted(byText).join(' / ')}`,
      };
    },
    { role: 'detail', harmless: true },
  ),
  rule('lockdep', 'runtime.lockdep', words(LOCKDEP), { role: 'detail', harmless: true }),
  rule(
    'rcu_stall',
    'runtime.rcu_stall',
    words(
      /^(?:rcu: )?(?:INFO: )?(?<text>rcu_\w{1,30} (?:self-detected stall|detected (?:expedited )?stalls))/,
    ),
    { role: 'detail', harmless: true },
  ),
  rule(
    'soft_lockup',
    'runtime.soft_lockup',
    (message) =>
      /^(?:watchdog: |NMI watchdog: )?BUG: soft lockup - CPU#\d+ stuck for /.test(message)
        ? { summary: 'soft lockup' }
        : undefined,
    { role: 'detail', harmless: true },
  ),
  rule(
    'hard_lockup',
    'runtime.hard_lockup',
    (message) =>
      /^(?:NMI )?watchdog: (?:Watchdog detected hard LOCKUP on cpu|CPU \d+ (?:self-)?detected hard LOCKUP)|^Watchdog (?:detected hard LOCKUP on cpu|CPU:\d+ Hard LOCKUP)/.test(
        message,
      )
        ? { summary: 'hard LOCKUP' }
        : undefined,
    { role: 'detail', harmless: true },
  ),
  rule(
    'hung_task',
    'runtime.hung_task',
    (message) => {
      const task = /^INFO: task (.{1,80}):\d{1,10} (?:is )?blocked (?:for more than|on) /.exec(message)?.[1];
      return task === undefined ? undefined : { summary: `task ${taskName(task)} blocked` };
    },
    { role: 'detail', harmless: true },
  ),
  rule(
    'oom_kill',
    'runtime.oom_kill',
    (message) => {
      const found =
        /^(Out of memory|Memory cgroup out of memory): Kill(?:ed)? process \d+ \(([^)]{1,40})\)/.exec(
          message,
        );
      return found === null
        ? undefined
        : { summary: `${found[1] ?? ''}: Killed process ${taskName(found[2] ?? '')}` };
    },
    { role: 'detail', harmless: true },
  ),
  rule('serror', 'runtime.serror', (message) =>
    /^SError Interrupt on CPU\s?\d+, code |^Bad mode in Error handler detected/.test(message)
      ? { summary: 'SError Interrupt' }
      : undefined,
  ),
  rule(
    'paging_fault',
    'runtime.oops',
    words(
      /^(?<text>Unable to handle kernel (?!NULL)[a-z][a-z -]{1,80}?)(?: at virtual address| at [\da-f]{8,16}|,| for |$)/,
    ),
  ),
  rule(
    'paging_fault',
    'runtime.oops',
    words(
      /^BUG: (?<text>[Uu]nable to handle (?:page fault|kernel (?!NULL)[a-z][a-z -]{1,80}?))(?: at | for |$)/,
    ),
  ),
  rule('null_pointer', 'runtime.oops', (message) =>
    /^(?:Unable to handle kernel NULL pointer dereference|BUG: kernel NULL pointer dereference)/.test(message)
      ? { summary: 'NULL pointer dereference' }
      : undefined,
  ),
  rule(
    'internal_error',
    'runtime.oops',
    words(/^(?<text>Internal error: [A-Za-z][A-Za-z -]{1,80}?)(?=: [\da-f]{1,16}\b|:? ?\[#| *$)/),
    {
      follows: true,
    },
  ),
  rule(
    'oops',
    'runtime.oops',
    words(
      /^(?<text>Oops(?:: [A-Za-z][A-Za-z ,-]{1,80}?| - [A-Za-z][A-Za-z -]{1,60}?)?)(?:(?:: | |: 0x)?[\da-f]{1,16})?:? ?\[#\d/,
    ),
    {
      follows: true,
    },
  ),
  rule('oops', 'runtime.oops', words(TRAPS), { follows: true }),
  rule(
    'oops',
    'runtime.oops',
    words(
      /^(?<text>Unhandled (?:fault|prefetch abort): [A-Za-z][A-Za-z -]{1,80}|Insufficient stack space to handle exception|Kernel stack overflow)/,
    ),
  ),
  rule('ubsan', 'runtime.ubsan', words(/^UBSAN: (?<text>[\w -]{1,60}?) in (?<at>[^\s:]{1,200}:\d{1,7})/), {
    harmless: true,
  }),
  rule('warning', 'runtime.warning', readWarning, { harmless: true }),
  rule('bug', 'runtime.bug', words(/^(?<text>kernel BUG at (?<at>[^\s:]{1,200}:\d{1,7}))!/)),
  rule('bug', 'runtime.bug', readBug),
  rule('panic', 'runtime.panic', words(/^Kernel panic - (?:not syncing: )?(?<text>\S[^\n]{0,200})/)),
];

/** Text without what varies from run to run: addresses, offsets, numbers of processes and CPUs. */
export function stable(text: string): string {
  return text
    .replaceAll(/\+0x[\da-f]+\/0x[\da-f]+/g, '')
    .replaceAll(/\b0x[\da-f]+\b/g, 'X')
    .replaceAll(/\b(?=[a-f]*\d)[\da-f]{8,16}\b/g, 'X')
    .replaceAll(/(?<![\w.:/])\d+\b/g, 'N')
    .replaceAll(/\b(pfn|pid|cpu)([:=#]?) ?[\da-f]+\b/gi, '$1$2N')
    .trim();
}

function byText(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The name of a task without the numbers in it: `kworker/N:N`. */
function taskName(name: string): string {
  return name.replaceAll(/\d+/g, 'N');
}

/** The name without what compilers add to it, and without an offset. */
export function functionName(name: string | undefined): string | undefined {
  return name?.replace(/\.(?:constprop|isra|part|cold|llvm)\b.*$/, '');
}
