// A circuit before each outside system: after a few failures in a row nothing is sent there for a while, so that what
// is down costs nobody time, and its going and coming is told once.
import { errorText, TemporaryError } from './errors.ts';
import { rfc3339, SECOND, type Clock } from './time.ts';

export interface CircuitState {
  up: boolean;
  /** Since when it is so (ms). */
  since: number;
  /** The last failure, while it is down. */
  why: string | undefined;
}

export interface Circuit {
  /** Runs the call, or throws TemporaryError `down` without trying it. */
  run: <T>(call: () => Promise<T>) => Promise<T>;
  state: () => CircuitState;
}

interface Options {
  /** In messages: `lava-mylab`, `Maestro`, `KCIDB`. */
  name: string;
  now: Clock;
  onChange?: (state: CircuitState) => void;
  /** Failures in a row that open it. */
  failures?: number;
  /** How long it stays open before one call is let through (ms). */
  pause?: number;
}

/** Only TemporaryErrors count as failures: a refusal shows that the other side is there. */
export function createCircuit({ name, now, onChange, failures = 3, pause = 10 * SECOND }: Options): Circuit {
  let state: CircuitState = { up: true, since: now(), why: undefined };
  let failed = 0;
  let tryAt = 0;

  function change(up: boolean, why: string | undefined): void {
    const turned = up !== state.up;
    state = { up, since: turned ? now() : state.since, why };
    if (turned) onChange?.(state);
  }

  return {
    state: () => state,
    async run(call) {
      if (!state.up && now() < tryAt) {
        throw new TemporaryError(
          'down',
          `${name} is away since ${rfc3339(state.since)}: ${state.why ?? 'no answer'}`,
          {
            retryAfterMs: tryAt - now(),
          },
        );
      }
      if (!state.up) tryAt = now() + pause; // the others wait for what becomes of this call
      try {
        const result = await call();
        failed = 0;
        change(true, undefined);
        return result;
      } catch (error) {
        if (!(error instanceof TemporaryError) || error.code === 'aborted') {
          if (!(error instanceof TemporaryError)) {
            failed = 0;
            change(true, undefined);
          }
          throw error;
        }
        failed += 1;
        tryAt = now() + pause;
        if (failed >= failures || !state.up) change(false, errorText(error));
        throw error;
      }
    },
  };
}
