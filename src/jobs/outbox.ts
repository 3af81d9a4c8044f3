// Sends what is stored in the outbox: a lane per destination, each behind a circuit, tried with back-off until it is
// accepted, or parked with the reason when it is refused for good. A delivery that was sent twice (its answer was
// lost) does no harm: each handler sees to that.
import type { Logger } from 'pino';
import { createCircuit, type Circuit, type CircuitState } from '../base/circuit.ts';
import { errorText, TemporaryError } from '../base/errors.ts';
import { backoff, MINUTE, SECOND, sleep, type Clock } from '../base/time.ts';
import type { DeliveryRecord, Store } from '../store/index.ts';
import { createLane, type Lane } from './lane.ts';

/** What became of one try. */
export type Sent =
  /** Accepted. `note` goes into the job's timeline. */
  | { kind: 'done'; note?: string }
  /** Taken, not confirmed yet: ask again by `receipt` after `afterMs`. */
  | { kind: 'taken'; receipt: string; afterMs: number }
  /** To be sent anew: the other side lost it. */
  | { kind: 'anew'; why: string };

/** Sends one delivery. Throws TemporaryError (tried again) or any other error (parked). */
export type Handler = (delivery: DeliveryRecord) => Promise<Sent>;

export interface Outbox {
  start: () => void;
  wake: () => void;
  stop: () => Promise<void>;
  states: () => Map<string, CircuitState>;
}

interface Options {
  store: Store;
  handlers: ReadonlyMap<string, Handler>;
  log: Logger;
  now: Clock;
  /** A delivery reached its end: its job may go on. */
  onEnd: (jobId: string) => Promise<void>;
}

/** How many deliveries to one destination are under way at once. */
const WIDTH = 4;

export function createOutbox({ store, handlers, log, now, onEnd }: Options): Outbox {
  const abort = new AbortController();
  const lanes = [...handlers].map(([destination, handler]) => laneOf(destination, handler));

  function laneOf(
    destination: string,
    handler: Handler,
  ): { destination: string; lane: Lane; circuit: Circuit } {
    const circuit = createCircuit({
      name: destination,
      now,
      onChange: ({ up, why }) =>
        up
          ? log.info({ destination }, `${destination} is back`)
          : log.warn({ destination, why }, `${destination} is away; deliveries wait`),
    });
    const lane = createLane({
      width: WIDTH,
      due: (limit) => store.dueDeliveries(destination, now(), limit),
      nextDue: () => store.nextDelivery(destination, now()),
      id: (delivery) => delivery.id,
      work: send,
      onError: (error) => log.error({ destination, error: errorText(error) }, 'the outbox cannot be read'),
      signal: abort.signal,
      now,
    });

    async function send(delivery: DeliveryRecord): Promise<void> {
      try {
        await settle(delivery, await circuit.run(() => handler(delivery)));
      } catch (error) {
        try {
          await settleFailure(delivery, error);
        } catch (failure) {
          log.error(
            { job: delivery.jobId, destination, error: errorText(failure) },
            'the outbox took no write',
          );
          await sleep(5 * SECOND, abort.signal); // it is still due: without a pause it would be sent without end
        }
      }
    }

    async function settle(delivery: DeliveryRecord, sent: Sent): Promise<void> {
      const { id, jobId } = delivery;
      switch (sent.kind) {
        case 'done':
          await store.saveDelivery(
            id,
            { state: 'done', doneAt: now(), error: null },
            {
              jobId,
              entries: [
                {
                  kind: 'report',
                  text: `${delivery.kind}: accepted by ${destination}${sent.note === undefined ? '' : `, ${sent.note}`}`,
                },
              ],
            },
          );
          await onEnd(jobId);
          return;
        case 'taken':
          await store.saveDelivery(id, {
            state: 'submitted',
            receipt: sent.receipt,
            nextAt: now() + sent.afterMs,
            error: null,
          });
          return;
        case 'anew':
          await store.saveDelivery(
            id,
            { state: 'pending', receipt: null, nextAt: now() + SECOND, error: sent.why },
            { jobId, entries: [{ kind: 'report', text: `${delivery.kind}: to be sent anew, ${sent.why}` }] },
          );
      }
    }

    async function settleFailure(delivery: DeliveryRecord, error: unknown): Promise<void> {
      const { id, jobId } = delivery;
      const text = errorText(error);
      if (error instanceof TemporaryError) {
        const pause = Math.max(backoff(delivery.tries, SECOND, 10 * MINUTE), error.retryAfterMs ?? 0);
        await store.saveDelivery(id, { tries: delivery.tries + 1, nextAt: now() + pause, error: text });
        return;
      }
      log.error({ job: jobId, destination, error: text }, 'a delivery was refused and is parked');
      await store.saveDelivery(
        id,
        { state: 'parked', error: text, doneAt: now() },
        { jobId, entries: [{ kind: 'error', text: `${delivery.kind}: refused by ${destination}: ${text}` }] },
      );
      await onEnd(jobId);
    }

    return { destination, lane, circuit };
  }

  let running: Promise<unknown> | undefined;
  return {
    start() {
      running ??= Promise.all(lanes.map(({ lane }) => lane.run()));
    },
    wake() {
      for (const { lane } of lanes) lane.wake();
    },
    async stop() {
      abort.abort();
      await running;
    },
    states: () => new Map(lanes.map(({ destination, circuit }) => [destination, circuit.state()])),
  };
}
