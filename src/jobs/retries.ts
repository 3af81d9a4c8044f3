// Decides whether a failed attempt is tried again. Only what is the lab's fault is; and only while Maestro has not
// begun to retry by itself, so that the two do not multiply.
import { formatDuration } from '../base/time.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { AttemptRecord, JobRecord } from '../store/index.ts';
import type { Lab } from './lab.ts';
import type { Outcome } from './model.ts';
import type { Trial } from './trial.ts';

interface Case {
  job: JobRecord;
  request: JobRequest;
  attempts: readonly AttemptRecord[];
  trial: Trial;
  lab: Lab;
  now: number;
}

/** The rules that say: the lab failed, and nothing was found out of the kernel. */
const LAB_FAILED = new Set([8, 12]);

export function anotherAttempt({ job, request, attempts, trial, lab, now }: Case): Outcome | undefined {
  const last = attempts.at(-1);
  const limit = lab.config.retries.infrastructure;
  if (last === undefined || trial.evidence.ending !== undefined || job.cancel !== null) return undefined;
  if (!LAB_FAILED.has(trial.verdict.rule) || attempts.length > limit) return undefined;
  if ((request.node.retry_counter ?? 0) > 0) return undefined;
  const why = trial.verdict.node.errorMsg ?? `rule ${trial.verdict.rule}`;
  const pause = lab.config.retries.pause * 2 ** (attempts.length - 1);
  return {
    kind: 'again',
    to: 'claimed',
    at: now + pause,
    reason: `attempt ${last.n} failed for the lab's part (${why}); again in ${formatDuration(pause)}`,
    change: { attempts: new Map([[last.n, { outcome: why }]]) },
  };
}
