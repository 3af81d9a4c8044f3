// Rules of our own, for what Maestro's triage has no rule: each knows the first line of its report, after time stamp
// and caller id, and says what of it is the same on every board and in every run.
import { functionName, stable, taskName } from './stable.ts';

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
  /** Whether it may be a further line of another crash (`Internal error` after `Unable to handle`). */
  follows: boolean;
  /** Whether the kernel goes on after it: then a crash that follows is another one. */
  goesOn: boolean;
  /** What a message has to begin with, one of them. */
  begins: readonly string[];
  /** `message` begins so, and has at most MAX_HEADER characters. */
  read: (message: string) => Header | undefined;
}

/** Characters of a message that rules look at: their patterns are never tried on more. */
const MAX_HEADER = 400;

/** The rule for a message, and what it read; the first that fits. */
export function matchRule(message: string): { rule: OwnRule; header: Header } | undefined {
  for (const rule of BY_FIRST.get(message.charCodeAt(0)) ?? []) {
    if (!rule.begins.some((begin) => message.startsWith(begin))) continue;
    const header = rule.read(message.slice(0, MAX_HEADER).trimEnd());
    if (header !== undefined) return { rule, header };
  }
  return undefined;
}

/** A rule's reading by a pattern: the summary is its group `text`, further groups are `fn` and `at`. */
function pattern(regexp: RegExp): OwnRule['read'] {
  return (message) => {
    const groups = regexp.exec(message)?.groups;
    if (groups === undefined) return undefined;
    const { fn, at, text = '' } = groups;
    return { summary: stable(text), function: functionName(fn), location: at };
  };
}

/** As `pattern`, with a summary that is always the same. */
function says(summary: string, regexp: RegExp): OwnRule['read'] {
  return (message) => (regexp.test(message) ? { summary } : undefined);
}

// "BUG: KASAN: slab-out-of-bounds in foo+0x10/0x20", or without a place.
function readSanitizer(message: string): Header | undefined {
  const [, name = '', kind, fn] = /^BUG: (\w+): ([\w -]{1,60}?) in ([\w.$]{1,120})/.exec(message) ?? [];
  if (kind !== undefined) return { summary: `${name}: ${kind}`, function: functionName(fn) };
  const [, tool = '', text = ''] = /^BUG: (\w+): ([A-Za-z][A-Za-z -]{1,60})/.exec(message) ?? [];
  return tool === '' ? undefined : { summary: `${tool}: ${text.trim()}` };
}

// Which of the two CPUs is named first is chance.
function readRace(message: string): Header | undefined {
  const found =
    /^BUG: KCSAN: [a-z: -]{1,30} in ([\w.$]{1,120})(?:\+\S{1,30})?(?: \[[\w-]{1,60}\])?(?: \/ ([\w.$]{1,120}))?/.exec(
      message,
    );
  if (found === null) return undefined;
  const functions = [found[1], found[2] ?? found[1]].map((name) => functionName(name) ?? '');
  return { summary: `KCSAN: data-race in ${functions.toSorted(byText).join(' / ')}` };
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function readWarning(message: string): Header | undefined {
  const old = /^WARNING: CPU: \d+ PID: \d+ at ([^\s:]{1,200}:\d{1,7}) ([\w.$]{1,120})/.exec(message);
  const found = old ?? /^WARNING: ([^\s:]{1,200}:\d{1,7}) at ([\w.$]{1,120})/.exec(message);
  if (found === null) return undefined;
  return { summary: `WARNING at ${found[1] ?? ''}`, function: functionName(found[2]), location: found[1] };
}

/** Messages whose end is about the moment, not about the bug. */
const BARE_BUGS = [
  'spinlock bad magic',
  'scheduling while atomic',
  'workqueue lockup',
  'Bad page state',
  'Bad page map',
  'Bad rss-counter state',
];

function readBug(message: string): Header | undefined {
  const text = /^BUG: ([A-Za-z].{1,300})/.exec(message)?.[1];
  if (text === undefined) return undefined;
  return { summary: BARE_BUGS.find((bare) => text.startsWith(bare)) ?? stable(text) };
}

/** "BUG kmalloc-64 (Not tainted): Poison overwritten": the slab allocator's own, with the cache that is damaged. */
function readSlab(message: string): Header | undefined {
  const found = /^BUG ([\w-]{1,60})(?:\([^)]{1,60}\))? \(.{1,80}?\): ([A-Z][\w -]{2,80})/.exec(message);
  return found === null ? undefined : { summary: `${found[1] ?? ''}: ${(found[2] ?? '').trim()}` };
}

function readHungTask(message: string): Header | undefined {
  const found = /^INFO: task (.{1,80}):\d{1,10} blocked (?:in I\/O wait )?for more than /.exec(message);
  return found === null ? undefined : { summary: `task ${taskName(found[1] ?? '')} blocked` };
}

function readOomKill(message: string): Header | undefined {
  const found = /^(.{1,30}): Kill(?:ed)? process \d+ \((.{1,40}?)\) (?:total-vm|score)\b/.exec(message);
  if (found === null) return undefined;
  return { summary: `${found[1] ?? ''}: killed process ${taskName(found[2] ?? '')}` };
}

const LOCKDEP =
  /^(?:\[ )?(?:WARNING|INFO|BUG): (?<text>possible (?:circular|recursive|irq|unsafe|deadlock)[a-z /-]{0,80}|inconsistent lock state|bad (?:un|con)lock balance detected|suspicious RCU usage|[A-Z_]{1,20}-safe -> [A-Z_]{1,20}-unsafe lock order detected|held lock freed|lock held (?:when returning to user space|at task exit time)|[Nn]ested lock was not taken|Invalid wait context)/;

const UNABLE =
  /^(?:BUG: )?(?:CPU \d+ )?(?<text>[Uu]nable to handle (?:page fault|kernel (?!NULL)[a-z][a-z -]{1,80}?))(?= at | for |,|$)/;

const INTERNAL =
  /^(?<text>Internal error: [A-Za-z][\w :/.-]{0,80}?|Internal error)(?=:{1,2} (?:: )?[\da-f]{1,16}\b|:? ?\[#|$)/;

const OOPS =
  /^(?<text>Oops(?:: [A-Za-z][\w ,:-]{1,80}?| - [A-Za-z][A-Za-z -]{1,60}?)?)(?=:? (?:0x)?[\da-f]{1,16}\b|:? ?\[#)/;

const TRAP = /^(?<text>[a-z][\w ,-]{1,80}?)(?: 0x[\da-f]{1,16})?: [\da-f]{4} \[#\d/;

const STALL =
  /^(?:rcu: )?(?:INFO: )?(?<text>rcu_\w{1,30} (?:self-detected stall|detected (?:expedited )?stalls))/;

const HARD_LOCKUP =
  /^(?:NMI )?[Ww]atchdog:? (?:(?:CPU\d+: )?Watchdog detected hard LOCKUP|detected hard LOCKUP|CPU:? ?\d+ (?:self-)?(?:detected )?[Hh]ard LOCKUP)/;

type Options = Partial<Pick<OwnRule, 'role' | 'follows' | 'goesOn'>>;
type Row = [type: string, category: string, begins: string[], read: OwnRule['read'], options?: Options];

const DETAIL: Options = { role: 'detail' };
const DETAIL_GOES_ON: Options = { role: 'detail', goesOn: true };

// In the order they are tried: the special before the general.
const ROWS: readonly Row[] = [
  ['kcsan', 'kcsan', ['BUG: KCSAN: '], readRace, DETAIL_GOES_ON],
  ['kasan', 'kasan', ['BUG: KASAN: '], readSanitizer, DETAIL],
  ['kfence', 'kfence', ['BUG: KFENCE: '], readSanitizer, DETAIL_GOES_ON],
  ['kmsan', 'kmsan', ['BUG: KMSAN: '], readSanitizer, DETAIL_GOES_ON],
  ['slab', 'slab', ['BUG '], readSlab, DETAIL_GOES_ON],
  ['lockdep', 'lockdep', ['WARNING: ', '[ ', 'INFO: '], pattern(LOCKDEP), DETAIL_GOES_ON],
  [
    'lockdep',
    'lockdep',
    ['WARNING: '],
    says('still has locks held', /^WARNING: .{1,60} still has locks held!/),
    DETAIL_GOES_ON,
  ],
  ['rcu_stall', 'rcu_stall', ['rcu: ', 'INFO: rcu_', 'rcu_'], pattern(STALL), DETAIL_GOES_ON],
  [
    'soft_lockup',
    'soft_lockup',
    ['watchdog: BUG: ', 'NMI watchdog: BUG: ', 'BUG: soft lockup'],
    says('soft lockup', /BUG: soft lockup - CPU#\d+ stuck for /),
    DETAIL_GOES_ON,
  ],
  [
    'hard_lockup',
    'hard_lockup',
    ['watchdog: ', 'NMI watchdog: ', 'Watchdog '],
    says('hard LOCKUP', HARD_LOCKUP),
    DETAIL_GOES_ON,
  ],
  ['hung_task', 'hung_task', ['INFO: task '], readHungTask, DETAIL_GOES_ON],
  ['oom_kill', 'oom_kill', ['Out of memory: ', 'Memory cgroup out of memory: '], readOomKill, DETAIL_GOES_ON],
  [
    'serror',
    'serror',
    ['SError Interrupt on ', 'Bad mode in Error handler'],
    says('SError Interrupt', /^SError Interrupt on CPU\s?\d+, code |^Bad mode in Error handler detected/),
  ],
  [
    'null_pointer',
    'oops',
    ['Unable to handle kernel NULL', 'BUG: kernel NULL', 'BUG: unable to handle kernel NULL'],
    says('NULL pointer dereference', /kernel NULL pointer dereference/),
  ],
  ['paging_fault', 'oops', ['Unable to ', 'BUG: unable to ', 'BUG: Unable to ', 'CPU '], pattern(UNABLE)],
  ['internal_error', 'oops', ['Internal error'], pattern(INTERNAL), { follows: true }],
  ['oops', 'oops', ['Oops'], pattern(OOPS), { follows: true }],
  [
    'oops',
    'oops',
    [
      'general protection fault',
      'invalid opcode: ',
      'divide error: ',
      'stack segment: ',
      'double fault: ',
      'int3: ',
      'bounds: ',
      'alignment check: ',
      'segment not present: ',
      'simd exception: ',
      'invalid TSS: ',
      'control protection fault: ',
    ],
    pattern(TRAP),
    { follows: true },
  ],
  [
    'oops',
    'oops',
    ['traps: PANIC: ', 'PANIC: '],
    says('PANIC: double fault', /^(?:traps: )?PANIC: double fault,/),
  ],
  [
    'oops',
    'oops',
    [
      'Unhandled fault: ',
      'Unhandled prefetch abort: ',
      'Unhandled kernel unaligned access',
      'Kernel bug detected[#',
    ],
    pattern(/^(?<text>[A-Z][A-Za-z :-]{1,80}[a-z])/),
  ],
  ['oops', 'oops', ['Insufficient stack space to handle'], pattern(/^(?<text>[A-Z][a-z ]{1,60})/)],
  [
    'ubsan',
    'ubsan',
    ['UBSAN: '],
    pattern(/^UBSAN: (?<text>[\w -]{1,60}?) in (?<at>[^\s:]{1,200}:\d{1,7})/),
    { goesOn: true },
  ],
  ['warning', 'warning', ['WARNING: '], readWarning, { goesOn: true }],
  ['bug', 'bug', ['kernel BUG at '], pattern(/^(?<text>kernel BUG at (?<at>[^\s:]{1,200}:\d{1,7}))!/)],
  ['bug', 'bug', ['BUG: '], readBug],
  ['panic', 'panic', ['Kernel panic - '], pattern(/^Kernel panic - (?:not syncing: )?(?<text>\S.{0,300})/)],
];

const OWN_RULES: readonly OwnRule[] = ROWS.map(([type, category, begins, read, options = {}]) => ({
  type: `own.${type}`,
  category: `runtime.${category}`,
  role: 'backup',
  follows: false,
  goesOn: false,
  begins,
  read,
  ...options,
}));

// Most lines of a log are told apart by their first character.
const BY_FIRST = new Map<number, OwnRule[]>();
for (const rule of OWN_RULES) {
  for (const first of new Set(rule.begins.map((begin) => begin.charCodeAt(0)))) {
    BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), rule]);
  }
}
