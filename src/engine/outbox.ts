// Sends what is stored in the outbox: a work loop per destination, each behind a circuit, tried with back-off until it
// is accepted, or parked with the reason when it is refused for good. A delivery that was sent twice (its answer was
// lost) does no harm: each destination sees to that. Those of one job go to a destination in their order.
import type { Logger } from 'pino';
import type { Circuit, CircuitState } from './circuit.ts';
import type { CrashGuard } from './crash-guard.ts';
import { errorText, TemporaryError } from '../core/errors.ts';
import { backoff, DAY, formatDuration, MINUTE, rfc3339, SECOND, sleep, type Clock } from '../core/time.ts';
import type {
  DeliveryRecord,
  DeliveryStore,
  DueDelivery,
  Entry,
  NewDelivery,
  StageName,
} from '../store/index.ts';
import { createWorkLoop, type WorkLoop } from './work-loop.ts';
import type { Outage } from './outage.ts';

/** What became of one try. */
export type Sent =
  /** Accepted. `note` goes into the job's timeline; `quiet`: nothing does. */
  | { kind: 'done'; note?: string; quiet?: true }
  /** Not needed any more: it ends without having been accepted. */
  | { kind: 'dropped'; why: string }
  /** Taken, not confirmed yet: ask again by `receipt` after `afterMs`. */
  | { kind: 'taken'; receipt: string; afterMs: number }
  /** Not sent: it is not known yet whether it is needed. */
  | { kind: 'later'; afterMs: number; why: string }
  /** To be sent once more: the other side lost it. */
  | { kind: 'resend'; why: string }
  /** Others take its place, of the same destination. */
  | { kind: 'instead'; parts: readonly Pick<NewDelivery, 'kind' | 'body'>[]; why: string };

/** Where deliveries go, as the outbox sees it. */
export interface OutboxDestination {
  /** Under this name its deliveries are stored. */
  name: string;
  /** `bestEffort`: what is refused, or not taken within a day, is dropped. */
  need: 'required' | 'bestEffort';
  /** Sends one delivery. Throws TemporaryError (it is tried again) or any other error (it is refused). */
  send: (delivery: DueDelivery) => Promise<Sent>;
  circuit: Circuit;
}

/** Sends the stored deliveries. */
export interface Outbox {
  start: () => void;
  /** Looks at the store now: something was stored. */
  wake: () => void;
  /** Takes up nothing more, and waits for what is under way. */
  stop: () => Promise<void>;
  states: () => Map<string, CircuitState>;
}

/** What of the store the outbox needs. */
export type OutboxStore = Pick<
  DeliveryStore,
  'dueDeliveries' | 'nextDelivery' | 'saveDelivery' | 'matchDestinations' | 'expiredDeliveries'
>;

interface Options {
  store: OutboxStore;
  destinations: readonly OutboxDestination[];
  log: Logger;
  outage: Outage;
  guard: Pick<CrashGuard, 'mayBegin' | 'watch'>;
  now: Clock;
  /** The stage of jobs that have nothing left but their deliveries. */
  waitsIn: StageName;
  /** A delivery reached its end, and its job was made due. */
  onEnd: (jobId: string) => void;
}

/** How many deliveries to one destination are under way at once. */
const WIDTH = 4;
/** After so long what is sent with best effort is no news any more. */
const BEST_EFFORT_FOR = DAY;
/** How long the deliveries of a destination that is not configured wait for it to come back. */
const UNCONFIGURED_FOR = DAY;
const EXPIRED_AT_ONCE = 200;

/** Builds the outbox with a lane for each destination; nothing is sent before `start`. */
export function createOutbox(options: Options): Outbox {
  const { destinations } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const lanes = [
    ...destinations.map((destination) => laneOf(destination, options, signal)),
    expiredLane(options, signal),
  ];

  let running: Promise<unknown> | undefined;
  return {
    start() {
      const names = destinations.map(({ name }) => name);
      const matched = matchStored(names, options, signal);
      running ??= matched.then(() => Promise.all(lanes.map((lane) => lane.run())));
    },
    wake() {
      for (const lane of lanes) lane.wake();
    },
    async stop() {
      abort.abort();
      await running;
    },
    states: () => new Map(destinations.map(({ name, circuit }) => [name, circuit.state()])),
  };
}

/** Sets aside what was stored for destinations that are not configured any more. */
async function matchStored(
  names: readonly string[],
  { store, outage, now }: Options,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const until = now() + UNCONFIGURED_FOR;
      const why = `not in the configuration any more; dropped at ${rfc3339(until)} unless it is back by then`;
      await store.matchDestinations(names, until, why);
      return;
    } catch (error) {
      outage.failed(error);
      await sleep(backoff(failures, SECOND, MINUTE), signal);
    }
  }
}

function laneOf(destination: OutboxDestination, options: Options, signal: AbortSignal): WorkLoop {
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

/** What a delivery is called in the notes of what is under way. A job's id has no space. */
function deliveryItem({ id, jobId }: Pick<DeliveryRecord, 'id' | 'jobId'>): string {
  return `delivery ${id} of ${jobId}`;
}

/** The delivery that such a note means; undefined if it means none. */
export function deliveryOfItem(item: string): Pick<DeliveryRecord, 'id' | 'jobId'> | undefined {
  const [, id, jobId] = /^delivery (\d+) of (.+)$/.exec(item) ?? [];
  return jobId === undefined ? undefined : { id: Number(id), jobId };
}

function isTooOld({ createdAt }: DueDelivery, now: number): boolean {
  return now - createdAt > BEST_EFFORT_FOR;
}

async function deliver(
  delivery: DueDelivery,
  { need, send, circuit }: OutboxDestination,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const { outage, now } = options;
  let store: () => Promise<unknown>;
  if (need === 'bestEffort' && isTooOld(delivery, now())) {
    const why = `not taken within ${formatDuration(BEST_EFFORT_FOR)}${delivery.error === null ? '' : `: ${delivery.error}`}`;
    store = () => drop(delivery, why, options);
  } else {
    try {
      const sent = await circuit.run(() => send(delivery));
      store = () => settle(delivery, sent, options);
    } catch (error) {
      if (signal.aborted) return;
      // It was not even tried.
      if (error instanceof TemporaryError && error.code === 'down') return sleep(SECOND, signal);
      store = () => settleFailure(delivery, need, error, options);
    }
  }
  try {
    await store();
    outage.worked();
  } catch (error) {
    outage.failed(error);
    await sleep(5 * SECOND, signal); // it is still due: without a pause it would be sent without end
  }
}

async function settle(delivery: DueDelivery, sent: Sent, options: Options): Promise<void> {
  const { store, now, onEnd, waitsIn } = options;
  const { kind, destination, tries, required } = delivery;
  const entry = (text: string): Entry[] => [{ kind: 'report', text: `${kind}: ${text}` }];
  switch (sent.kind) {
    case 'done': {
      const note = sent.note === undefined ? '' : `, ${sent.note}`;
      await store.saveDelivery(delivery, {
        delivery: { state: 'done' },
        entries: sent.quiet ? [] : entry(`accepted by ${destination}${note}`),
        wakeJobIn: required ? waitsIn : undefined,
      });
      if (required) onEnd(delivery.jobId);
      return;
    }
    case 'dropped':
      return drop(delivery, sent.why, options);
    case 'taken':
      await store.saveDelivery(delivery, {
        delivery: { state: 'submitted', receipt: sent.receipt, nextAt: now() + sent.afterMs },
      });
      return;
    case 'later':
      await store.saveDelivery(delivery, {
        delivery: { state: 'pending', nextAt: now() + sent.afterMs, tries: 0, error: sent.why },
      });
      return;
    case 'resend': {
      const nextAt = now() + backoff(tries, 5 * SECOND, 10 * MINUTE);
      await store.saveDelivery(delivery, {
        delivery: { state: 'pending', tries: tries + 1, nextAt, error: sent.why },
        entries: entry(`to be sent again: ${sent.why}`),
      });
      return;
    }
    case 'instead':
      await store.saveDelivery(delivery, {
        delivery: { state: 'done', error: sent.why },
        instead: sent.parts.map((part) => ({ ...part, destination, required })),
        entries: entry(`${sent.why}; sent as ${sent.parts.map((part) => part.kind).join(' and ')}`),
      });
  }
}

async function settleFailure(
  delivery: DueDelivery,
  need: OutboxDestination['need'],
  error: unknown,
  options: Options,
): Promise<void> {
  const { store, log, now } = options;
  const { jobId, kind, destination, tries } = delivery;
  const text = errorText(error);
  if (error instanceof TemporaryError) {
    const pause = Math.max(backoff(tries, SECOND, 10 * MINUTE), error.retryAfterMs ?? 0);
    await store.saveDelivery(delivery, {
      delivery: { state: 'same', tries: tries + 1, nextAt: now() + pause, error: text },
    });
    return;
  }
  if (need === 'bestEffort') return drop(delivery, `refused by ${destination}: ${text}`, options);
  log.error({ job: jobId, destination, error: text }, 'a delivery was refused and is parked');
  await end(
    delivery,
    'parked',
    text,
    { kind: 'error', text: `${kind}: refused by ${destination}: ${text}` },
    options,
  );
}

async function drop(delivery: DeliveryRecord, why: string, options: Options): Promise<void> {
  const { jobId, kind, destination } = delivery;
  options.log.warn({ job: jobId, destination, error: why }, 'a delivery is dropped');
  await end(
    delivery,
    'dropped',
    why,
    { kind: 'report', text: `${kind} to ${destination}: dropped: ${why}` },
    options,
  );
}

async function end(
  delivery: DeliveryRecord,
  state: 'parked' | 'dropped',
  error: string,
  entry: Entry,
  { store, waitsIn, onEnd }: Options,
): Promise<void> {
  const { required, jobId } = delivery;
  await store.saveDelivery(delivery, {
    delivery: { state, error },
    entries: [entry],
    wakeJobIn: required ? waitsIn : undefined,
  });
  if (required) onEnd(jobId);
}

/** Drops what waited for long enough for a destination that is not configured. */
function expiredLane(options: Options, signal: AbortSignal): WorkLoop {
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
