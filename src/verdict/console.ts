// What a job's log shows, read once, line by line, in constant memory: where the boot and the suites are on it, how the
// kernel ended, and when things happened. Only `target` lines, the board's own, say what the board did.
import type { LavaCase, LogLine } from '../lava/model.ts';
import { createTriage, type Triage } from '../kernel-log/triage.ts';
import { watchCases } from './case-watch.ts';
import { isBanner, isHandover, isShellTrace, readConsoleLine, readRunSignal } from './console-lines.ts';
import { createTail } from './excerpt.ts';
import { openSegment, type BoardLine, type ClosedSegment, type Segment } from './segment.ts';

/** The facts that verdicts are made of. */
export interface ConsoleFacts {
  /** How many lines LAVA's log has. */
  lines: number;
  /** When the first and the last of them were written. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  segments: Segment[];
  /** When LAVA began with the job's actions, and when it last said that something timed out. */
  actionsAt: number | undefined;
  timedOutAt: number | undefined;
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
// A kernel's time goes on. A line that is older (seconds) than others before it is shown again: `dmesg` in a test.
const REPLAYED = 10;
// Some kernels begin with a time stamp below zero, which is printed as a huge one.
const LAST_STAMP = 1e9;

export function createConsole(options: ConsoleOptions = {}): Console {
  const { triage = createTriage() } = options;
  const cases = watchCases(options.cases ?? []);
  const lava = watchLava();
  const closed: ClosedSegment[] = [];
  let open = openSegment('boot', undefined, 0, undefined);
  let number = 0;
  let firstAt: number | undefined;
  let lastAt: number | undefined;
  let stamped = false;
  let newestStamp = 0;

  function next(kind: Segment['kind'], suite: string | undefined, at: number | undefined): void {
    if (closed.length >= MAX_SEGMENTS) return;
    closed.push(open.close());
    open = openSegment(kind, suite, number, at);
  }

  function becomeStamped(): void {
    stamped = true;
    // What was taken for the kernel's so far had no time stamp, and the kernel writes them.
    open.forgetUnstamped();
    for (const before of closed) if (!before.stamped) before.segment.crash = undefined;
  }

  function target({ at }: LogLine, raw: string): void {
    const read = readConsoleLine(raw);
    const signal = readRunSignal(raw);
    if (read.stamp !== undefined && !stamped) becomeStamped();
    const trace = isShellTrace(raw);
    const kernels = !trace && (read.stamp !== undefined || !stamped);
    const { stamp, text } = read;
    const line = { stamp, text, number, at, raw, kernels, echo: lava.isEcho(raw) };

    if (signal?.kind === 'start') {
      open.leave(line);
      next('suite', signal.suite, at);
    } else if (!trace) starts(line);
    if (isReplayed(read.stamp)) line.kernels = false;
    open.write(line);
    if (signal?.kind === 'end') next('between', signal.suite, at);
    triage.line(raw, number);
  }

  /** Boot loaders that start a kernel, and kernels that begin, among them those of a further boot attempt. */
  function starts(line: BoardLine): void {
    const handover = isHandover(line.raw);
    const loader = handover && line.stamp === undefined;
    if (loader) newestStamp = 0;
    if (open.kind !== 'boot') return;
    const banner = line.kernels && isBanner(line);
    // After the login it is `dmesg` that shows the first words of a kernel.
    const begins = (banner || handover) && (loader || lava.loginAt() === undefined);
    // A kernel that was told to be quiet has no banner, but a boot loader that starts one is never its own doing.
    if (begins && (open.versionSeen || (loader && open.kernelSpoke()))) {
      next('boot', undefined, line.at);
      newestStamp = 0;
    }
    if (handover) open.handover = true;
    if (banner) open.versionSeen = true;
  }

  function isReplayed(stamp: number | undefined): boolean {
    if (stamp === undefined) return false;
    if (stamp > newestStamp && stamp < LAST_STAMP) newestStamp = stamp;
    return stamp < newestStamp - REPLAYED;
  }

  return {
    line: (line) => {
      firstAt ??= line.at;
      lastAt = line.at ?? lastAt;
      cases.line(number, line);
      if (line.level !== 'target') lava.line(line);
      else if (line.text !== undefined) target(line, line.text);
      number++;
    },

    end: () => {
      const segments = [...closed, open.close()].map(({ segment }) => segment);
      for (const finding of triage.end()) {
        segments.findLast((s) => s.firstLine <= finding.firstLine)?.findings.push(finding);
      }
      return {
        lines: number,
        firstAt,
        lastAt,
        segments,
        ...lava.facts(),
        times: cases.times,
        excerpts: cases.excerpts(),
      };
    },
  };
}

type LavaFacts = Pick<ConsoleFacts, 'actionsAt' | 'timedOutAt' | 'loginAt' | 'errorClass' | 'lavaErrors'>;

interface LavaWatch {
  line: (line: LogLine) => void;
  loginAt: () => number | undefined;
  facts: () => LavaFacts;
  /** Whether a line of the board is what LAVA typed last. */
  isEcho: (raw: string) => boolean;
}

const LAVA_ERRORS = 4096;

/** LAVA's own lines: what it typed, what it noted, how it failed. */
function watchLava(): LavaWatch {
  const errors = createTail(LAVA_ERRORS);
  let typed = '';
  let actionsAt: number | undefined;
  let timedOutAt: number | undefined;
  let loginAt: number | undefined;
  let errorClass: string | undefined;
  let lastError = '';
  return {
    line: (line) => {
      const text = line.text ?? '';
      if (line.level === 'input') typed = text.trim();
      if (line.level === 'results') loginAt = loginTime(line) ?? loginAt;
      if (line.level === 'info' && text.startsWith('start: 1 ')) actionsAt ??= line.at;
      if (line.level !== 'error' && line.level !== 'exception') return;
      if (/ timed out after \d+ seconds/.test(text)) timedOutAt = line.at ?? timedOutAt;
      errorClass = /^([A-Z]\w*(?:Error|Bug|Canceled)): /.exec(text)?.[1] ?? errorClass;
      if (text !== '' && text !== lastError) errors.push(text);
      lastError = text;
    },
    loginAt: () => loginAt,
    facts: () => ({ actionsAt, timedOutAt, loginAt, errorClass, lavaErrors: errors.text() }),
    isEcho: (raw) => typed !== '' && raw.trimEnd().endsWith(typed),
  };
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
