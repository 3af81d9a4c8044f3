// What a job's log shows, read once, line by line, in constant memory: where the boots and the tests are on it, how the
// kernel ended, and when things happened. Only the board's own lines say what the board did; LAVA's say which of the job's
// actions it was in.
import type { LavaCase, LogLine } from '../lava/model.ts';
import { isShellTrace } from '../kernel-log/console-line.ts';
import type { ReadLine } from '../kernel-log/console-reader.ts';
import { createTriage, type Triage } from '../kernel-log/triage.ts';
import { watchCases } from './case-watch.ts';
import { isBanner, isHandover, isReset, isRestarting, isTestSignal, readRunSignal } from './console-marks.ts';
import { watchLava, type LavaEvent, type LavaFacts } from './lava-lines.ts';
import { SegmentBuilder, type ClosedSegment, type Segment, type SegmentKind } from './segment.ts';

/** The facts that verdicts are made of. */
export interface ConsoleFacts extends LavaFacts {
  /** How many lines LAVA's log has. */
  lines: number;
  /** When the first and the last of them were written. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  segments: Segment[];
  /** How many test actions LAVA began. */
  testActions: number;
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

/** Takes the lines of a job's log one by one, and gives what its console showed. */
export function createConsole(options: ConsoleOptions = {}): Console {
  const { triage = createTriage() } = options;
  const cases = watchCases(options.cases ?? []);
  const lava = watchLava();
  const phases = new Phases(triage);
  let number = 0;
  let firstAt: number | undefined;
  let lastAt: number | undefined;

  return {
    line: (line) => {
      firstAt ??= line.at;
      lastAt = line.at ?? lastAt;
      cases.line(number, line);
      const { level, text, at } = line;
      if (level === 'target' || level === 'feedback') {
        if (text === undefined) ++number;
        else if (level === 'target') phases.target(text, number++, at, lava.isEcho(text));
        else phases.feedback(text, number++, at);
        return;
      }
      const event = lava.line(line);
      if (event !== undefined) phases.event(event, number, at);
      number++;
    },

    end: () => ({
      lines: number,
      firstAt,
      lastAt,
      ...phases.end(),
      ...lava.facts(),
      times: cases.times,
      excerpts: cases.excerpts(),
    }),
  };
}

/** Cuts the console into the phases of the job. */
class Phases {
  readonly #triage: Triage;
  readonly #closed: ClosedSegment[] = [];
  #open = new SegmentBuilder({ kind: 'boot', suite: undefined, boot: 0, test: undefined }, 0, undefined);
  #bootActions = 0;
  #testActions = 0;
  #stamped = false;
  /** A kernel runs; and the lines between which none did. */
  #kernelReached = false;
  readonly #without: [from: number, to: number][] = [[0, Infinity]];

  constructor(triage: Triage) {
    this.#triage = triage;
  }

  target(raw: string, number: number, at: number | undefined, echo: boolean): void {
    const handover = isHandover(raw) && !isShellTrace(raw);
    const banner = raw.includes('Linux version ');
    const booting = this.#open.place.kind === 'boot';
    // A boot loader that starts a kernel is never the kernel's own doing; of a banner, after the login, `dmesg` may be.
    if (handover || (banner && booting)) this.#triage.restart();
    const read = this.#triage.line(raw, number);
    if (this.#triage.stamped() && !this.#stamped) this.#becomeStamped();
    const loader = handover && read.stamp === undefined;
    const reset = !echo && read.stamp === undefined && isReset(raw);
    if (reset || loader || (read.kernels && isRestarting(read))) this.#triage.restart();
    const line = { read, number, at, raw, echo, signal: isTestSignal(raw), reset: reset || loader };

    const run = readRunSignal(raw);
    if (run?.kind === 'start') {
      this.#open.leave();
      this.#next('suite', run.suite, number, at);
    } else if (booting) this.#attempt(line, handover, loader);
    this.#reach(line, handover);
    this.#open.write(line, this.#kernelReached);
    if (run?.kind === 'end') this.#next('between', run.suite, number, at);
  }

  /** Of a connection that LAVA does not listen to only the kernel's own lines say something of the phase. */
  feedback(raw: string, number: number, at: number | undefined): void {
    if (!raw.includes('[')) return;
    const read = this.#triage.line(raw, number);
    if (read.stamp === undefined || !read.kernels) return;
    this.#open.writeAside({ read, number, at, raw, echo: false, signal: false, reset: false });
  }

  event(event: LavaEvent, number: number, at: number | undefined): void {
    const { kind, suite } = this.#open.place;
    switch (event) {
      case 'boot':
        this.#bootActions++;
        if (this.#bootActions > 1 || this.#open.spoke) this.#next('boot', undefined, number, at);
        break;
      case 'test':
        this.#testActions++;
        this.#next('between', undefined, number, at, this.#testActions - 1);
        break;
      case 'login':
        if (kind !== 'boot') return;
        this.#open.life();
        this.#open.login = true;
        this.#next('between', undefined, number, at);
        break;
      case 'case-passed':
        // In a shell's suite the board's own signal says so, and at the right place.
        if (kind === 'between' && suite === undefined) this.#open.life();
        break;
      case 'action-ended':
        if (this.#open.place.test !== undefined) this.#next('between', undefined, number, at);
        break;
      case 'other':
        if (kind !== 'boot' || this.#open.spoke) this.#next('end', undefined, number, at);
        break;
    }
  }

  end(): { segments: Segment[]; testActions: number } {
    const segments = [...this.#closed, this.#open.close()].map(({ segment }) => segment);
    for (const finding of this.#triage.end()) {
      // Boot loaders and firmware crash too, in the same words.
      if (this.#without.some(([from, to]) => from <= finding.firstLine && finding.firstLine < to)) continue;
      segments.findLast((s) => s.firstLine <= finding.firstLine)?.findings.push(finding);
    }
    return { segments, testActions: this.#testActions };
  }

  #next(
    kind: SegmentKind,
    suite: string | undefined,
    number: number,
    at: number | undefined,
    test = kind === 'suite' || suite !== undefined ? this.#open.place.test : undefined,
  ): void {
    if (this.#closed.length >= MAX_SEGMENTS) return;
    this.#closed.push(this.#open.close());
    const boot = Math.max(0, this.#bootActions - 1);
    this.#open = new SegmentBuilder({ kind, suite, boot, test }, number, at);
  }

  /** Boot loaders that start a kernel, and kernels that begin, among them those of a further boot attempt. */
  #attempt(
    line: { read: ReadLine; number: number; at: number | undefined },
    handover: boolean,
    loader: boolean,
  ): void {
    const banner = line.read.kernels && isBanner(line.read);
    // A kernel with `quiet` on its command line has no banner.
    if ((banner || handover) && (this.#open.versionSeen || (loader && this.#open.kernelSpoke))) {
      this.#next('boot', undefined, line.number, line.at);
    }
    if (handover) this.#open.handover = true;
    if (banner) this.#open.versionSeen = true;
  }

  #reach(
    { read, number, reset }: { read: ReadLine; number: number; reset: boolean },
    handover: boolean,
  ): void {
    const runs =
      handover ||
      (read.kernels && (read.stamp !== undefined || isBanner(read) || read.head?.report.early === true));
    if (runs === this.#kernelReached) return;
    if (runs) {
      this.#kernelReached = true;
      const last = this.#without.at(-1);
      if (last) last[1] = number;
    } else if (reset) {
      this.#kernelReached = false;
      if (this.#without.length < MAX_SEGMENTS) this.#without.push([number, Infinity]);
    }
  }

  #becomeStamped(): void {
    this.#stamped = true;
    // What was taken for the kernel's so far had no time stamp, and the kernel writes them.
    this.#open.forgetUnstamped();
    for (const before of this.#closed) if (!before.stamped) before.segment.crash = undefined;
  }
}
