// Finds the reports that our own rules know, line by line, in constant memory. The lines of a report are told from
// others by the caller id that the kernel prints (CONFIG_PRINTK_CALLER), so that reports of several CPUs may be
// interleaved; without caller ids all lines belong together.
import { errorSignature } from './signature.ts';
import { kernelLine } from './kernel-line.ts';
import type { Finding } from './model.ts';
import { matchRule, type Header, type OwnRule } from './own-rules.ts';
import { Quota, Room } from './quota.ts';
import { functionName } from './stable.ts';

/** A finding and the role of the rule that made it; what logspec found decides what becomes of it. */
export interface OwnFinding {
  finding: Finding;
  role: OwnRule['role'];
}

/** Reports that are open at one time; with more, the oldest is closed. */
const MAX_OPEN = 32;
/** A report ends after so many lines, or so many characters, or so many lines in a row that say nothing to us. */
const MAX_LINES = 300;
const MAX_CHARACTERS = 64 * 1024;
const MAX_IDLE = 30;

interface Open {
  rule: OwnRule;
  header: Header;
  firstLine: number;
  /** Its lines, and how many of them, counted from the first, say something. */
  lines: { text: string; number: number }[];
  told: number;
  characters: number;
  hardware: string | undefined;
  counter: string | undefined;
  trace: string[] | undefined;
}

export class OwnScanner {
  readonly #onFinding: (found: OwnFinding) => void;
  readonly #open = new Map<string, Open>();
  readonly #quota = new Quota();
  readonly #room = new Room();
  #stamps = false;

  constructor(onFinding: (found: OwnFinding) => void) {
    this.#onFinding = onFinding;
  }

  line(text: string, number: number): void {
    const { stamped, caller = '', message } = kernelLine(text);
    if (stamped) this.#stamps = true;
    else if (this.#stamps) return;
    const found = matchRule(message);
    const open = this.#open.size === 0 ? undefined : this.#open.get(caller);
    if (found !== undefined && !(open !== undefined && isPartOf(found.rule, open))) {
      if (open !== undefined) this.#close(caller, open);
      this.#begin(caller, found.rule, found.header, text, number);
    } else if (open !== undefined) this.#continue(caller, open, message, text, number);
  }

  end(): void {
    for (const [caller, open] of this.#open) this.#close(caller, open);
  }

  #begin(caller: string, rule: OwnRule, header: Header, text: string, number: number): void {
    const oldest = this.#open.entries().next().value;
    if (this.#open.size >= MAX_OPEN && oldest !== undefined) this.#close(...oldest);
    const open: Open = {
      rule,
      header,
      firstLine: number,
      lines: [{ text, number }],
      told: 1,
      characters: text.length,
      hardware: undefined,
      counter: undefined,
      trace: undefined,
    };
    this.#open.set(caller, open);
    if (rule.type === 'own.oom_kill') this.#close(caller, open);
  }

  #continue(caller: string, open: Open, message: string, text: string, number: number): void {
    const end = isEnd(message);
    open.lines.push({ text: text.slice(0, MAX_CHARACTERS), number });
    open.characters += text.length;
    if (readLine(open, message) || end) open.told = open.lines.length;
    const idle = open.lines.length - open.told > MAX_IDLE;
    if (end || idle || open.lines.length >= MAX_LINES || open.characters >= MAX_CHARACTERS)
      this.#close(caller, open);
  }

  #close(caller: string, open: Open): void {
    this.#open.delete(caller);
    const fn = culprit(open);
    const { type, role } = open.rule;
    if (this.#quota.admits(type, `${type} ${open.header.summary} ${fn ?? ''}`)) {
      this.#onFinding({ finding: toFinding(open, fn, this.#room), role });
    }
  }
}

// "Internal error: Oops" after "Unable to handle kernel paging request" is the same crash.
function isPartOf(rule: OwnRule, open: Open): boolean {
  return rule.follows && !open.rule.goesOn && open.rule.type !== 'own.panic';
}

function isEnd(message: string): boolean {
  return message.startsWith('---[ end ') || /^={40}/.test(message);
}

/** Takes what a line of a report says; whether it says anything. */
function readLine(open: Open, message: string): boolean {
  if (message.startsWith(' ') || BARE_FRAME.test(message)) return readFrame(open, message);
  if (/^call trace:/i.test(message) || message.startsWith('Backtrace:')) {
    open.trace ??= [];
    return true;
  }
  if (message.startsWith(HARDWARE)) {
    open.hardware ??= message.slice(HARDWARE.length, HARDWARE.length + 200).trim();
    return true;
  }
  const counter = COUNTER.exec(message.slice(0, 200));
  if (counter !== null) open.counter ??= functionName(counter[1]);
  return counter !== null || DETAILS.test(message);
}

const HARDWARE = 'Hardware name: ';
/** Where the program counter stood, as arm64, arm, riscv, powerpc, x86, mips, loongarch and s390 print it. */
const COUNTER =
  /^(?:pc : |PC is at |epc {0,3}: |NIP |RIP: [\da-f]{4}:|EIP: |ERA: |ra {0,4}: |Krnl PSW : [\da-f]{16} )(?:\[?<?[\da-f]{8,16}>?\]? )?\(?([A-Za-z_][\w.$]*)\+0x/;
const DETAILS =
  /^(?:CPU: |Code: |Modules linked in:|Workqueue: |Comm: |task:|Internal error|Oops|rcu: |KASAN:|Tainted: )/;

/** A frame without indentation: as in a log without time stamps, or as riscv, mips and powerpc print it. */
const BARE_FRAME =
  /^(?:\? |(?:\[<?[\da-f]{8,16}>?\] ){1,2})?[A-Za-z_][\w.$]{0,120}\+0x[\da-f]{1,8}\/0x[\da-f]{1,8}/;
const FRAME =
  /^(?:\? )?(?:\[<?[\da-f]{8,16}>?\] ){0,2}(?:\([\da-f<>[\]]+\) )?([A-Za-z_][\w.$]*)(?:\+0x|\s|$)/;

function readFrame(open: Open, message: string): boolean {
  if (open.trace === undefined) return false;
  if (open.trace.length < MAX_LINES) open.trace.push(message.trim().slice(0, 300));
  return true;
}

/** Frames of the reporting itself, of waiting and of entering the kernel: not where it went wrong. */
const NOISE =
  /^(?:dump_stack|show_stack|dump_backtrace|show_trace|show_regs|unwind_backtrace|print_|kasan_|__asan|__kasan|__warn|warn_slowpath|report_bug|panic|die|__die|oops|no_context|do_error_trap|exc_|asm_|handle_bug|__switch_to|__schedule|schedule|io_schedule|preempt_schedule|rcu_|sched_show_task|kcsan_|check_|nmi_|lockdep_|mark_lock|__lock_acquire|lock_acquire|validate_chain|el1|el0|ret_from|do_raw_)/;

function culprit(open: Open): string | undefined {
  const named = open.header.function ?? open.counter;
  if (named !== undefined) return named;
  for (const frame of open.trace ?? []) {
    const name = frame.startsWith('?') ? undefined : functionName(FRAME.exec(frame)?.[1]);
    if (name !== undefined && !NOISE.test(name)) return name;
  }
  return undefined;
}

function toFinding(open: Open, fn: string | undefined, room: Room): Finding {
  const told = open.lines.slice(0, open.told);
  const { type, category } = open.rule;
  const { summary, location } = open.header;
  const signatureFields = {
    error_type: type,
    error_summary: summary,
    ...(fn === undefined ? {} : { function: fn }),
  };
  // A copy: strings cut from a line would keep all of it in memory.
  return structuredClone({
    by: 'own',
    errorType: type,
    summary: fn === undefined || summary.includes(fn) ? summary : `${summary} in ${fn}`,
    signature: errorSignature(signatureFields),
    report: room.report(told.map((line) => line.text).join('\n'), MAX_CHARACTERS),
    firstLine: open.firstLine,
    lastLine: told.at(-1)?.number ?? open.firstLine,
    issue: true,
    fields: {
      ...signatureFields,
      ...(location === undefined ? {} : { location }),
      ...(open.hardware === undefined ? {} : { hardware: open.hardware }),
      ...(open.trace === undefined ? {} : { call_trace: room.field(open.trace) }),
    },
    signatureFields,
    categories: [category],
  });
}
