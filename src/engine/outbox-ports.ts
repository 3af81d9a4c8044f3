// What the outbox is given: deliveries, where they are stored, and where they go. It knows of them only what is here.
import type { Lease } from '../core/lease.ts';
import type { ReasonCode } from '../core/reason-codes.ts';
import type { Circuit } from './circuit.ts';

/** A delivery, as far as the outbox knows it; what is in it concerns its destination alone. */
export interface Delivery {
  id: number;
  jobId: string;
  destination: string;
  /** Distinguishes what goes to one destination for one job. */
  kind: string;
  /** Its job ends only when it has ended. */
  required: boolean;
  /** How many tries failed in a row. */
  tries: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Of the last try. */
  error: string | null;
}

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
  | { kind: 'instead'; parts: readonly { kind: string; body: unknown }[]; why: string };

/** Where deliveries go, as the outbox sees it. */
export interface OutboxDestination<Due extends Delivery> {
  /** Under this name its deliveries are stored. */
  name: string;
  /** `bestEffort`: what is refused, or not taken within a day, is dropped. */
  need: 'required' | 'bestEffort';
  /** Sends one delivery. Throws TemporaryError (it is tried again) or any other error (it is refused). */
  send: (delivery: Due & { body: unknown }) => Promise<Sent>;
  circuit: Circuit;
}

/** What changes together with a delivery, in one transaction. */
export interface OutboxChange {
  delivery:
    | { state: 'pending'; nextAt: number; tries: number; error: string | null }
    /** Failed, and to be tried again as it is. */
    | { state: 'same'; nextAt: number; tries: number; error: string }
    | { state: 'submitted'; receipt: string; nextAt: number }
    | { state: 'done'; error?: string }
    | { state: 'parked' | 'dropped'; error: string };
  /** Deliveries that take its place. */
  instead?: readonly (Pick<Delivery, 'destination' | 'kind' | 'required'> & { body: unknown })[];
  /** Lines for the timeline of its job. */
  entries?: readonly { kind: 'report' | 'error'; code: ReasonCode; text: string }[];
  /** Its job, if it waits for its deliveries, is due now. */
  wakesJob?: boolean;
}

/** Where deliveries are stored. */
export interface OutboxStore<Due extends Delivery, Expired extends Delivery> {
  /** What is decided is refused once this is lost. */
  readonly lease: Lease;
  /** Deliveries that are due, the oldest first; of each job the first alone. */
  dueDeliveries: (destination: string, now: number, limit: number) => Promise<Due[]>;
  /** What is to be sent of one delivery. Throws if it cannot be read. */
  deliveryBody: (id: number) => Promise<unknown>;
  /** When the first of those that are not due at `now` will be (ms). */
  nextDelivery: (destination: string, now: number) => Promise<number | undefined>;
  saveDelivery: (delivery: Due | Expired, change: OutboxChange) => Promise<unknown>;
  /** Sets aside, until `until` (ms) and for this reason, what goes to none of these destinations. */
  matchDestinations: (configured: readonly string[], until: number, error: string) => Promise<void>;
  /** What was set aside until `now`, the oldest first. */
  expiredDeliveries: (now: number, limit: number) => Promise<Expired[]>;
}
