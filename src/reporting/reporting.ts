// What is to be sent because of an event in a job's life: each destination is asked for its part.
import type { Entry, NewDelivery } from '../store/index.ts';
import type { Destination } from './destinations/destination.ts';
import type { JobEvent } from './events.ts';

/** All destinations together. */
export interface Reporting {
  /** The deliveries for the outbox, and what goes into the job's timeline; to be stored together with the event. */
  reports: (event: JobEvent) => { deliveries: NewDelivery[]; entries: Entry[] };
}

/** Asks each destination for its reports on an event. */
export function createReporting(destinations: readonly Destination[]): Reporting {
  return {
    reports(event) {
      if (event.job.source === 'test') return { deliveries: [], entries: notReported(event) };
      const all = destinations.map((destination) => {
        const { deliveries, entries = [] } = destination.reports(event);
        const { name, need } = destination;
        return {
          deliveries: deliveries.map((d) => ({ ...d, destination: name, required: need === 'required' })),
          entries,
        };
      });
      return { deliveries: all.flatMap((r) => r.deliveries), entries: all.flatMap((r) => r.entries) };
    },
  };
}

function notReported({ kind }: JobEvent): Entry[] {
  if (kind !== 'judged') return [];
  return [{ kind: 'report', code: 'no_report', text: 'a test of our own: nothing is reported' }];
}
