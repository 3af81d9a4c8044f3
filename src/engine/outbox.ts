// Sends what is stored in the outbox: a lane per destination, each behind a circuit, tried with back-off until it is
// accepted, or parked with the reason when it is refused for good. A delivery that was sent twice (its answer was
// lost) does no harm: each handler sees to that. Those of one job go to a destination in their order.
import type { Logger } from 'pino';
import type { Circuit, CircuitState } from './circuit.ts';
import { errorText, TemporaryError } from '../core/errors.ts';
import { backoff, MINUTE, SECOND, sleep, type Clock } from '../core/time.ts';
import type { DeliveryRecord, Entry, NewDelivery, StageName, Store } from '../store/index.ts';
import { createLane, type Lane } from './work-loop.ts';
import type { Trouble } from './trouble.ts';

/** What became of one try. */
export type Sent =
  /** Accepted. `note` goes into the job's timeline; `quiet`: nothing does. */
  | { kind: 'done'; note?: string; quiet?: true }
  /** Not accepted, and not worth more: the job goes on without it. */
  | { kind: 'dropped'; why: string }
  /** Taken, not confirmed yet: ask again by `receipt` after `afterMs`. */
  | { kind: 'taken'; receipt: string; afterMs: number }
  /** To be sent anew: the other side lost it. */
  | { kind: 'anew'; why: string }
  /** Others take its place, of the same destination. */
  | { kind: 'instead'; parts: readonly Pick<NewDelivery, 'kind' | 'body'>[]; why: string };

/** Sends one delivery. Throws TemporaryError (tried again) or any other error (parked). */
export type Handler = (delivery: DeliveryRecord) => Promise<Sent>;

export interface Destination {
  circuit: Circuit;
  send: Handler;
}

export interface Outbox {
  start: () => void;
  wake: () => void;
  /** Takes up nothing more, and waits for what is under way. */
  stop: () => Promise<void>;
  states: () => Map<string, CircuitState>;
}

interface Options {
  store: Store;
  destinations: ReadonlyMap<string, Destination>;
  log: Logger;
  trouble: Trouble;
  now: Clock;
  /** A delivery reached its end, and its job was made due. */
  onEnd: (jobId: string) => void;
}

/** Jobs in it have nothing left but their deliveries. */
const WAITS_FOR_DELIVERIES: StageName = 'judged';

/** How many deliveries to one destination are under way at once. */
const WIDTH = 4;

export function createOutbox(options: Options): Outbox {
  const { store, destinations, log, trouble, now } = options;
  const abort = new AbortController();
  const lanes = [...destinations].map(([name, destination]) => laneOf(name, destination));

  function laneOf(name: string, { circuit, send }: Destination): Lane {
    return createLane({
      width: WIDTH,
      // While the destination is away one delivery is let through now and then, and the others stay as they are.
      due: async (limit) => {
        const { status, retryAt = 0 } = circuit.state();
        if (status !== 'down') return store.dueDeliveries(name, now(), limit);
        return retryAt > now() ? [] : store.dueDeliveries(name, now(), 1);
      },
      nextDue: () => store.nextDelivery(name, now()),
      id: (delivery) => delivery.id,
      work: (delivery) => deliver(delivery, circuit, send),
      onError: trouble.failed,
      signal: abort.signal,
      now,
    });
  }

  async function deliver(delivery: DeliveryRecord, circuit: Circuit, send: Handler): Promise<void> {
    let store: () => Promise<void>;
    try {
      const sent = await circuit.run(() => send(delivery));
      store = () => settle(delivery, sent);
    } catch (error) {
      if (abort.signal.aborted) return;
      // It was not even tried.
      if (error instanceof TemporaryError && error.code === 'down') return sleep(SECOND, abort.signal);
      store = () => settleFailure(delivery, error);
    }
    try {
      await store();
      trouble.worked();
    } catch (error) {
      trouble.failed(error);
      await sleep(5 * SECOND, abort.signal); // it is still due: without a pause it would be sent without end
    }
  }

  async function settle(delivery: DeliveryRecord, sent: Sent): Promise<void> {
    const { kind, destination, tries } = delivery;
    const entry = (text: string): Entry[] => [{ kind: 'report', text: `${kind}: ${text}` }];
    switch (sent.kind) {
      case 'done': {
        const note = sent.note === undefined ? '' : `, ${sent.note}`;
        await store.saveDelivery(delivery, {
          delivery: { state: 'done', doneAt: now(), error: null },
          entries: sent.quiet ? [] : entry(`accepted by ${destination}${note}`),
          wakeJobIn: WAITS_FOR_DELIVERIES,
        });
        options.onEnd(delivery.jobId);
        return;
      }
      case 'dropped':
        log.warn({ job: delivery.jobId, destination, error: sent.why }, 'a delivery is dropped');
        await store.saveDelivery(delivery, {
          delivery: { state: 'done', doneAt: now(), error: sent.why },
          entries: entry(`dropped: ${sent.why}`),
          wakeJobIn: WAITS_FOR_DELIVERIES,
        });
        options.onEnd(delivery.jobId);
        return;
      case 'taken':
        await store.saveDelivery(delivery, {
          delivery: { state: 'submitted', receipt: sent.receipt, nextAt: now() + sent.afterMs, error: null },
        });
        return;
      case 'anew': {
        const nextAt = now() + backoff(tries, 5 * SECOND, 10 * MINUTE);
        await store.saveDelivery(delivery, {
          delivery: { state: 'pending', receipt: null, tries: tries + 1, nextAt, error: sent.why },
          entries: entry(`to be sent anew: ${sent.why}`),
        });
        return;
      }
      case 'instead':
        await store.saveDelivery(delivery, {
          delivery: { state: 'done', doneAt: now(), error: sent.why },
          instead: sent.parts.map((part) => ({ ...part, destination })),
          entries: entry(`${sent.why}; sent as ${sent.parts.map((part) => part.kind).join(' and ')}`),
        });
    }
  }

  async function settleFailure(delivery: DeliveryRecord, error: unknown): Promise<void> {
    const { jobId, kind, destination, tries } = delivery;
    const text = errorText(error);
    if (error instanceof TemporaryError) {
      const pause = Math.max(backoff(tries, SECOND, 10 * MINUTE), error.retryAfterMs ?? 0);
      await store.saveDelivery(delivery, {
        delivery: { tries: tries + 1, nextAt: now() + pause, error: text },
      });
      return;
    }
    log.error({ job: jobId, destination, error: text }, 'a delivery was refused and is parked');
    await store.saveDelivery(delivery, {
      delivery: { state: 'parked', error: text, doneAt: now() },
      entries: [{ kind: 'error', text: `${kind}: refused by ${destination}: ${text}` }],
      wakeJobIn: WAITS_FOR_DELIVERIES,
    });
    options.onEnd(jobId);
  }

  let running: Promise<unknown> | undefined;
  return {
    start() {
      running ??= Promise.all(lanes.map((lane) => lane.run()));
    },
    wake() {
      for (const lane of lanes) lane.wake();
    },
    async stop() {
      abort.abort();
      await running;
    },
    states: () => new Map([...destinations].map(([name, { circuit }]) => [name, circuit.state()])),
  };
}
