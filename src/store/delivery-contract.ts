// What is to be sent for jobs, until it is accepted: the deliveries, as those see them who store and send them.
import type { Entry } from './job.ts';

export const DELIVERY_STATES = [
  'pending',
  /** Taken by the other side, not confirmed yet. */
  'submitted',
  /** Refused for good: an admin may send it again, or drop it. */
  'parked',
  /** Its destination is not in the configuration; it waits a while for it to come back. */
  'unconfigured',
  /** Accepted. */
  'done',
  /** Given up, for the reason in `error`. */
  'dropped',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The states of what the outbox has to do something for. */
export const TO_BE_SENT = ['pending', 'submitted'] as const satisfies readonly DeliveryState[];
/** The states of what has not ended: a job waits for its required deliveries in these. */
export const NOT_ENDED = [...TO_BE_SENT, 'parked', 'unconfigured'] as const;

interface Facts {
  id: number;
  jobId: string;
  destination: string;
  /** Distinguishes what goes to one destination for one job. */
  kind: string;
  /** Its job ends only when it has ended. */
  required: boolean;
  /** How many tries failed in a row. */
  tries: number;
  /** When it is looked at again (ms). */
  nextAt: number;
  createdAt: number;
}

/** One delivery, without its body. */
export type DeliveryRecord = Facts &
  (
    | { state: 'pending'; receipt: null; error: string | null; doneAt: null }
    /** `receipt`: what the other side gave to ask by. */
    | { state: 'submitted'; receipt: string; error: string | null; doneAt: null }
    | { state: 'unconfigured'; receipt: null; error: string; doneAt: null }
    | { state: 'parked' | 'dropped'; receipt: string | null; error: string; doneAt: number }
    | { state: 'done'; receipt: string | null; error: string | null; doneAt: number }
  );

/** A delivery that is due. Its body is read by itself, when it is its turn. */
export type DueDelivery = Extract<DeliveryRecord, { state: 'pending' | 'submitted' }>;

/** A delivery that is being sent. `body`: what was stored, JSON, parsed. */
export type SentDelivery = DueDelivery & { body: unknown };

export interface NewDelivery {
  destination: string;
  kind: string;
  /** Anything that JSON has. */
  body: unknown;
  required: boolean;
  /** Not to be sent before (ms); at once if it is not there. */
  notBefore?: number | undefined;
}

/** What becomes of a delivery. */
export type DeliveryStep =
  | { state: 'pending'; nextAt: number; tries: number; error: string | null }
  /** Failed, and to be tried again as it is. */
  | { state: 'same'; nextAt: number; tries: number; error: string }
  | { state: 'submitted'; receipt: string; nextAt: number }
  | { state: 'done'; error?: string }
  | { state: 'parked' | 'dropped'; error: string };

/** What changes together with a delivery, in one transaction. */
interface DeliveryChange {
  delivery: DeliveryStep;
  /** Deliveries that take this one's place. */
  instead?: readonly NewDelivery[];
  entries?: readonly Entry[];
  /** Its job, if it waits for its deliveries, is due now. */
  wakesJob?: boolean;
}

export interface DeliveryStore {
  /** The deliveries of a job, without their bodies, the oldest first. */
  deliveries(jobId: string): Promise<DeliveryRecord[]>;
  /** What is to be, or was, sent. undefined: there is no such delivery any more. Throws PermanentError `store` if it can't be read. */
  deliveryBody(id: number): Promise<unknown>;
  /**
   * Deliveries that are due, the oldest first; of each job the first alone, for they go in their order. One whose row can't be
   * read is parked (dropped, if no job waits for it) with that reason, and left out.
   */
  dueDeliveries(destination: string, now: number, limit: number): Promise<DueDelivery[]>;
  /** When the first of those that are not due at `now` will be (ms). */
  nextDelivery(destination: string, now: number): Promise<number | undefined>;
  /** False, and nothing is stored, if it is no longer in the state in which it was read. */
  saveDelivery(
    delivery: Pick<DeliveryRecord, 'id' | 'jobId' | 'destination' | 'state'>,
    change: DeliveryChange,
  ): Promise<boolean>;
  /** Makes all deliveries due now that failed before: their destination is back. */
  wakeDeliveries(destination: string): Promise<void>;
  /** How many deliveries that have not ended stand in each state, by destination. */
  deliveryCounts(): Promise<{ destination: string; state: DeliveryState; count: number }[]>;
  /**
   * Sets aside what has not ended and goes to none of these destinations, until `until` (ms) and for the reason
   * `error`; and what was set aside and goes to one of them is due again.
   */
  matchDestinations(configured: readonly string[], until: number, error: string): Promise<void>;
  /** What was set aside until `now`, the oldest first. */
  expiredDeliveries(now: number, limit: number): Promise<DeliveryRecord[]>;
}
