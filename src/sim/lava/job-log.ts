// The log of one simulated job while it is made up: lines with their times, and the results among them.
import { z } from 'zod';
import type { AgeFacts } from './age.ts';
import type { Definition, SimSuite } from './definition.ts';
import type { LogValue } from './python.ts';

/** What a run depends on. */
export interface Run {
  age: AgeFacts;
  id: number;
  device: string;
  definition: Definition;
  suites: SimSuite[];
  /** How often a job with the same kernel URL has run before, from 0. */
  attempt: number;
}

export interface Entry {
  /** Milliseconds since the job began to run, on a board as fast as the lab's QEMU. */
  at: number;
  level: string;
  msg: LogValue;
  namespace?: string;
}

type Fields = Record<string, LogValue>;

/** Every line takes that long (ms), so that a job of 300 lines has its times in order. */
const TICK = 0.31;

/** Writes a job's log in LAVA's words. Times pass by `wait`. */
export class JobLog {
  readonly run: Run;
  readonly entries: Entry[] = [];
  private now = 0;
  private kernelBegan = 0;

  /** What LAVA recorded before: `suite/case`. */
  private readonly recorded: Set<string>;

  /** `earlier`: what the log has already, of a job that goes on here. */
  constructor(run: Run, earlier: readonly Entry[] = []) {
    this.run = run;
    this.now = earlier.at(-1)?.at ?? 0;
    this.recorded = new Set(earlier.flatMap(({ level, msg }) => (level === 'results' ? [caseKey(msg)] : [])));
  }

  /** Lets time pass on the board, ms. */
  wait(ms: number): void {
    this.now += ms;
  }

  add(level: string, msg: LogValue, namespace?: string): void {
    this.now += TICK;
    this.entries.push({ at: this.now, level, msg, ...(namespace === undefined ? {} : { namespace }) });
  }

  debug(text: string): void {
    this.add('debug', text);
  }

  info(text: string): void {
    this.add('info', text);
  }

  /** A console line. LAVA 2023.01 puts a backslash before every quote of it. */
  target(text: string): void {
    this.add('target', this.run.age.escapesQuotes ? text.replaceAll('"', '\\"') : text);
  }

  /** Kernel lines, each with the kernel's time stamp. The first after `powerOn` is at 0. */
  kernel(...lines: string[]): void {
    for (const line of lines) {
      const seconds = (Math.max(0, this.now - this.kernelBegan) / 1000).toFixed(6);
      this.target(`[${seconds.padStart(12)}] ${line}`);
    }
  }

  /** The kernel's clock begins. */
  powerOn(): void {
    this.kernelBegan = this.now + TICK;
  }

  /** The number of the last line written, as LAVA counts it. */
  get line(): number {
    return this.entries.length - 1;
  }

  result(fields: Fields): void {
    this.recorded.add(caseKey(fields));
    this.add('results', fields);
  }

  /** Whether LAVA recorded such a case. */
  has(suite: string, name: string): boolean {
    return this.recorded.has(`${suite}/${name}`);
  }

  /** The result of one of LAVA's own actions. */
  action(name: string, level: string, result: 'pass' | 'fail', durationMs: number, extra: Fields): void {
    this.result({
      definition: 'lava',
      namespace: 'common',
      case: name,
      level,
      duration: (durationMs / 1000).toFixed(2),
      result,
      extra,
    });
  }

  /** The lines around an action, and what happens in it. */
  within(level: string, name: string, body: () => void): void {
    this.debug(`start: ${level} ${name} (timeout 00:05:00) [common]`);
    const began = this.now;
    body();
    const seconds = String(Math.round((this.now - began) / 1000)).padStart(2, '0');
    this.debug(`end: ${level} ${name} (duration 00:00:${seconds}) [common]`);
  }
}

/** `suite/case` of a results line; nothing of any other. */
function caseKey(message: LogValue): string {
  const parsed = CaseLine.safeParse(message);
  return parsed.success ? `${parsed.data.definition}/${parsed.data.case}` : '';
}

const CaseLine = z.looseObject({ definition: z.string(), case: z.string() });
