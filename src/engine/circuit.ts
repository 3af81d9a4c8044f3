// A circuit before each outside system: after a few failures in a row nothing is sent there for a while, so that what
// is down costs no job time, and each outage is reported once when it begins and once when it ends.
import { isAuthCode, type AuthCode, type ErrorCode } from '../core/error-codes.ts';
import { BridgeError, errorText, TemporaryError } from '../core/errors.ts';
import { isLostLease } from '../core/lease.ts';
import { MINUTE, rfc3339, SECOND, type Clock } from '../core/time.ts';

/** What is known of a system: whether it answers, since when, and why not. */
export interface CircuitState {
  /** `up`: it answered, not long ago. `unknown`: it was never asked, or not for a while. */
  status: 'up' | 'down' | 'unknown';
  /** Since when calls are let through, or not (ms). */
  since: number;
  /** When it last answered (ms); undefined: not since the start. */
  answeredAt: number | undefined;
  /** The last failure, while it is down. */
  why: string | undefined;
  /** While it is down: when a call is let through again (ms). */
  retryAt: number | undefined;
}

/** Stands before the calls to one system, and stops them while it does not answer. */
export interface Circuit {
  /** Runs the call, or throws TemporaryError `down` without trying it. */
  run: <T>(call: () => Promise<T>) => Promise<T>;
  state: () => CircuitState;
}

/** What a circuit is made with. */
export interface CircuitOptions {
  /** In messages: `lava-mylab`, `Maestro`, `KCIDB`. */
  name: string;
  now: Clock;
  /** It goes down, or comes back; the first answer is no news. */
  onChange?: (state: CircuitState) => void;
  /** A call was made: how long it took (ms), and the code of its failure. */
  onCall?: ((ms: number, code: ErrorCode | undefined) => void) | undefined;
  /** Failures in a row that open it. */
  failures?: number;
  /** How long it stays open before one call is let through (ms). */
  pause?: number;
}

/** A refused token is refused for every request until an admin has replaced it. */
const AUTH_PAUSE = MINUTE;
/** Nothing is said of a system on the word of an older answer. */
const KNOWN_FOR = 10 * MINUTE;

/**
 * Failures are TemporaryErrors, and refusals of our token (codes of kind `auth`), which open it at once and come out as
 * TemporaryErrors: they concern everything that is sent. Another refusal shows that the other side is there.
 */
export function createCircuit(options: CircuitOptions): Circuit {
  const { name, now, onChange, onCall, failures = 3, pause = 10 * SECOND } = options;
  let isDown = false;
  let since = now();
  let answeredAt: number | undefined;
  let why: string | undefined;
  let failed = 0;
  let failedAt = 0;
  let retryAt = 0;
  let probing = false;

  /** When a call is let through again; at once if the clock was set back. */
  function nextTry(): number {
    return now() < failedAt ? now() : retryAt;
  }

  function state(): CircuitState {
    const isKnown = answeredAt !== undefined && Math.abs(now() - answeredAt) <= KNOWN_FOR;
    const status = isDown ? 'down' : isKnown ? 'up' : 'unknown';
    return { status, since, answeredAt, why, retryAt: isDown ? nextTry() : undefined };
  }

  function away(): string {
    return `${name} is away since ${rfc3339(since)}: ${why ?? 'no answer'}`;
  }

  function change(goesDown: boolean): void {
    if (goesDown === isDown) return;
    isDown = goesDown;
    since = now();
    onChange?.(state());
  }

  function answered(): void {
    failed = 0;
    why = undefined;
    answeredAt = now();
    change(false);
  }

  function unanswered(error: TemporaryError): void {
    failed += 1;
    why = errorText(error);
    failedAt = now();
    retryAt = failedAt + Math.max(pause, error.retryAfterMs ?? 0);
    if (failed >= failures || isAuth(error)) change(true);
  }

  return {
    state,
    async run(call) {
      if (isDown && (probing || now() < nextTry())) {
        throw new TemporaryError('down', away(), { retryAfterMs: Math.max(SECOND, retryAt - now()) });
      }
      const probe = isDown;
      if (probe) probing = true;
      const began = performance.now();
      const called = (code?: ErrorCode): void => onCall?.(performance.now() - began, code);
      try {
        const result = await call();
        called();
        answered();
        return result;
      } catch (thrown) {
        called(thrown instanceof BridgeError ? thrown.code : 'internal');
        const error = isAuth(thrown) ? asTemporary(thrown) : thrown;
        if (!(error instanceof TemporaryError)) answered();
        else if (error.code !== 'aborted' && !isLostLease(error)) unanswered(error);
        // The same words as for a call that was not tried: what waits for this has one reason, not two in turn.
        if (!isDown || !(error instanceof TemporaryError)) throw error;
        throw new TemporaryError(error.code, away(), { cause: error, retryAfterMs: error.retryAfterMs });
      } finally {
        if (probe) probing = false;
      }
    },
  };
}

function isAuth(error: unknown): error is BridgeError & { code: AuthCode } {
  return error instanceof BridgeError && isAuthCode(error.code);
}

function asTemporary(error: BridgeError & { code: AuthCode }): TemporaryError {
  return new TemporaryError(error.code, error.message, { cause: error, retryAfterMs: AUTH_PAUSE });
}
