// How Maestro's job node ends: one word, and for `incomplete` one of Maestro's error codes.
import type { RootVerdict } from './model.ts';
import { ERROR_CODES, type ErrorCode, type NodeEnd } from './node-result.ts';
import { jobReason } from './reasons.ts';
import type { Rule } from './rules.ts';
import type { Situation } from './situation.ts';

export function judgeNode(s: Situation, rule: Rule, boot: RootVerdict, roots: RootVerdict[]): NodeEnd {
  const tests = [boot, ...roots];
  // No error code with a verdict on the kernel: Maestro's bridge reads some codes as an infrastructure failure.
  const failed = tests.find((test) => test.status === 'FAIL');
  if (failed) return { result: 'fail', errorCode: undefined, errorMsg: summary(failed) };
  const open = tests.find((test) => test.status === 'ERROR') ?? tests.find((test) => test.status === 'MISS');
  if (open) {
    const code = errorCode(s, rule);
    const reason = s.complete ? summary(open) : jobReason(s);
    // A type that is not the code stays in the message.
    const errorMsg = reason.startsWith(`${code}: `) ? reason.slice(code.length + 2) : reason;
    return { result: 'incomplete', errorCode: code, errorMsg };
  }
  const skipped = roots.length > 0 && roots.every((root) => root.status === 'SKIP');
  return { result: skipped ? 'skip' : 'pass', errorCode: undefined, errorMsg: undefined };
}

function summary(test: RootVerdict): string {
  return `${test.path}: ${test.reason ?? test.status}`;
}

function errorCode(s: Situation, { nodeCode }: Rule): ErrorCode {
  if (typeof nodeCode === 'function') return nodeCode(s);
  if (s.complete) return 'Test';
  if (nodeCode !== undefined) return nodeCode;
  // Maestro's list is closed; what is not in it becomes the nearest code that is.
  if (s.errorType === 'FastbootDeviceNotFound') return 'Infrastructure';
  return ERROR_CODES.find((code) => code === s.errorType) ?? 'Bug';
}
