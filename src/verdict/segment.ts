// A stretch of a job's console, built up line by line: what the board wrote in it, how far the kernel got, and whether it
// ended there.
import type { ReadLine } from '../kernel-log/console-reader.ts';
import type { Finding } from '../kernel-log/model.ts';
import { REPORT_TIME } from '../kernel-log/own.ts';
import { isInit, isRefusal, isPrompt } from './console-marks.ts';
import { createTail } from './excerpt.ts';
import { KernelEnd, type Crash } from './kernel-end.ts';

/**
 * `boot`: one boot attempt, up to its login. `suite`: from a suite's STARTRUN to its ENDRUN, or to where the next one starts.
 * `between`: after a login, or in a test action, with no suite running. `end`: after LAVA's last action.
 */
export type SegmentKind = 'boot' | 'suite' | 'between' | 'end';

/** Where in the job a stretch lies. */
export interface SegmentPlace {
  kind: SegmentKind;
  /** `suite`: its name with LAVA's number; `between`: the one before, if there is one in the same test action. */
  suite: string | undefined;
  /** The boot action that it follows, or is, counted from 0 among those that ran. */
  boot: number;
  /** The test action that it lies in, counted likewise; undefined outside of them, and where the log does not say. */
  test: number | undefined;
}

export interface Segment extends SegmentPlace {
  /** Numbers of the first and last line that the board wrote in it. */
  firstLine: number;
  lastLine: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** The board wrote anything at all. */
  spoke: boolean;
  handover: boolean;
  /** A kernel wrote a line. */
  kernel: boolean;
  /** The kernel started init, and something else than the kernel wrote after that. */
  userspace: boolean;
  /** Something else than the kernel wrote, or echoed what was typed. */
  answered: boolean;
  /** LAVA noted a login at its end. */
  login: boolean;
  crash: Crash | undefined;
  /** A server of the lab refused what the boot needs: its words. */
  refusal: string | undefined;
  /** The prompt with which it ends, if it does: a shell's, or a getty's. */
  prompt: string | undefined;
  /** The end of what the board wrote. */
  tail: string;
  /** The kernel's reports that begin in it. */
  findings: Finding[];
  /** Those of them that a test provoked, by their first lines: from, to. */
  provoked: [from: number, to: number][];
}

/** A line of the board. */
export interface BoardLine {
  read: ReadLine;
  /** Its number in LAVA's log, from 0. */
  number: number;
  at: number | undefined;
  raw: string;
  /** It is the echo of what LAVA typed. */
  echo: boolean;
  /** It is a signal that a test goes on. */
  signal: boolean;
  /** Firmware, a boot loader or a kernel starts with it. */
  reset: boolean;
}

// What the kernel's own NFS root says (fs/nfs/nfsroot.c, mount_clnt.c).
const KERNEL_NFS = /^(?:Root-)?NFS: /;

const TAIL = 8192;
const MAX_PROVOKED = 1000;

export class SegmentBuilder {
  readonly place: SegmentPlace;
  /** `Linux version` was seen in it. */
  versionSeen = false;
  handover = false;
  login = false;
  readonly #tail = createTail(TAIL);
  readonly #end = new KernelEnd(this.#tail);
  readonly #provoked: [number, number][] = [];
  #firstLine: number;
  #lastLine: number;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #spoke = false;
  #kernel = false;
  #init = false;
  #userspace = false;
  #answered = false;
  #refusal: string | undefined;
  /** The last thing that a program wrote. */
  #lastWord = '';
  /** Of the line with which a test provokes a report: the kernel's time. */
  #provokedAt: number | undefined;

  /** `number` and `at` are those of the line before which it begins. */
  constructor(place: SegmentPlace, number: number, at: number | undefined) {
    this.place = place;
    this.#firstLine = number;
    this.#lastLine = number;
    this.#startedAt = at;
    this.#endedAt = at;
  }

  get kernelSpoke(): boolean {
    return this.#kernel || this.versionSeen;
  }

  get spoke(): boolean {
    return this.#spoke;
  }

  /** A line of the board. `kernelReached`: a kernel runs; before that nothing is a report of it. */
  write(line: BoardLine, kernelReached: boolean): void {
    const { read, number, at, raw } = line;
    this.#lastLine = number;
    this.#endedAt = at ?? this.#endedAt;
    this.#startedAt ??= at;
    if (!this.#spoke && raw !== '') {
      this.#spoke = true;
      this.#firstLine = number;
      this.#startedAt = at ?? this.#startedAt;
    }
    if (line.reset) this.#end.reset();
    if (read.stamp !== undefined || read.head?.report.early === true) this.#kernel = true;
    if (line.signal) this.life();
    // A report may begin in the middle of a signal, too.
    if (read.kernels && kernelReached && (!line.signal || read.head !== undefined)) this.#kernelLine(line);
    else if (!line.signal && !read.double && !read.fragment && raw.trim() !== '') this.#output(line);
    this.#end.show(raw);
    this.#tail.push(raw);
  }

  /** A line of the kernel that the board wrote on a connection to which LAVA did not listen. */
  writeAside(line: BoardLine): void {
    this.#kernelLine(line);
    this.#end.show(line.raw);
    this.#tail.push(line.raw);
  }

  /** A test goes on, or a login passed. */
  life(): void {
    this.#end.life();
    this.#provokedAt = undefined;
  }

  /** The next suite starts: the board goes on, though what an oops killed in this one does not. */
  leave(): void {
    this.#end.output();
  }

  #kernelLine({ read, number, at, raw }: BoardLine): void {
    const stamped = read.stamp !== undefined;
    const time = read.torn ? undefined : (read.stamp ?? (at ?? 0) / 1000);
    const { head, message } = read;
    if (head !== undefined) {
      this.#end.report({ number, at, raw, text: message, time, stamped }, head.report.class, head.report);
    } else {
      this.#end.kernelLine(time);
      if (isInit(read)) this.#init = true;
      else if (KERNEL_NFS.test(message)) this.#refused(raw);
    }
    if (message.startsWith('lkdtm: ')) this.#provoke(time, number);
    else if (this.#provokedAt !== undefined && (time ?? this.#provokedAt) <= this.#provokedAt + REPORT_TIME)
      this.#extend(number);
    if (!stamped && this.#init && head === undefined && !isInit(read)) this.#program(raw);
  }

  #provoke(time: number | undefined, number: number): void {
    this.#provokedAt = time ?? this.#provokedAt;
    if (this.#provoked.length < MAX_PROVOKED) this.#provoked.push([number, number]);
  }

  #extend(number: number): void {
    const last = this.#provoked.at(-1);
    if (last) last[1] = number;
  }

  #output({ raw, echo }: BoardLine): void {
    // Also what it echoes, which a dead board does not.
    this.#answered = true;
    if (echo) return;
    this.#end.output();
    this.#program(raw);
  }

  /** A program wrote it, as far as can be seen. */
  #program(raw: string): void {
    if (this.#init) this.#userspace = true;
    // What a test's programs write says nothing of the boot.
    if (this.place.kind === 'suite') return;
    this.#lastWord = raw;
    this.#refused(raw);
  }

  #refused(raw: string): void {
    if (this.place.kind === 'boot' && this.#refusal === undefined && isRefusal(raw))
      this.#refusal = raw.trim().slice(0, 200);
  }

  /** Ends the stretch; nothing of the log's own text is held any more. */
  close(): ClosedSegment {
    const end = this.#end.crash();
    return {
      stamped: end?.stamped ?? true,
      segment: {
        ...this.place,
        firstLine: this.#firstLine,
        lastLine: this.#lastLine,
        startedAt: this.#startedAt,
        endedAt: this.#endedAt,
        spoke: this.#spoke,
        handover: this.handover,
        kernel: this.kernelSpoke,
        userspace: this.#userspace,
        answered: this.#answered,
        login: this.login,
        crash: end?.crash,
        refusal: this.#refusal && copy(this.#refusal),
        prompt: isPrompt(this.#lastWord) ? copy(this.#lastWord.trim()) : undefined,
        tail: this.#tail.text(),
        findings: [],
        provoked: this.#provoked,
      },
    };
  }

  /** The log has time stamps after all: what had none was not the kernel's. */
  forgetUnstamped(): void {
    this.#end.forgetUnstamped();
  }
}

export interface ClosedSegment {
  segment: Segment;
  /** Whether its crash had a time stamp, or needs none. */
  stamped: boolean;
}

/** A part of a string keeps all of it in memory: here, a piece of the log. */
function copy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
