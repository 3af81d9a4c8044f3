// The errors that the parts throw to each other. A caller decides by the class whether to try again;
// the message is for the admin: what happened, to what, and what to do.
import type { AuthCode, ErrorCode, PermanentCode, TemporaryCode } from './error-codes.ts';
import { MINUTE } from './time.ts';

/** Base of all errors that are expected in operation. `code` is of the catalogue; `message` is for people. */
export class BridgeError extends Error {
  readonly code: ErrorCode;
  /** Where in the input the fault is (`node.artifacts.kernel`, `labs.0.lava.url`), if it is in an input. */
  readonly field: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { field?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.field = options.field;
  }
}

/** The longest wait that another side can set (ms), whatever it asks for. */
export const LONGEST_RETRY_AFTER = 10 * MINUTE;

/** The other side is away, busy or broken; the same call may succeed later. */
export class TemporaryError extends BridgeError {
  declare readonly code: TemporaryCode | AuthCode;
  /** The least time to wait before the next try (ms), where one was named; at most LONGEST_RETRY_AFTER. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: TemporaryCode | AuthCode,
    message: string,
    options: { field?: string; cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options);
    const { retryAfterMs } = options;
    this.retryAfterMs = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, LONGEST_RETRY_AFTER);
  }
}

/** The other side, or our own check, refused; the same call will be refused again. */
export class PermanentError extends BridgeError {
  declare readonly code: PermanentCode | AuthCode;

  constructor(
    code: PermanentCode | AuthCode,
    message: string,
    options: { field?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}

/** A request (or what it names) that can't be run; becomes a `rejected` job or a 4xx answer. */
export class RequestError extends PermanentError {
  /** The key of the configuration or of a board (`definitions.file_hosts`) that would permit it, if one would. */
  readonly setting: string | undefined;

  constructor(
    code: PermanentCode | AuthCode,
    message: string,
    options: { field?: string | undefined; setting?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.setting = options.setting;
  }
}

/** One thing wrong in a file that the admin writes. Line and column count from 1. */
export interface Problem {
  code: ErrorCode;
  file: string;
  line?: number | undefined;
  column?: number | undefined;
  /** The key that it is about, dotted (`labs.0.name`); undefined where it is about the whole file. */
  key?: string | undefined;
  message: string;
}

/** All that is wrong in the admin's files; its message lists every problem, one a line. */
export class ConfigError extends BridgeError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('config', problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column: message [code]`, as compilers print it. */
export function formatProblem(p: Problem): string {
  const place = [p.file, p.line, p.column].filter((part) => part !== undefined).join(':');
  return `${place}: ${p.message} [${p.code}]`;
}

/** The text of anything that was thrown; for messages that name a cause. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}
