// What jobs wrote so far: their logs and results. All is made up again whenever it is asked for, from the few facts that a
// job is; only jobs that are at it are kept at hand.
import type { AgeFacts } from './age.ts';
import { scenarioOf, suitesOf } from './definition.ts';
import type { Entry, Run } from './job-log.ts';
import type { Stored } from './results.ts';
import { play, playCancel, type Script } from './scenarios.ts';
import type { SimJob } from './model.ts';

/** A line of a job's log with its real time, ms since the epoch. */
export interface TimedEntry extends Entry {
  atMs: number;
}

export class Runs {
  private readonly age: AgeFacts;
  private readonly runMs: number;
  private readonly current = new Map<number, Script>();

  /** `runMs`: how long every job takes. */
  constructor(age: AgeFacts, runMs: number) {
    this.age = age;
    this.runMs = runMs;
  }

  /** All that will happen to the job. */
  script(job: SimJob): Script {
    const known = this.current.get(job.id);
    if (known) return known;
    const script = play(scenarioOf(job.definition), this.runOf(job));
    if (job.state !== 'Finished') this.current.set(job.id, script);
    return script;
  }

  /** The job is over. */
  forget(job: SimJob): void {
    this.current.delete(job.id);
  }

  /** The lines that the job's log has by now, or (`final`) will have in the end. */
  entries(job: SimJob, final = job.state === 'Finished'): TimedEntry[] {
    const { startedAt } = job;
    if (startedAt === undefined || job.device === undefined) return [];
    const { entries } = this.script(job);
    const scale = this.runMs / Math.max(1, entries.at(-1)?.at ?? 1);
    const until = job.canceledAt ?? (final ? Infinity : Date.now());
    const timed = (entry: Entry): TimedEntry => ({ ...entry, atMs: startedAt + entry.at * scale });
    const written = entries.map(timed).filter(({ atMs }) => atMs <= until);
    if (!final || job.canceledAt === undefined) return written;
    return [...written, ...playCancel(this.runOf(job), entries.slice(0, written.length)).map(timed)];
  }

  /** The test cases among them. */
  results(job: SimJob, final?: boolean): Stored[] {
    const stored: Stored[] = [];
    for (const { level, msg, atMs } of this.entries(job, final)) {
      const suite = level === 'results' ? suiteOf(msg) : undefined;
      if (suite === undefined) continue;
      const message = msg as Stored['message'];
      stored.push({ id: job.firstCase + stored.length, suite, loggedAt: atMs, message });
    }
    return stored;
  }

  private runOf({ id, definition, attempt, device }: SimJob): Run {
    const { age } = this;
    return { age, id, definition, attempt, suites: suitesOf(definition), device: device?.name ?? '' };
  }
}

function suiteOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('definition' in message)) return undefined;
  return typeof message.definition === 'string' ? message.definition : undefined;
}
