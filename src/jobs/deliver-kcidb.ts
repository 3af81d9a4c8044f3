// Sends reports to KCIDB and follows each to the end: an accepted submission is only spooled, and KCIDB says later
// whether it took it. Resending is harmless: ids are stable, and KCIDB keeps the first value that it gets.
import { PermanentError } from '../base/errors.ts';
import { SECOND } from '../base/time.ts';
import type { KcidbSink } from '../kcidb/sink.ts';
import type { DeliveryRecord } from '../store/index.ts';
import type { Handler, Sent } from './outbox.ts';

const FIRST_LOOK = 2 * SECOND;
const LOOK_AGAIN = 30 * SECOND;

export function createKcidbHandler(sink: KcidbSink): Handler {
  return (delivery) => (delivery.receipt === null ? submit(sink, delivery) : follow(sink, delivery.receipt));
}

async function submit(sink: KcidbSink, delivery: DeliveryRecord): Promise<Sent> {
  const report: unknown = JSON.parse(delivery.body);
  if (typeof report !== 'object' || report === null)
    throw new PermanentError('kcidb_report', 'the report is no object');
  const { id } = await sink.submit(report);
  if (id === undefined || sink.status === undefined) return { kind: 'done' };
  return { kind: 'taken', receipt: id, afterMs: FIRST_LOOK };
}

async function follow(sink: KcidbSink, receipt: string): Promise<Sent> {
  const state = await sink.status?.(receipt);
  switch (state ?? 'processed') {
    case 'processed':
      return { kind: 'done', note: `submission ${receipt}` };
    case 'inprogress':
    case 'ready':
      return { kind: 'taken', receipt, afterMs: LOOK_AGAIN };
    case 'notfound':
      return { kind: 'anew', why: `KCIDB lost the submission ${receipt}` };
    case 'failed':
      throw new PermanentError(
        'kcidb_failed',
        `KCIDB could not take the submission ${receipt} (it tells no reason); the document is in the job's deliveries`,
      );
  }
}
