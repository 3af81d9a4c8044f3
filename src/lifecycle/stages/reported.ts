// Waits until every delivery that the job needs was accepted, or dropped. That is the end.
import { MINUTE, type Clock } from '../../core/time.ts';
import { NOT_ENDED, type DeliveryRecord, type JobRecord, type Store } from '../../store/index.ts';
import type { Outcome, Stage } from '../model.ts';

/** What it uses. */
export type ReportedPorts = { store: Pick<Store, 'deliveries'>; now: Clock };

export const reported: Stage<ReportedPorts> = { run };

async function run(job: JobRecord, ports: ReportedPorts): Promise<Outcome> {
  const deliveries = await ports.store.deliveries(job.id);
  const open = deliveries.filter((d) => d.required && NOT_ENDED.some((state) => state === d.state));
  if (open.length === 0) return { kind: 'done' };
  const reason = open.map(whatOf).join('; ');
  const text = `to be delivered: ${reason}`;
  const code = open.some(({ state }) => state === 'parked') ? 'parked' : 'deliveries';
  return { kind: 'wait', until: ports.now() + 10 * MINUTE, reason: { code, text } };
}

function whatOf({ state, destination, kind, error }: DeliveryRecord): string {
  if (state === 'parked') return `${destination} refused ${kind}: ${error}`;
  return state === 'unconfigured' ? `${kind} to ${destination}: ${error}` : `${kind} to ${destination}`;
}
