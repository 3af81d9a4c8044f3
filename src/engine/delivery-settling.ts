// Stores what became of a delivery: accepted, to be tried again, replaced by others, refused or given up.
import { errorText, TemporaryError } from '../core/errors.ts';
import { backoff, MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { Delivery, OutboxChange, OutboxDestination, Sent } from './outbox-ports.ts';

type Entry = NonNullable<OutboxChange['entries']>[number];

/** What it uses. */
export interface Settling<D extends Delivery> {
  store: { saveDelivery: (delivery: D, change: OutboxChange) => Promise<unknown> };
  now: Clock;
  /** A delivery reached its end, and its job was made due. */
  onEnd: (jobId: string) => void;
}

/** Stores what a try came to. */
export async function settle<D extends Delivery>(
  delivery: D,
  sent: Sent,
  options: Settling<D>,
): Promise<void> {
  const { store, now, onEnd } = options;
  const { kind, destination, tries, required } = delivery;
  const entry = (code: Entry['code'], text: string): Entry[] => [
    { kind: 'report', code, text: `${kind}: ${text}` },
  ];
  switch (sent.kind) {
    case 'done': {
      const note = sent.note === undefined ? '' : `, ${sent.note}`;
      await store.saveDelivery(delivery, {
        delivery: { state: 'done' },
        entries: sent.quiet ? [] : entry('accepted', `accepted by ${destination}${note}`),
        wakesJob: required,
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
        entries: entry('resend', `to be sent again: ${sent.why}`),
      });
      return;
    }
    case 'instead':
      await store.saveDelivery(delivery, {
        delivery: { state: 'done', error: sent.why },
        instead: sent.parts.map((part) => ({ ...part, destination, required })),
        entries: entry('split', `${sent.why}; sent as ${sent.parts.map((part) => part.kind).join(' and ')}`),
      });
  }
}

/** Stores that a try failed: it is tried again, or ends here. */
export async function settleFailure<D extends Delivery>(
  delivery: D,
  need: OutboxDestination<D>['need'],
  error: unknown,
  options: Settling<D>,
): Promise<void> {
  const { store, now } = options;
  const { kind, destination, tries } = delivery;
  const text = errorText(error);
  if (error instanceof TemporaryError) {
    const pause = Math.max(backoff(tries, SECOND, 10 * MINUTE), error.retryAfterMs ?? 0);
    await store.saveDelivery(delivery, {
      delivery: { state: 'same', tries: tries + 1, nextAt: now() + pause, error: text },
    });
    return;
  }
  if (need === 'bestEffort') return drop(delivery, `refused by ${destination}: ${text}`, options);
  await end(
    delivery,
    'parked',
    text,
    { kind: 'error', code: 'parked', text: `${kind}: refused by ${destination}: ${text}` },
    options,
  );
}

/** Ends a delivery that was not accepted. */
export async function drop<D extends Delivery>(
  delivery: D,
  why: string,
  options: Settling<D>,
): Promise<void> {
  const { kind, destination } = delivery;
  await end(
    delivery,
    'dropped',
    why,
    { kind: 'report', code: 'dropped', text: `${kind} to ${destination}: dropped: ${why}` },
    options,
  );
}

async function end<D extends Delivery>(
  delivery: D,
  state: 'parked' | 'dropped',
  error: string,
  entry: Entry,
  { store, onEnd }: Settling<D>,
): Promise<void> {
  const { required, jobId } = delivery;
  await store.saveDelivery(delivery, {
    delivery: { state, error },
    entries: [entry],
    wakesJob: required,
  });
  if (required) onEnd(jobId);
}
