// Sends what is stored in the outbox: a work loop per destination, each under its lease and behind a circuit, tried with back-off
// until it is accepted, or parked with the reason when it is refused for good. A delivery that was sent twice (its answer was lost)
// does no harm: each destination sees to that. Those of one job go to a destination in their order.
import type { Logger } from 'pino';
import { PermanentError, TemporaryError } from '../core/errors.ts';
import { isLostLease } from '../core/lease.ts';
import { backoff, DAY, formatDuration, MINUTE, rfc3339, SECOND, sleep, type Clock } from '../core/time.ts';
import type { CircuitState } from './circuit.ts';
import type { CrashGuard } from './crash-guard.ts';
import { drop, settle, settleFailure } from './delivery-settling.ts';
import type { Outage } from './outage.ts';
import type { Delivery, OutboxDestination, OutboxStore } from './outbox-ports.ts';
import { createWorkLoop, type WorkLoop } from './work-loop.ts';
import { itemName } from './work-item.ts';

/** What is known of the destinations. */
export interface OutboxStates {
  states: () => Map<string, CircuitState>;
}

/** Sends what is stored for the destinations. */
export interface Outbox<Due extends Delivery, Expired extends Delivery> extends OutboxStates {
  /** Sends what is stored for this destination until the signal fires, and then until nothing is under way. */
  send: (destination: string, store: OutboxStore<Due, Expired>, signal: AbortSignal) => Promise<void>;
  /**
   * Sets aside what is for none of the destinations that any daemon has, and drops it after a day, until the signal fires.
   * `names`: those that there are now.
   */
  sweep: (
    names: () => Promise<readonly string[]>,
    store: OutboxStore<Due, Expired>,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Looks at the store now: something was stored. */
  wake: () => void;
}

interface Options<Due extends Delivery> {
  destinations: readonly OutboxDestination<Due>[];
  log: Logger;
  outage: Outage;
  guard: Pick<CrashGuard, 'mayBegin' | 'watch'>;
  now: Clock;
  /** A delivery reached its end, and its job was made due. */
  onEnd: (jobId: string) => void;
}

/** What the lanes use: the options, and the store under the lease of this lane. */
interface Lane<Due extends Delivery, Expired extends Delivery> extends Options<Due> {
  store: OutboxStore<Due, Expired>;
}

/** How many deliveries to one destination are under way at once. */
const WIDTH = 4;
/** After so long what is sent with best effort is no news any more. */
const BEST_EFFORT_FOR = DAY;
/** How long the deliveries of a destination that is not configured wait for it to come back. */
const UNCONFIGURED_FOR = DAY;
const EXPIRED_AT_ONCE = 200;

/** So often it is looked which destinations there are (ms). */
const MATCH_EVERY = MINUTE;

/** Builds the outbox; nothing is sent before a destination's lane runs. */
export function createOutbox<Due extends Delivery, Expired extends Delivery>(
  options: Options<Due>,
): Outbox<Due, Expired> {
  const { destinations } = options;
  const lanes = new Set<WorkLoop>();

  async function run(lane: WorkLoop): Promise<void> {
    lanes.add(lane);
    await lane.run();
    lanes.delete(lane);
  }

  function wake(): void {
    for (const lane of lanes) lane.wake();
  }

  return {
    async send(name, store, signal) {
      const destination = destinations.find((one) => one.name === name);
      if (destination !== undefined) await run(laneOf(destination, { ...options, store }, signal));
    },
    async sweep(names, store, signal) {
      const lane = { ...options, store };
      await Promise.all([
        matchStored(names, lane, wake, signal),
        run(expiredLane<Due, Expired>(lane, signal)),
      ]);
    },
    wake,
    states: () => new Map(destinations.map(({ name, circuit }) => [name, circuit.state()])),
  };
}

/** Sets aside what was stored for destinations that are not configured any more, whenever these change. */
async function matchStored<Due extends Delivery, Expired extends Delivery>(
  names: () => Promise<readonly string[]>,
  { store, outage, now }: Lane<Due, Expired>,
  onMatched: () => void,
  signal: AbortSignal,
): Promise<void> {
  let matched: string | undefined;
  for (let failures = 0; !signal.aborted;) {
    try {
      const configured = (await names()).toSorted();
      const key = JSON.stringify(configured);
      if (key !== matched) {
        const until = now() + UNCONFIGURED_FOR;
        const why = `not in the configuration any more; dropped at ${rfc3339(until)} unless it is back by then`;
        await store.matchDestinations(configured, until, why);
        onMatched();
      }
      matched = key;
      failures = 0;
      await sleep(MATCH_EVERY, signal);
    } catch (error) {
      outage.failed(error);
      await sleep(backoff(failures++, SECOND, MINUTE), signal);
    }
  }
}

function laneOf<Due extends Delivery, Expired extends Delivery>(
  destination: OutboxDestination<Due>,
  options: Lane<Due, Expired>,
  signal: AbortSignal,
): WorkLoop {
  const { store, outage, guard, now } = options;
  const { name, need, circuit } = destination;
  return createWorkLoop({
    width: WIDTH,
    // While the destination is away one delivery is let through now and then, and the others stay as they are; but what
    // is too old to be of use is dropped all the same.
    due: async (limit) => {
      const { status, retryAt = 0 } = circuit.state();
      if (status !== 'down') return store.dueDeliveries(name, now(), limit);
      if (retryAt <= now()) return store.dueDeliveries(name, now(), 1);
      if (need === 'required') return [];
      return (await store.dueDeliveries(name, now(), limit)).filter((delivery) => isTooOld(delivery, now()));
    },
    nextDue: () => store.nextDelivery(name, now()),
    id: (delivery) => delivery.id,
    mayBegin: (delivery) => guard.mayBegin(deliveryItem(delivery)),
    work: (delivery) =>
      guard.watch(deliveryItem(delivery), () => deliver(delivery, destination, options, signal)),
    onError: outage.failed,
    signal,
    now,
  });
}

/** What a delivery is called in the notes of what is under way. */
function deliveryItem({ id, jobId }: Pick<Delivery, 'id' | 'jobId'>): string {
  return itemName({ kind: 'delivery', id: String(id), of: jobId });
}

function isTooOld({ createdAt }: Delivery, now: number): boolean {
  return now - createdAt > BEST_EFFORT_FOR;
}

async function deliver<Due extends Delivery, Expired extends Delivery>(
  delivery: Due,
  { need, send, circuit }: OutboxDestination<Due>,
  options: Lane<Due, Expired>,
  signal: AbortSignal,
): Promise<void> {
  const { store: stored, outage, now } = options;
  let store: () => Promise<unknown>;
  if (need === 'bestEffort' && isTooOld(delivery, now())) {
    const why = `not taken within ${formatDuration(BEST_EFFORT_FOR)}${delivery.error === null ? '' : `: ${delivery.error}`}`;
    store = () => drop(delivery, why, options);
  } else {
    // Within what is watched: reading it may be what kills.
    const body = await stored.deliveryBody(delivery.id).catch(unreadable);
    try {
      if (body instanceof PermanentError) throw body;
      const sent = await circuit.run(() => send({ ...delivery, body }));
      store = () => settle(delivery, sent, options);
    } catch (error) {
      if (signal.aborted) return;
      // It was not even tried.
      if (error instanceof TemporaryError && (error.code === 'down' || isLostLease(error)))
        return sleep(SECOND, signal);
      store = () => settleFailure(delivery, need, error, options);
    }
  }
  try {
    await store();
    outage.worked();
  } catch (error) {
    if (!isLostLease(error)) outage.failed(error);
    await sleep(5 * SECOND, signal); // it is still due: without a pause it would be sent without end
  }
}

/** A body that can never be read is refused; if the store fails, the delivery is still due. */
function unreadable(error: unknown): PermanentError {
  if (error instanceof PermanentError) return error;
  throw error;
}

/** Drops what waited for long enough for a destination that is not configured. */
function expiredLane<Due extends Delivery, Expired extends Delivery>(
  options: Lane<Due, Expired>,
  signal: AbortSignal,
): WorkLoop {
  const { store, outage, now } = options;
  return createWorkLoop({
    width: 1,
    due: () => store.expiredDeliveries(now(), EXPIRED_AT_ONCE),
    nextDue: async () => undefined,
    id: (delivery) => delivery.id,
    mayBegin: () => true,
    work: (delivery) =>
      drop(delivery, `${delivery.destination} is not in the configuration any more`, options),
    onError: outage.failed,
    signal,
    now,
  });
}
