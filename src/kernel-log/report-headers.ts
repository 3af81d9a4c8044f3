// Reading the first lines of kernel reports: what they say, without what varies from run to run.
import { functionName, stable, taskName } from './stable.ts';

/** What the first line of a report says; all of it stable. */
export interface Header {
  summary: string;
  /** The function that it names. */
  function?: string | undefined;
  /** The source line that it names. */
  location?: string | undefined;
}

type Read = (message: string) => Header | undefined;

/** A reading by a pattern: the summary is its group `text`, further groups are `fn` and `at`. */
export function pattern(regexp: RegExp): Read {
  return (message) => {
    const found = regexp.exec(message);
    if (found === null) return undefined;
    const { fn, at, text = '' } = found.groups ?? {};
    return { summary: stable(text), function: functionName(fn), location: at };
  };
}

/** As `pattern`, with a summary that is always the same. */
export function says(summary: string, regexp: RegExp): Read {
  return (message) => (regexp.test(message) ? { summary } : undefined);
}

/**
 * "Reserved instruction in kernel code[#1]:", "divide_error: 0000 [#1] PREEMPT SMP", "illegal operation: 0001 ilc:1 [#1]": the
 * text without the error code. After the count there are at most words about the kernel. A driver's message has its name and a
 * colon before it; die()'s have none, but for the task of sparc ("sh(99): Oops [#1]"). Alpha and parisc name their task and
 * count nothing ("sh(99): Oops 0", "sh (pid 99): Breakpoint (code 0)"; with " at " and an address it is a program's).
 */
export function dieHeader(message: string): Header | undefined {
  const ofTask = OF_TASK.exec(message)?.groups?.['text'];
  if (ofTask !== undefined) return { summary: stable(ofTask) };
  const found = /^(\S.{1,160}?):? ?\[#\d{1,6}\](?::|,| ?[A-Z][\w() -]{0,120})?$/.exec(message);
  if (found === null) return undefined;
  const text = (found[1] ?? '')
    .replace(/^.{1,30}\(\d{1,10}\): (?=[A-Z])/, '')
    .replace(/(?:,? (?:sig|ilc|code):? ?\d{1,5}|:? (?:0x)?(?=[a-f]*\d)[\da-f]{4,16})+$/i, '')
    .replace(/[:,]$/, '');
  if (text.includes(':')) return undefined;
  return /[a-z]{3}/i.test(text) ? { summary: stable(text) } : undefined;
}

const OF_TASK =
  /^\S.{0,40}(?:\(\d{1,10}\): (?<text>Oops|Kernel Bug|[A-Z][a-z]{2,20} [Ff]ault) -?\d{1,10}|\(pid \d{1,10}\): (?<text>[A-Z][A-Za-z ]{2,40}) \(code -?\d{1,10}\))$/;

/** Whether a message is worth asking dieHeader: cheap, for every line of a console is asked. */
export function mayBeDie(message: string): boolean {
  return message.includes('[#') || message.includes('): ');
}

/** "BUG: KASAN: slab-out-of-bounds in foo+0x10/0x20", or without a place. */
export function readSanitizer(message: string): Header | undefined {
  const [, name = '', kind, fn] = /^BUG: (\w+): ([\w -]{1,60}?) in ([\w.$]{1,120})/.exec(message) ?? [];
  if (kind !== undefined) return { summary: `${name}: ${kind}`, function: functionName(fn) };
  const [, tool = '', text = ''] = /^BUG: (\w+): ([A-Za-z][A-Za-z -]{1,60})/.exec(message) ?? [];
  return tool === '' ? undefined : { summary: `${tool}: ${text.trim()}` };
}

/** "SError Interrupt on CPU0, code 0x…", before Linux 4.15 "Bad mode in Error handler detected"; other modes too. */
export function readBadMode(message: string): Header | undefined {
  if (/^SError Interrupt on CPU\s?\d+, code /.test(message)) return { summary: 'SError Interrupt' };
  const mode = /^Bad mode in ([A-Za-z][\w ]{1,40}) handler detected/.exec(message)?.[1];
  if (mode === undefined) return undefined;
  return { summary: mode === 'Error' ? 'SError Interrupt' : `Bad mode in ${mode} handler` };
}

/** Which of the two CPUs is named first is chance. */
export function readRace(message: string): Header | undefined {
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

/** With or without the condition that failed (CONFIG_DEBUG_BUGVERBOSE_DETAILED), before and since Linux 6.17. */
export function readWarning(message: string): Header | undefined {
  const old = /^WARNING: CPU: \d+ PID: \d+ at ([^\s:]{1,200}:\d{1,7})(?: ([\w.$]{1,120}))?/.exec(message);
  const found = old ?? /^WARNING: (?:\[.{0,200}\] )?([^\s:]{1,200}:\d{1,7}) at ([\w.$]{1,120})/.exec(message);
  // Without CONFIG_DEBUG_BUGVERBOSE only the function is known.
  if (found === null) {
    const fn = /^WARNING: (?:CPU: \d+ PID: \d+ )?at ([A-Za-z_][\w.$]{0,120})\+0x/.exec(message)?.[1];
    return fn === undefined ? undefined : { summary: 'WARNING', function: functionName(fn) };
  }
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

export function readBug(message: string): Header | undefined {
  const text = /^BUG: ([A-Za-z].{1,300})/.exec(message)?.[1];
  if (text === undefined) return undefined;
  const bare = BARE_BUGS.find((words) => text.startsWith(words));
  // "using smp_processor_id() in preemptible [00000000] code: modprobe/312", "spinlock recursion on CPU#0, swapper/1"
  const lasting = text
    .replace(/(?: \[[\da-f]{8}\])? code: .*$/, '')
    .replace(/ on CPU#\d.*$/, '')
    .replace(/ in process .*$/, '');
  const location = / at ([^\s:]{1,200}:\d{1,7})$/.exec(text)?.[1];
  return { summary: bare ?? stable(lasting), location };
}

/** "BUG kmalloc-64 (Not tainted): Poison overwritten": the slab allocator's own, with the cache that is damaged. */
export function readSlab(message: string): Header | undefined {
  const found = /^BUG ([\w-]{1,60})(?:\([^)]{1,60}\))? \(.{1,80}?\): ([A-Z][\w -]{2,80})/.exec(message);
  return found === null ? undefined : { summary: `${found[1] ?? ''}: ${(found[2] ?? '').trim()}` };
}

export function readHungTask(message: string): Header | undefined {
  const found = /^INFO: task (.{1,80}):\d{1,10} blocked (?:in I\/O wait )?for more than /.exec(message);
  return found === null ? undefined : { summary: `task ${taskName(found[1] ?? '')} blocked` };
}

export function readOomKill(message: string): Header | undefined {
  const found = /^(.{1,30}): Kill(?:ed)? process \d+ \((.{1,40}?)\) (?:total-vm|score)\b/.exec(message);
  if (found === null) return undefined;
  return { summary: `${found[1] ?? ''}: killed process ${taskName(found[2] ?? '')}` };
}
