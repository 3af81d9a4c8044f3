// What a destination of reports is. To add one: a module that makes one, and its line in table.ts.
import type { BridgeConfig } from '../../config/schema.ts';
import type { Clock } from '../../core/time.ts';
import type { Sent } from '../../engine/outbox-ports.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { OpenLogs } from '../../storage/open.ts';
import type { Blobs, SentDelivery, Entry, NewDelivery } from '../../store/index.ts';
import type { JobEvent } from '../events.ts';

/** What goes to a destination because of an event. */
export interface Reports {
  deliveries: Pick<NewDelivery, 'kind' | 'body' | 'notBefore'>[];
  /** For the job's timeline. */
  entries?: Entry[];
}

/** What a look at a destination found. `warning`: it works, and the admin should know. */
export interface Finding {
  state: 'ok' | 'warning' | 'failed';
  text: string;
}

/** A place that reports go to. */
export interface Destination {
  /** Under this name its deliveries are stored. */
  name: string;
  /** `required`: a job ends when its deliveries were accepted. `bestEffort`: no job waits, and what fails is dropped. */
  need: 'required' | 'bestEffort';
  /** What of an event is to be sent; `deliveries` are sent in their order, once each for a job and kind. */
  reports: (event: JobEvent) => Reports;
  /** Sends one delivery. Throws TemporaryError (it is tried again) or any other error (it is refused). */
  send: (delivery: SentDelivery) => Promise<Sent>;
  /** Looks whether it would take anything. Throws what the look throws. */
  check: () => Promise<Finding[]>;
}

/** What destinations are made of. */
export interface Parts {
  config: BridgeConfig;
  maestro: MaestroClient | undefined;
  logs: OpenLogs;
  blobs: Blobs;
  /** Made once per store; begins the marks that this instance puts on Maestro's nodes. */
  instanceId: string;
  now: Clock;
  /** How long what KCIDB took is left to it before it is asked about (ms); two seconds if it is not there. */
  kcidbFirstLook?: number | undefined;
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
}

/** Makes a destination, or says why the configuration has none. Throws BridgeError for a secret that is not there. */
export type OpenDestination = (parts: Parts) => Destination | { off: string };

export const NO_REPORTS: Reports = { deliveries: [] };
