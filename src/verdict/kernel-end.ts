// Whether the kernel ended in a phase of the job: its reports, and what showed life after them (docs/verdicts.md).
import { REPORT_TIME } from '../kernel-log/own.ts';
import type { ReportClass } from '../kernel-log/kernel-report.ts';
import { createScene, EXCERPT_CHARS, type Scene, type Tail } from './excerpt.ts';

/** A line on which the kernel seems to end. */
export interface Crash {
  /** The number of the line in LAVA's log, from 0. */
  line: number;
  at: number | undefined;
  text: string;
  /** The line with what stands around it. */
  excerpt: string;
}

/** What it takes of a line of the board. */
export interface EndLine {
  number: number;
  at: number | undefined;
  raw: string;
  /** The kernel's message. */
  text: string;
  /** Seconds of the console's time: the kernel's stamp, or where it writes none, LAVA's. Undefined of a torn stamp. */
  time: number | undefined;
  /** Whether the kernel's time stamp is on it. */
  stamped: boolean;
}

interface Report {
  line: EndLine;
  scene: Scene;
  /** Until then (seconds) lines of the kernel belong to it. Undefined: the next line of the kernel shows the time. */
  until: number | undefined;
  early: boolean;
}

export class KernelEnd {
  readonly #tail: Tail;
  #final: Report | undefined;
  #deadly: Report | undefined;
  #hang: Report | undefined;

  /** `tail` has what stands before the next line. */
  constructor(tail: Tail) {
    this.#tail = tail;
  }

  /** A report begins, or goes on with a line that only such reports have. */
  report(
    line: EndLine,
    reportClass: ReportClass,
    { partOnly, early }: { partOnly: boolean; early: boolean },
  ): void {
    if (reportClass === 'final') {
      this.#final ??= this.#deadly ?? this.#open(line, early);
    } else if (reportClass === 'deadly') {
      if (!partOnly) this.#deadly ??= this.#open(line, early);
    } else if (reportClass === 'hang') {
      if (!partOnly) this.#hang ??= this.#open(line, early);
      if (this.#hang) this.#hang.until = untilOf(line.time);
    }
  }

  /** A line of the kernel with which no report begins. */
  kernelLine(time: number | undefined): void {
    if (this.#hang === undefined || time === undefined) return;
    this.#hang.until ??= untilOf(time);
    if (this.#hang.until !== undefined && time > this.#hang.until) this.#hang = undefined;
  }

  /** A program wrote something. */
  output(): void {
    this.#hang = undefined;
  }

  /** A test goes on, or a login passed. */
  life(): void {
    this.#hang = undefined;
    this.#deadly = undefined;
  }

  /** The board starts over: what went before was the kernel's end. */
  reset(): void {
    this.#final ??= this.#deadly ?? this.#hang;
  }

  /** Each line, for the excerpts. */
  show(raw: string): void {
    this.#final?.scene.push(raw);
    if (this.#deadly !== this.#final) this.#deadly?.scene.push(raw);
    if (this.#hang !== this.#final) this.#hang?.scene.push(raw);
  }

  /** The log has time stamps after all: what had none was not the kernel's, but for what comes before the first. */
  forgetUnstamped(): void {
    const keeps = (report: Report | undefined): boolean =>
      report !== undefined && (report.line.stamped || report.early);
    if (!keeps(this.#final)) this.#final = undefined;
    if (!keeps(this.#deadly)) this.#deadly = undefined;
    if (!keeps(this.#hang)) this.#hang = undefined;
  }

  /** How the kernel ended, if it did; a crash says more than a stall. */
  crash(): { crash: Crash; stamped: boolean } | undefined {
    const end = this.#final ?? this.#deadly ?? this.#hang;
    if (end === undefined) return undefined;
    const { number, at, text, stamped } = end.line;
    return {
      crash: { line: number, at, text: copy(text), excerpt: end.scene.text() },
      stamped: stamped || end.early,
    };
  }

  #open(line: EndLine, early: boolean): Report {
    const scene = createScene(this.#tail, EXCERPT_CHARS);
    return { line, scene, until: untilOf(line.time), early };
  }
}

function untilOf(time: number | undefined): number | undefined {
  return time === undefined ? undefined : time + REPORT_TIME;
}

/** A part of a string keeps all of it in memory: here, a piece of the log. */
function copy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
