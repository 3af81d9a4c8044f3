// What a job's log shows, read once, line by line, in constant memory: where the boot and the suites are on it, how the
// kernel ended, and when things happened. Only `target` lines, the board's own, say what the board did.
import type { LavaCase, LogLine } from '../lava/model.ts';
import type { Finding } from '../triage/model.ts';
import { createTriage, type Triage } from '../triage/triage.ts';
import {
  isBanner,
  isCrash,
  isHandover,
  isReportLine,
  isShellTrace,
  isStall,
  readConsoleLine,
  readRunSignal,
  type ConsoleLine,
} from './console-lines.ts';
import { createScene, createTail, EXCERPT_CHARS, type Scene, type Tail } from './excerpt.ts';

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

/** The facts that verdicts are made of. */
export interface ConsoleFacts {
  /** How many lines LAVA's log has. */
  lines: number;
  /** When the first and the last of them were written. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  segments: Segment[];
  /** When LAVA noted that a login passed. */
  loginAt: number | undefined;
  /** The name of the exception that LAVA ended with (`InfrastructureError`), if it said so. */
  errorClass: string | undefined;
  /** What LAVA itself wrote of errors, the last of it. */
  lavaErrors: string;
  /** When the lines were written with which the cases begin and end, by line number. */
  times: ReadonlyMap<number, number>;
  /** The console of failed cases, by the number of their first line. */
  excerpts: ReadonlyMap<number, string>;
}

export interface Console {
  line: (line: LogLine) => void;
  end: () => ConsoleFacts;
}

export interface ConsoleOptions {
  /** What finds the kernel's reports in the board's lines. */
  triage?: Triage;
  /** The job's results, if they are there already: the times and the console of its cases are kept then. */
  cases?: readonly LavaCase[];
}

// A log has a few dozen segments; a broken one gets no more than this.
const MAX_SEGMENTS = 1000;
const SEGMENT_TAIL = 8192;
// A stall's report is written at once; what the kernel writes that long after it (seconds) is another matter.
const STALL_REPORT = 10;

interface Mark {
  line: number;
  at: number | undefined;
  text: string;
  stamp: number | undefined;
  scene: Scene;
}

interface Open {
  segment: Segment;
  tail: Tail;
  versionSeen: boolean;
  crash: Mark | undefined;
  stall: Mark | undefined;
}

export function createConsole(options: ConsoleOptions = {}): Console {
  const { triage = createTriage() } = options;
  const cases = watchCases(options.cases ?? []);
  const errors = createTail(4096);
  const closed: Open[] = [];
  let open = openSegment('boot', undefined, 0, undefined);
  let number = 0;
  let firstAt: number | undefined;
  let lastAt: number | undefined;
  let stamped = false;
  let typed = '';
  let loginAt: number | undefined;
  let errorClass: string | undefined;
  let lastError = '';

  function next(kind: Segment['kind'], suite: string | undefined, line: LogLine): void {
    if (closed.length >= MAX_SEGMENTS) return;
    closed.push(open);
    open = openSegment(kind, suite, number, line.at);
  }

  function becomeStamped(): void {
    stamped = true;
    // What was taken for the kernel's so far had no time stamp, and the kernel writes them.
    for (const segment of [...closed, open]) {
      if (segment.crash?.stamp === undefined) segment.crash = undefined;
      if (segment.stall?.stamp === undefined) segment.stall = undefined;
    }
  }

  function target(line: LogLine, raw: string): void {
    const read = readConsoleLine(raw);
    const signal = readRunSignal(raw);
    if (read.stamp !== undefined && !stamped) becomeStamped();
    const trace = isShellTrace(raw);
    const kernels = !trace && (read.stamp !== undefined || !stamped);

    if (open.stall && survives(open.stall, read, raw)) open.stall = undefined;
    if (signal?.kind === 'start') next('suite', signal.suite, line);
    else if (open.segment.kind === 'boot') boot(line, raw, read, trace, kernels);

    const { segment } = open;
    segment.lastLine = number;
    segment.endedAt = line.at ?? segment.endedAt;
    segment.startedAt ??= line.at;
    if (!segment.spoke && raw !== '') {
      segment.spoke = true;
      segment.firstLine = number;
      segment.startedAt = line.at ?? segment.startedAt;
    }
    if (read.stamp !== undefined) segment.kernel = true;
    if (kernels) end(line, read);
    open.crash?.scene.push(raw);
    open.stall?.scene.push(raw);
    open.tail.push(raw);
    if (signal?.kind === 'end') next('between', signal.suite, line);
    triage.line(raw, number);
  }

  /** Boot loaders and kernels that start, among them those of a further attempt. */
  function boot(line: LogLine, raw: string, read: ConsoleLine, trace: boolean, kernels: boolean): void {
    const handover = !trace && isHandover(raw);
    const banner = kernels && isBanner(read);
    if ((handover || banner) && open.versionSeen) next('boot', undefined, line);
    if (handover) open.segment.handover = true;
    if (banner) {
      open.versionSeen = true;
      open.segment.kernel = true;
    }
  }

  /** Does the kernel end on this line? The first such line of a segment counts. */
  function end(line: LogLine, read: ConsoleLine): void {
    const mark = (): Mark => ({
      line: number,
      at: line.at,
      text: read.text,
      stamp: read.stamp,
      scene: createScene(open.tail, EXCERPT_CHARS),
    });
    if (isStall(read)) {
      if (open.stall) open.stall.stamp = read.stamp;
      else open.stall = mark();
    } else if (open.crash === undefined && isCrash(read)) {
      open.crash = mark();
      open.segment.kernel = true;
    }
  }

  /** A stall from which the board comes back is none: it wrote something that is neither report nor echo. */
  function survives(stall: Mark, read: ConsoleLine, raw: string): boolean {
    if (raw.trim() === '' || isStall(read) || (typed !== '' && raw.trimEnd().endsWith(typed))) return false;
    if (read.stamp === undefined && stall.stamp !== undefined) return true;
    if (!isReportLine(read)) return true;
    return read.stamp !== undefined && read.stamp > (stall.stamp ?? 0) + STALL_REPORT;
  }

  function lava(line: LogLine): void {
    if (line.level === 'input') typed = (line.text ?? '').trim();
    if (line.level === 'results') loginAt = loginTime(line) ?? loginAt;
    if (line.level !== 'error' && line.level !== 'exception') return;
    const text = line.text ?? '';
    errorClass = /^([A-Z]\w*(?:Error|Bug|Canceled)): /.exec(text)?.[1] ?? errorClass;
    if (text !== '' && text !== lastError) errors.push(text);
    lastError = text;
  }

  return {
    line: (line) => {
      firstAt ??= line.at;
      lastAt = line.at ?? lastAt;
      cases.line(number, line);
      if (line.level !== 'target') lava(line);
      else if (line.text !== undefined) target(line, line.text);
      number++;
    },

    end: () => {
      const findings = triage.end();
      const segments = [...closed, open].map((segment) => close(segment));
      for (const finding of findings) {
        segments.findLast((s) => s.firstLine <= finding.firstLine)?.findings.push(finding);
      }
      return {
        lines: number,
        firstAt,
        lastAt,
        segments,
        loginAt,
        errorClass,
        lavaErrors: errors.text(),
        times: cases.times,
        excerpts: cases.excerpts(),
      };
    },
  };
}

function openSegment(
  kind: Segment['kind'],
  suite: string | undefined,
  number: number,
  at: number | undefined,
): Open {
  return {
    segment: {
      kind,
      suite,
      firstLine: number,
      lastLine: number,
      startedAt: at,
      endedAt: at,
      spoke: false,
      handover: false,
      kernel: false,
      crash: undefined,
      tail: '',
      findings: [],
    },
    tail: createTail(SEGMENT_TAIL),
    versionSeen: false,
    crash: undefined,
    stall: undefined,
  };
}

function close(open: Open): Segment {
  // A stall that nothing followed is an end as well; where there are both, the crash says more.
  const mark = open.crash ?? open.stall;
  const crash = mark && { line: mark.line, at: mark.at, text: mark.text, excerpt: mark.scene.text() };
  return { ...open.segment, crash, tail: open.tail.text() };
}

function loginTime(line: LogLine): number | undefined {
  const { value } = line;
  if (typeof value !== 'object' || value === null || !('case' in value) || !('result' in value)) {
    return undefined;
  }
  return isLogin(String(value.case)) && value.result === 'pass' ? line.at : undefined;
}

/** LAVA's cases that say whether somebody could log in (or that a prompt came). */
export function isLogin(name: string): boolean {
  return name === 'login-action' || name === 'auto-login-action';
}

// The consoles of so many failed cases are kept, so much of each (characters).
const MAX_CASE_EXCERPTS = 64;
const CASE_EXCERPT = 2048;

interface CaseWatch {
  line: (number: number, line: LogLine) => void;
  times: Map<number, number>;
  excerpts: () => Map<number, string>;
}

function watchCases(cases: readonly LavaCase[]): CaseWatch {
  const watched = new Set(cases.flatMap((c) => [c.startLine, c.endLine]).filter((n) => n !== undefined));
  const times = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const { startLine, endLine, result } of cases) {
    if (result !== 'fail' || startLine === undefined || endLine === undefined || endLine <= startLine + 1)
      continue;
    if (ends.size < MAX_CASE_EXCERPTS) ends.set(startLine, endLine);
  }
  const done = new Map<number, string>();
  const running = new Map<number, { end: number; tail: Tail }>();
  return {
    line: (number, line) => {
      if (watched.size === 0) return;
      if (watched.has(number) && line.at !== undefined) times.set(number, line.at);
      const end = ends.get(number);
      if (end !== undefined) running.set(number, { end, tail: createTail(CASE_EXCERPT) });
      for (const [start, run] of running) {
        if (number < run.end) {
          if (line.level === 'target' && line.text?.startsWith('<LAVA_SIGNAL_') === false)
            run.tail.push(line.text);
          continue;
        }
        done.set(start, run.tail.text());
        running.delete(start);
      }
    },
    times,
    excerpts: () => {
      for (const [start, run] of running) done.set(start, run.tail.text());
      return done;
    },
  };
}
