// Finds the reports of the table (report-table.ts), line by line, in constant memory. To a report belong all lines of the
// kernel that follow within ten seconds of the console's time, whatever they say; where the kernel prints caller ids
// (CONFIG_PRINTK_CALLER), those of its caller, so that reports of several CPUs may be interleaved.
import type { ReadLine } from './console-reader.ts';
import { errorSignature } from './signature.ts';
import type { Finding } from './model.ts';
import { Quota, TextBudget } from './quota.ts';
import type { KernelReport } from './kernel-report.ts';
import type { Match } from './report-table.ts';
import { Place } from './stack-frames.ts';

/** A finding and the role of the row that made it; what logspec found decides what becomes of it. */
export interface OwnFinding {
  finding: Finding;
  role: KernelReport['role'];
}

/** So long after its first line (seconds) lines belong to a report. */
export const REPORT_TIME = 10;
/** Reports that are open at one time; with more, the oldest is closed. */
const MAX_OPEN = 32;
/** A report ends after so many lines or characters. */
const MAX_LINES = 300;
const MAX_CHARACTERS = 64 * 1024;

interface Open extends Match {
  stamp: number | undefined;
  firstLine: number;
  lastLine: number;
  lines: string[];
  characters: number;
  hardware: string | undefined;
  place: Place;
}

export class OwnScanner {
  readonly #onFinding: (found: OwnFinding) => void;
  readonly #open = new Map<string, Open>();
  readonly #quota = new Quota();
  readonly #budget = new TextBudget();

  constructor(onFinding: (found: OwnFinding) => void) {
    this.#onFinding = onFinding;
  }

  /** `text` is the line as findings shall show it. */
  line(line: ReadLine, text: string, number: number): void {
    const open = this.#open.size === 0 ? undefined : this.#open.get(line.caller);
    const { head } = line;
    if (head === undefined && open === undefined) return;
    if (!line.kernels) return;
    if (head !== undefined && !head.report.partOnly && !(open !== undefined && isPartOf(head.report, open))) {
      if (open !== undefined) this.#close(line.caller, open);
      this.#begin(line, head, text, number);
    } else if (open !== undefined) this.#continue(line, open, text, number);
  }

  end(): void {
    for (const [caller, open] of this.#open) this.#close(caller, open);
  }

  #begin({ caller, stamp, torn }: ReadLine, match: Match, text: string, number: number): void {
    const oldest = this.#open.entries().next().value;
    if (this.#open.size >= MAX_OPEN && oldest !== undefined) this.#close(...oldest);
    const open: Open = {
      ...match,
      // What a torn stamp has left of its digits says nothing: the next line shows the time.
      stamp: torn ? undefined : stamp,
      firstLine: number,
      lastLine: number,
      lines: [text],
      characters: text.length,
      hardware: undefined,
      place: new Place(),
    };
    this.#open.set(caller, open);
    if (match.report.single) this.#close(caller, open);
  }

  #continue({ caller, stamp, message, torn }: ReadLine, open: Open, text: string, number: number): void {
    if (!torn) open.stamp ??= stamp;
    if (stamp !== undefined && Math.abs(stamp - (open.stamp ?? stamp)) > REPORT_TIME) {
      this.#close(caller, open);
      return;
    }
    open.lines.push(text.slice(0, MAX_CHARACTERS));
    open.lastLine = number;
    open.characters += text.length;
    if (message.startsWith(HARDWARE)) {
      open.hardware ??= message.slice(HARDWARE.length, HARDWARE.length + 200).trim();
    } else open.place.read(message.slice(0, MAX_MESSAGE));
    if (isEnd(message) || open.lines.length >= MAX_LINES || open.characters >= MAX_CHARACTERS)
      this.#close(caller, open);
  }

  #close(caller: string, open: Open): void {
    this.#open.delete(caller);
    const fn = open.place.culprit(open.header.function);
    const { type, role } = open.report;
    if (this.#quota.admits(type, `${type} ${open.header.summary} ${fn ?? ''}`)) {
      this.#onFinding({ finding: toFinding(open, fn, this.#budget), role });
    }
  }
}

const HARDWARE = 'Hardware name: ';
const MAX_MESSAGE = 400;

// "Internal error: Oops" after "Unable to handle kernel paging request" is the same crash.
function isPartOf(report: KernelReport, open: Open): boolean {
  return report.follows && open.report.class === 'deadly';
}

function isEnd(message: string): boolean {
  return message.startsWith('---[ end ') || /^={40}/.test(message);
}

function toFinding(open: Open, fn: string | undefined, budget: TextBudget): Finding {
  const { type, category } = open.report;
  const { summary, location } = open.header;
  const signatureFields = {
    error_type: type,
    error_summary: summary,
    ...(fn === undefined ? {} : { function: fn }),
    ...(location === undefined ? {} : { location }),
  };
  // A copy: strings cut from a line would keep all of it in memory.
  return structuredClone({
    by: 'own',
    class: open.report.class,
    errorType: type,
    summary: fn === undefined || summary.includes(fn) ? summary : `${summary} in ${fn}`,
    signature: errorSignature(signatureFields),
    report: budget.report(open.lines.join('\n'), MAX_CHARACTERS),
    firstLine: open.firstLine,
    lastLine: open.lastLine,
    issue: true,
    fields: {
      ...signatureFields,
      ...(open.hardware === undefined ? {} : { hardware: open.hardware }),
      ...(open.place.traced ? { call_trace: budget.field(open.place.frames) } : {}),
    },
    signatureFields,
    categories: [category],
  });
}
