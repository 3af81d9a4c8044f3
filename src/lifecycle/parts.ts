// What is known of each part outside: every lab with its event stream and callbacks, Maestro, KCIDB, storage, and the store.
// Each that can be asked is asked at least once a minute, with or without jobs, so that "up" means that it answered not long
// ago, and a part that was never heard of is `unknown`.
import { errorText } from '../core/errors.ts';
import { SECOND, sleep, type Clock } from '../core/time.ts';
import type { CircuitState } from '../engine/circuit.ts';

/** The kinds of parts. */
export const PART_KINDS = ['lab', 'events', 'callbacks', 'destination', 'store'] as const;

/** What a part is: a lab's LAVA, its stream of events, its callbacks, where reports go, or our own database. */
type PartKind = (typeof PART_KINDS)[number];

/** What is known of a part. */
export type PartState = Pick<CircuitState, 'status' | 'since' | 'answeredAt' | 'why'>;

/** One part: what is known of it, and how it is asked. */
export interface Part {
  kind: PartKind;
  /** The lab's, the destination's, or `store`. */
  name: string;
  /** It has to do with this lab alone. */
  state: () => PartState | Promise<PartState>;
  /** Asks it; what comes of it shows in its state. undefined: it cannot be asked, and speaks by itself. */
  ask?: () => Promise<unknown>;
}

/** A part with what is known of it now. */
export interface KnownPart extends PartState {
  kind: PartKind;
  name: string;
}

/** Gives what is known of all parts, in their order. A part whose state cannot be had is down. */
export function knownParts(parts: readonly Part[], now: Clock): Promise<KnownPart[]> {
  return Promise.all(
    parts.map(async ({ kind, name, state }) => {
      try {
        return { kind, name, ...(await state()) };
      } catch (error) {
        return { kind, name, status: 'down', since: now(), answeredAt: undefined, why: errorText(error) };
      }
    }),
  );
}

/** A state of a part that has no circuit: set by what is heard of it. */
export interface Heard {
  state: () => PartState;
  /** It answered, or spoke. */
  answered: () => void;
  failed: (why: string) => void;
}

/** Nothing is said of a part on the word of an older answer (ms). */
const KNOWN_FOR = 3 * 60 * SECOND;

/** `knownFor`: how long what it said last holds (ms). */
export function createHeard(now: Clock, knownFor = KNOWN_FOR): Heard {
  let since = now();
  let answeredAt: number | undefined;
  let why: string | undefined;

  function state(): PartState {
    const isKnown = answeredAt !== undefined && Math.abs(now() - answeredAt) <= knownFor;
    return { status: why === undefined ? (isKnown ? 'up' : 'unknown') : 'down', since, answeredAt, why };
  }

  return {
    state,
    answered() {
      if (state().status !== 'up') since = now();
      why = undefined;
      answeredAt = now();
    },
    failed(text) {
      if (why === undefined) since = now();
      why = text;
    },
  };
}

/** So often each part is looked at (ms); it is asked if it has not answered since the last look. */
export const ASK_EVERY = 30 * SECOND;

/** Asks all parts, each for itself, until the signal fires. */
export async function askParts(
  parts: readonly Part[],
  { now, every = ASK_EVERY, signal }: { now: Clock; every?: number | undefined; signal: AbortSignal },
): Promise<void> {
  await Promise.all(
    parts.map(async ({ state, ask }) => {
      if (ask === undefined) return;
      while (!signal.aborted) {
        const { answeredAt } = await state();
        const isFresh = answeredAt !== undefined && Math.abs(now() - answeredAt) < every;
        // What came of it is in the part's state.
        const isFailing =
          !isFresh &&
          (await ask().then(
            () => false,
            () => true,
          ));
        // One failure may be a hiccup: whether it is an outage is known within the same minute.
        await sleep(isFailing && (await state()).status !== 'down' ? every / 6 : every, signal);
      }
    }),
  );
}
