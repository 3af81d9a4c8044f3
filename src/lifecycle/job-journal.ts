// The journal's line for each thing that happens to a job: the words of its timeline, with fields to search by.
import type { Logger } from 'pino';
import { errorInfo, isErrorCode } from '../core/error-codes.ts';
import { STAGES, type Entry } from '../store/index.ts';
import type { JobListener } from './job-events.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** By the kind of a line: how much it matters to an admin. */
const LEVEL: Record<Entry['kind'], (entry: Entry) => Level> = {
  stage: (entry) => (STAGES.some((stage) => stage === eventOf(entry)) ? 'info' : 'warn'),
  attempt: () => 'warn',
  report: () => 'info',
  note: ({ code }) => (code === undefined ? 'debug' : 'info'),
  wait: ({ code }) => (code === 'drained' ? 'info' : 'debug'),
  callback: () => 'debug',
  // While a system is away, each job that needs it has such a line; that it is away is a line of its own.
  error: ({ code }) => (code !== undefined && isErrorCode(code) && errorInfo(code).kind !== 'permanent' ? 'debug' : 'error'), // prettier-ignore
};

/** Writes what happens to jobs into the log. */
export function jobJournal(log: Logger): JobListener {
  return {
    entry(entry, place) {
      const fields = { event: eventOf(entry), ...place, reason: entry.code };
      log[LEVEL[entry.kind](entry)](fields, entry.text);
    },
  };
}

/** One word for a line of a timeline: the stage that was completed, how the job ended, or the kind of the line. */
export function eventOf({ kind, text }: Entry): string {
  if (kind === 'attempt') return 'retried';
  if (kind !== 'stage') return kind;
  if (/^received .*rejected: /s.test(text)) return 'rejected';
  return /^[a-z_]+/.exec(text)?.[0] ?? kind;
}
