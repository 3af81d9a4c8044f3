// What an HTTP answer means, from any system: the one classifier of statuses, and the one reader of Retry-After. A client
// says only which of its codes each class has, and what the admin may do.
import { answerText } from './answer-text.ts';
import type { AuthCode, PermanentCode, TemporaryCode } from './error-codes.ts';
import { PermanentError, TemporaryError, type BridgeError } from './errors.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { SECOND, type Clock } from './time.ts';

/**
 * `busy` passes by itself; the others do not: `credentials` (401), `forbidden` (403), `missing` (404), `too_large` (413),
 * `refused` (every other status, also a redirect, which is not followed).
 */
export type Failure = 'busy' | 'credentials' | 'forbidden' | 'missing' | 'too_large' | 'refused';

/** The class of a status that is not the success that was wanted. */
export function failureOf(status: number): Failure {
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'busy';
  switch (status) {
    case 401:
      return 'credentials';
    case 403:
      return 'forbidden';
    case 404:
      return 'missing';
    case 413:
      return 'too_large';
    default:
      return 'refused';
  }
}

/** The code of a class, and what the admin may do about it. */
interface Explanation {
  code: PermanentCode | AuthCode;
  hint?: string;
}

/** What a system's answers mean: `busy` and `refused`, and those of the other classes that it distinguishes. */
export type Explanations = { busy: TemporaryCode; refused: Explanation } & {
  [F in Exclude<Failure, 'busy' | 'refused'>]?: Explanation;
};

interface Options {
  /** The answer's own text is not quoted: it is a web page, or what a request made us fetch. */
  withoutText?: boolean;
  /** The class of this answer, where the system gives a status another meaning. */
  as?: Failure;
  /** In place of PermanentError. */
  permanent?: typeof PermanentError;
}

/** The error for an answer. `what` names method, host and path, never a query. */
export function answerError(
  what: string,
  answer: HttpAnswer,
  explanations: Explanations,
  options: Options = {},
): BridgeError {
  const { as = failureOf(answer.status), permanent = PermanentError, withoutText = false } = options;
  const text = `${what}: HTTP ${answer.status}${withoutText ? '' : `, ${answerText(answer)}`}`;
  if (as === 'busy') {
    return new TemporaryError(explanations.busy, text, { retryAfterMs: retryAfterMs(answer.headers) });
  }
  const { code, hint } = explanations[as] ?? explanations.refused;
  return new permanent(code, hint === undefined ? text : `${text}; ${hint}`);
}

/** Retry-After, in seconds or as a date, in milliseconds from now. TemporaryError keeps it within reason. */
export function retryAfterMs(headers: HttpAnswer['headers'], now: Clock = Date.now): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,12}$/.test(value)) return Number(value) * SECOND;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now());
}
