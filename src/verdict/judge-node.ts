// How Maestro's job node ends: one word, and for `incomplete` one of Maestro's error codes.
import { ERROR_CODES, type ErrorCode } from './node-result.ts';
import type { Ending, RootVerdict, Verdict } from './model.ts';
import { jobReason } from './reasons.ts';
import type { Rule } from './rules.ts';
import type { Situation } from './situation.ts';

export function judgeNode(
  s: Situation,
  rule: Rule,
  boot: RootVerdict,
  roots: RootVerdict[],
): Verdict['node'] {
  const tests = [boot, ...roots];
  // No error code beside a verdict on the kernel: Maestro's bridge reads some codes as an infrastructure failure.
  const failed = tests.find((test) => test.status === 'FAIL');
  if (failed) return { result: 'fail', errorCode: undefined, errorMsg: told(failed) };
  const open = tests.find((test) => test.status === 'ERROR') ?? tests.find((test) => test.status === 'MISS');
  if (open) {
    const code = errorCode(s, rule);
    const reason = s.complete ? told(open) : jobReason(s);
    // A type that is not the code stays in the message.
    const errorMsg = reason.startsWith(`${code}: `) ? reason.slice(code.length + 2) : reason;
    return { result: 'incomplete', errorCode: code, errorMsg };
  }
  const skipped = roots.length > 0 && roots.every((root) => root.status === 'SKIP');
  return { result: skipped ? 'skip' : 'pass', errorCode: undefined, errorMsg: undefined };
}

function told(test: RootVerdict): string {
  return `${test.path}: ${test.reason ?? test.status}`;
}

function errorCode(s: Situation, rule: Rule): ErrorCode {
  if (rule.number === 1) return endingCode(s);
  if (s.complete) return 'Test';
  if (rule.number === 4) return 'Canceled';
  if (rule.number === 8) return 'Infrastructure';
  // Maestro's list is closed; what it does not know is told as the nearest that it does.
  if (s.errorType === 'FastbootDeviceNotFound') return 'Infrastructure';
  return ERROR_CODES.find((code) => code === s.errorType) ?? 'Bug';
}

const ENDING_CODES = {
  rejected: 'invalid_job_params',
  timed_out: 'node_timeout',
  lost: 'node_timeout',
  canceled: 'Canceled',
} as const satisfies Record<Ending['kind'], ErrorCode>;

function endingCode({ ending, canceled }: Situation): ErrorCode {
  if (ending) return ending.errorCode ?? ENDING_CODES[ending.kind];
  return canceled ? 'Canceled' : 'Infrastructure';
}
