// A stretch of a job's console, built up line by line: what the board wrote in it, and whether the kernel ended there.
import type { Finding } from '../kernel-log/model.ts';
import { isCrash, isReportLine, isStall, type ConsoleLine } from './console-lines.ts';
import { createScene, createTail, EXCERPT_CHARS, type Scene } from './excerpt.ts';

/** A line on which the kernel seems to end. */
export interface Crash {
  /** The number of the line in LAVA's log, from 0. */
  line: number;
  at: number | undefined;
  text: string;
  /** The line with what stands around it. */
  excerpt: string;
}

/**
 * A stretch of the console. `boot`: one boot attempt (before the first suite). `suite`: from its STARTRUN to its ENDRUN,
 * or to where the next suite starts. `between`: from an ENDRUN to the next STARTRUN or the end.
 */
export interface Segment {
  kind: 'boot' | 'suite' | 'between';
  /** `suite`: its name with LAVA's number; `between`: the one before. */
  suite: string | undefined;
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
  crash: Crash | undefined;
  /** The end of what the board wrote. */
  tail: string;
  findings: Finding[];
}

/** A line of the board. */
export interface BoardLine extends ConsoleLine {
  /** Its number in LAVA's log, from 0. */
  number: number;
  at: number | undefined;
  raw: string;
  /** The kernel may have written it, now: not a program, a shell, or a line that is shown again. */
  kernels: boolean;
  /** It is the echo of what LAVA typed. */
  echo: boolean;
}

export interface SegmentBuilder {
  readonly kind: Segment['kind'];
  /** `Linux version` was seen in it. */
  versionSeen: boolean;
  /** The kernel has said anything in it. */
  kernelSpoke: () => boolean;
  handover: boolean;
  write: (line: BoardLine) => void;
  /** The line is the next stretch's; but a stall that it follows is none. */
  leave: (line: BoardLine) => void;
  /** Ends the stretch; nothing of the log's own text is held any more. */
  close: () => ClosedSegment;
  /** The log has time stamps after all: what had none was not the kernel's. */
  forgetUnstamped: () => void;
}

export interface ClosedSegment {
  segment: Segment;
  /** Whether its crash had a time stamp. */
  stamped: boolean;
}

const TAIL = 8192;
// A stall's report is written at once; what the kernel writes that long after it (seconds) is another matter.
const STALL_REPORT = 10;

interface Mark {
  line: BoardLine;
  scene: Scene;
  /** The last time stamp of a stall that repeats itself. */
  stamp: number | undefined;
}

/** `number` and `at` are those of the line before which it begins. */
export function openSegment(
  kind: Segment['kind'],
  suite: string | undefined,
  number: number,
  at: number | undefined,
): SegmentBuilder {
  const tail = createTail(TAIL);
  let [firstLine, lastLine] = [number, number];
  let [startedAt, endedAt] = [at, at];
  let spoke = false;
  let kernel = false;
  let crash: Mark | undefined;
  let stall: Mark | undefined;

  const mark = (line: BoardLine): Mark => ({
    line,
    stamp: line.stamp,
    scene: createScene(tail, EXCERPT_CHARS),
  });

  function watchKernel(line: BoardLine): void {
    if (stall && survives(stall, line)) stall = undefined;
    if (!line.kernels) return;
    if (isStall(line)) {
      stall ??= mark(line);
      stall.stamp = line.stamp;
    } else if (crash === undefined && isCrash(line)) crash = mark(line);
  }

  const builder: SegmentBuilder = {
    kind,
    versionSeen: false,
    kernelSpoke: () => kernel || builder.versionSeen || crash !== undefined,
    handover: false,

    write: (line) => {
      lastLine = line.number;
      endedAt = line.at ?? endedAt;
      startedAt ??= line.at;
      if (!spoke && line.raw !== '') {
        spoke = true;
        firstLine = line.number;
        startedAt = line.at ?? startedAt;
      }
      if (line.stamp !== undefined) kernel = true;
      watchKernel(line);
      crash?.scene.push(line.raw);
      stall?.scene.push(line.raw);
      tail.push(line.raw);
    },

    leave: (line) => {
      if (stall && survives(stall, line)) stall = undefined;
    },

    close: () => {
      // A stall that nothing followed is an end as well; where there are both, the crash says more.
      const end = crash ?? stall;
      return {
        stamped: end?.line.stamp !== undefined,
        segment: {
          kind,
          suite,
          firstLine,
          lastLine,
          startedAt,
          endedAt,
          spoke,
          handover: builder.handover,
          kernel: builder.kernelSpoke(),
          crash: end && {
            line: end.line.number,
            at: end.line.at,
            text: copy(end.line.text),
            excerpt: end.scene.text(),
          },
          tail: tail.text(),
          findings: [],
        },
      };
    },

    forgetUnstamped: () => {
      if (crash?.line.stamp === undefined) crash = undefined;
      if (stall?.line.stamp === undefined) stall = undefined;
    },
  };
  return builder;
}

/** A stall from which the board comes back is none: it wrote something that is neither report nor echo. */
function survives(stall: Mark, line: BoardLine): boolean {
  if (line.raw.trim() === '' || line.echo || isStall(line)) return false;
  if (line.stamp === undefined && stall.line.stamp !== undefined) return true;
  if (!isReportLine(line)) return true;
  return line.stamp !== undefined && line.stamp > (stall.stamp ?? 0) + STALL_REPORT;
}

/** A part of a string keeps all of it in memory: here, a piece of the log. */
function copy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
