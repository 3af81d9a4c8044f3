// What only the log says about a job's test cases: when each began and ended, and the console of those that failed.
import type { LavaCase, LogLine } from '../lava/model.ts';
import { createTail, type Tail } from './excerpt.ts';

// The consoles of so many failed cases are kept, so much of each (characters).
const MAX_CASE_EXCERPTS = 64;
const CASE_EXCERPT = 2048;

export interface CaseWatch {
  line: (number: number, line: LogLine) => void;
  /** When the lines were written that the cases name. */
  times: Map<number, number>;
  /** The console of failed cases, by the number of their first line. */
  excerpts: () => Map<number, string>;
}

/** Watches the lines of the log that the cases name; `line` is given each line with its number, from 0. */
export function watchCases(cases: readonly LavaCase[]): CaseWatch {
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
      if (running.size === 0) return;
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
